"""The logs of scripts."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from aiwebengine.core.errors import BadUserInput
from aiwebengine.scripts.log_types import LogLevel, NewLogLine, ScriptLogFilter

NOW = datetime.now(UTC)


@pytest.fixture
async def shop(scripts, edith):
    return await scripts.create(edith, "shop")


def line(script, text, level=LogLevel.INFO, **others):
    return NewLogLine(script.key, 1, NOW, level, text, **others)


async def texts(scripts, viewer, wanted=None, before=None, first=10):
    found = await scripts.log(viewer, "shop", wanted or ScriptLogFilter(), before, first)
    return [one.text for one in found]


async def test_lines_come_newest_first_and_continue_before_a_number(scripts, shop, edith):
    await scripts.write_log([line(shop, str(number)) for number in range(5)])

    first = await scripts.log(edith, "shop", ScriptLogFilter(), None, 2)
    rest = await texts(scripts, edith, before=first[1].number)

    assert [one.text for one in first] == ["4", "3", "2"]
    assert rest == ["2", "1", "0"]
    assert await scripts.count_log(edith, "shop", ScriptLogFilter()) == 5


async def test_lines_are_found_by_text_level_request_and_version(scripts, shop, edith):
    place = {"file": "main.ts", "line": 3, "column": 7}
    await scripts.write_log(
        [
            line(shop, "100% Ready", LogLevel.DEBUG),
            line(shop, "odd", LogLevel.WARN, request_id="one"),
            line(shop, "failed", LogLevel.ERROR, request_id="two", route="GET /", **place),
        ]
    )

    async def found(**wanted):
        return await texts(scripts, edith, ScriptLogFilter(**wanted))

    assert await found(search="0% rEADY") == ["100% Ready"]
    assert await found(search="%") == ["100% Ready"]
    assert await found(level=LogLevel.WARN) == ["failed", "odd"]
    assert await found(request_id="one") == ["odd"]
    assert await found(version=2) == []
    [stored] = await scripts.log(edith, "shop", ScriptLogFilter(request_id="two"), None, 1)
    assert (stored.file, stored.line, stored.column, stored.route) == ("main.ts", 3, 7, "GET /")
    with pytest.raises(BadUserInput, match="search"):
        await found(search="x" * 201)


async def test_lines_of_a_script_that_is_gone_are_left_out(scripts, shop, edith):
    gone = NewLogLine(uuid4(), 1, NOW, LogLevel.INFO, "lost")

    await scripts.write_log([gone, line(shop, "kept")])
    await scripts.write_log([])

    assert await texts(scripts, edith) == ["kept"]


async def test_text_that_can_not_be_stored_does_not_lose_the_line(scripts, shop, edith):
    await scripts.write_log([line(shop, "a\0b\ud800c"), line(shop, "x" * 20_000)])

    long, odd = await texts(scripts, edith)
    assert odd == "a\ufffdb?c"
    assert (len(long), long[-1]) == (10_000, "…")


async def test_old_lines_are_removed(scripts, shop, edith):
    old = NewLogLine(shop.key, 1, NOW - timedelta(days=15), LogLevel.INFO, "old")
    await scripts.write_log([old, line(shop, "new")])

    assert await scripts.remove_old() == (0, 1)

    assert await texts(scripts, edith) == ["new"]
