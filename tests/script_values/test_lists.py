"""Pages of keys."""

import pytest

from aiwebengine.core.errors import BadUserInput
from aiwebengine.script_values import service
from aiwebengine.script_values.types import MOST_LISTED

KEYS = ["a", "a/1", "a/2", "a/\u00e9", "a0", "b", "\ud7ff/1", "\ue000", "\U0010ffff", "\U0010ffffx"]


@pytest.fixture
async def filled(values, shop):
    for key in reversed(KEYS):
        await values.set(shop, None, key, f'"{key}"')
    return shop


async def keys(values, script, prefix="", **more):
    """All keys with a prefix, page by page."""
    found, cursor = [], None
    while True:
        page = await values.page(script, None, prefix, after=cursor, **more)
        found += [item.key for item in page.items]
        cursor = page.cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
@pytest.mark.parametrize(
    "prefix", ["", "a", "a/", "b", "c", "\ud7ff", "\U0010ffff"], ids=[*"0123456"]
)
async def test_pages_have_all_keys_with_the_prefix_in_order(values, filled, prefix, limit):
    expected = [key for key in KEYS if key.startswith(prefix)]

    assert await keys(values, filled, prefix, limit=limit) == expected


async def test_values_are_read_only_when_asked_for(values, filled):
    without = await values.page(filled, None, "a/")
    with_values = await values.page(filled, None, "a/", with_values=True)

    assert [item.value for item in without.items] == [None] * 3
    assert [item.value for item in with_values.items] == ['"a/1"', '"a/2"', '"a/\u00e9"']
    assert [item.size for item in without.items] == [8, 8, 10]


async def test_a_page_of_large_values_is_shorter(values, shop, monkeypatch):
    monkeypatch.setattr(service, "LARGEST_PAGE_BYTES", 250)
    for number in range(5):
        await values.set(shop, None, f"k{number}", '"' + "x" * 97 + '"')

    page = await values.page(shop, None, with_values=True)

    assert [item.key for item in page.items] == ["k0", "k1"]
    assert page.cursor == "k1"
    assert await keys(values, shop, with_values=True) == [f"k{number}" for number in range(5)]


@pytest.mark.parametrize("limit", [0, -1, MOST_LISTED + 1])
async def test_an_impossible_limit_is_refused(values, shop, limit):
    with pytest.raises(BadUserInput, match="limit: found"):
        await values.page(shop, None, limit=limit)
