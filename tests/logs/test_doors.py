"""The log through GraphQL, as a download and at the command line."""

import asyncio
import json
import logging
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from tests import commands
from tests.conftest import free_port, serving
from tests.logs.conftest import DAY, line, logging_to

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Config, Logging, Repository
from aiwebengine.core.errors import BadUserInput, Forbidden, NotFound
from aiwebengine.core.identity import Role, Scope, operator
from aiwebengine.logs import tail
from aiwebengine.logs.search import Matcher, newest
from aiwebengine.logs.types import LogFilter, LogLevel

OPERATOR = operator("tests")
PAGE = """query ($first: Int, $after: String, $filter: LogFilter) {
  logEntries(first: $first, after: $after, filter: $filter) {
    totalCount searchedBackTo pageInfo { hasNextPage hasPreviousPage endCursor }
    nodes { id at level event requestId fields line skippedBefore }
  }
}"""


@pytest.fixture
async def engine(url, tmp_path, log):
    """An engine whose log is this test's."""
    repository = Repository(max_connections=20, data_dir=tmp_path)
    config = Config(repository=repository, logging=Logging(file=log)).at_port(free_port())
    engine = Engine(config, url)
    await engine.prepare()
    yield engine
    await engine.db.disconnect()


@pytest.fixture
async def served(engine):
    """It listens."""
    async with serving(engine) as served:
        yield served


async def listed(ask, viewer, **variables):
    return (await ask(viewer, PAGE, **variables))["data"]["logEntries"]


async def test_pages_hold_every_line_once_and_count_when_asked(ask, ada, write):
    write("2026-01-31", [line(number) for number in range(7)])
    write("", [line(number, level="error", colour="red") for number in range(7, 10)])

    first = await listed(ask, ada, first=4)
    second = await listed(ask, ada, first=4, after=first["pageInfo"]["endCursor"])
    third = await listed(ask, ada, first=4, after=second["pageInfo"]["endCursor"])

    pages = [first, second, third]
    assert [node["requestId"] for page in pages for node in page["nodes"]] == [
        f"r{number}" for number in range(9, -1, -1)
    ]
    assert [page["pageInfo"]["hasNextPage"] for page in pages] == [True, True, False]
    assert {page["totalCount"] for page in pages} == {10}
    assert first["nodes"][0]["fields"] == {"colour": "red"}
    assert first["nodes"][0]["level"] == "ERROR"
    assert first["searchedBackTo"] is None


async def test_a_search_cut_short_can_be_taken_up_again(ask, ada, write, monkeypatch):
    monkeypatch.setattr("aiwebengine.logs.search.deadline", lambda: lambda: True)
    monkeypatch.setattr("aiwebengine.logs.files.BLOCK_BYTES", 1_000)
    write("", [line(number) for number in range(100)])
    wanted = {"requestId": "r0"}

    found, pages, after = [], 0, None
    while pages == 0 or after:
        page = (await ask(ada, PAGE.replace("totalCount", ""), after=after, filter=wanted))["data"][
            "logEntries"
        ]
        assert (page["searchedBackTo"] is None) is not page["pageInfo"]["hasNextPage"]
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None
        pages += 1

    assert [node["requestId"] for node in found] == ["r0"]
    assert pages > 3


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"first": 0}, "first: found 0; allowed: 1 to 200."),
        ({"first": 201}, "first: found 201; allowed: 1 to 200."),
        ({"after": "x"}, "after: this is not a cursor of this list."),
        ({"filter": {"upToId": "x"}}, "filter.upToId: 'x' is not the ID of a log line."),
        ({"filter": {"since": "2026-01-31T00:00:00"}}, "has no time zone"),
    ],
)
async def test_bad_input_is_refused_with_its_name(ask, ada, variables, said):
    (error,) = (await ask(ada, PAGE, **variables))["errors"]

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert said in error["message"]


async def test_a_cursor_of_another_filter_is_refused(ask, ada, write):
    write("", [line(number) for number in range(3)])
    page = await listed(ask, ada, first=1)

    body = await ask(ada, PAGE, after=page["pageInfo"]["endCursor"], filter={"text": "x"})

    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_link_leads_to_its_line_and_says_when_it_is_gone(engine, ada, write):
    path = write("2026-01-31", [line(number) for number in range(5)])
    logs = engine.services.logs
    third = (await logs.page(ada, LogFilter(), None, 10)).entries[2].id

    page = await logs.page(ada, LogFilter(up_to_id=third), None, 10)
    path.unlink()

    assert [entry.request_id for entry in page.entries] == ["r2", "r1", "r0"]
    with pytest.raises(NotFound):
        await logs.page(ada, LogFilter(up_to_id=third), None, 10)
    with pytest.raises(BadUserInput):
        await logs.page(ada, LogFilter(up_to_id="../../etc/passwd"), None, 10)


async def test_errors_since_an_instant_are_counted(engine, ada, write):
    write("", [line(number, level="error" if number % 2 else "info") for number in range(10)])

    wanted = LogFilter(level=LogLevel.ERROR, since=DAY + timedelta(seconds=4))

    assert await engine.services.logs.count(ada, wanted) == 3


async def test_only_an_administrator_reads_the_log(engine, edith, alan):
    logs = engine.services.logs
    for viewer in (edith, alan):
        with pytest.raises(Forbidden):
            await logs.page(viewer, LogFilter(), None, 1)
        with pytest.raises(Forbidden):
            await logs.count(viewer, LogFilter())
        with pytest.raises(Forbidden):
            await anext(logs.lines(viewer, LogFilter()))


@pytest.fixture
async def client(served, add_served_person, write):
    """Asks as an administrator's token; there are 2,500 lines."""
    write("2026-01-31", [line(number, path=f"/p/{number % 2}") for number in range(2_500)])
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    headers = {"Authorization": f"Bearer {await served.token(ada)}"}
    async with httpx2.AsyncClient(base_url=served.base, headers=headers) as client:
        yield client


async def test_the_download_holds_what_the_filter_lets_through(client):
    everything = await client.get("/api/engine/admin/logs")
    half = await client.get("/api/engine/admin/logs?path=/p/1&since=2026-01-31T00:00:10Z")
    text = await client.get("/api/engine/admin/logs?format=text&request=r7")

    lines = [json.loads(one) for one in everything.text.splitlines()]
    assert [one["request_id"] for one in lines] == [f"r{number}" for number in range(2_499, -1, -1)]
    assert len(half.text.splitlines()) == 1_245
    assert text.text == "2026-01-31T00:00:07+00:00 info     request path=/p/1 request_id=r7\n"
    assert everything.headers["content-type"] == "application/x-ndjson"
    assert ".ndjson" in everything.headers["content-disposition"]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("format=pdf", "format: found 'pdf'; allowed: ndjson, text."),
        ("level=loud", "level: found 'loud'; allowed: DEBUG, INFO"),
        ("since=today", "since: found 'today'"),
        ("colour=red", "colour: unknown; known: format, level, path"),
    ],
)
async def test_a_download_of_something_else_is_refused(client, asked, said):
    answer = await client.get(f"/api/engine/admin/logs?{asked}")

    assert answer.status_code == 422
    assert said in answer.json()["detail"]


async def come(lines, number):
    """So many lines, as they come."""
    async with asyncio.timeout(20):
        return [await anext(lines) for _ in range(number)]


async def following(engine, viewer, **wanted):
    """Follow, and be sure of it: what is written from now on comes."""
    lines = engine.services.following_logs.entries(viewer, LogFilter(**wanted))
    coming = asyncio.ensure_future(anext(lines))
    while not coming.done():
        logging.getLogger("tests").error("probe", extra={"request_id": "probe"})
        await asyncio.sleep(0.1)
    return lines


async def events_of(lines, event):
    """Only the lines of this event, without end."""
    async for entry in lines:
        if entry.event == event:
            yield entry


async def test_new_lines_come_over_the_end_of_a_file(served, engine, add_served_person, log):
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    say = logging.getLogger("tests").info
    with logging_to(log):
        lines = await following(engine, ada)
        wanted = events_of(lines, "thing")
        say("thing", extra={"request_id": "one"})
        log.rename(log.with_name("engine.log.2026-01-31"))
        say("thing", extra={"request_id": "two"})
        found = await come(wanted, 2)
        await wanted.aclose()
        await lines.aclose()

    assert [entry.request_id for entry in found] == ["one", "two"]
    page = await engine.services.logs.page(ada, LogFilter(text='"thing"'), None, 10)
    assert [entry.id for entry in page.entries] == [entry.id for entry in reversed(found)]


async def test_a_stream_faster_than_its_reader_says_how_many_were_skipped(
    served, engine, add_served_person, log, monkeypatch
):
    monkeypatch.setattr(tail, "MOST_WAITING", 10)
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    say = logging.getLogger("tests").info
    with logging_to(log):
        lines = await following(engine, ada, text='"logger":"tests"')
        for number in range(100):
            say("counted", extra={"number": number})
        await asyncio.sleep(1)
        found = await come(lines, 10)
        await lines.aclose()

    assert [entry.fields["number"] for entry in found] == list(range(90, 100))
    # Those of the beginning, too.
    assert found[0].skipped_before >= 90
    assert {entry.skipped_before for entry in found[1:]} == {0}


async def test_following_ends_within_a_second_of_losing_the_right(
    served, engine, add_served_person, log
):
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    eve = await add_served_person("eve", Role.ADMINISTRATOR)
    session = await engine.services.sessions.begin(eve, eve.id, eve.label, "link")
    viewer = await engine.services.callers.by_session(session.secret, eve.origin)
    with logging_to(log):
        lines = await following(engine, viewer)
        await engine.services.users.revoke_role(ada, eve.id, Role.ADMINISTRATOR)
        began = time.monotonic()
        with pytest.raises(Forbidden):
            await come(lines, 1_000)

    # Generous: it is a second on a machine that has time.
    assert time.monotonic() - began < 10
    assert not engine.tail._followers


async def test_a_token_for_reading_is_enough_and_nobody_is_followed_for_nothing(engine, ada):
    assert ada.scopes >= {Scope.READ}
    assert not engine.tail._has_followers.is_set()


@pytest.fixture
def run(tmp_path, log):
    """Run a command on this test's log, without any database."""

    def run(*arguments, code=0):
        done = commands.run(
            "logs",
            *arguments,
            cwd=tmp_path,
            env={
                **os.environ,
                "APP_LOGGING__FILE": str(log),
                "APP_REPOSITORY__DATABASE_URL": "postgresql://nobody@localhost:1/nothing",
            },
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout if code == 0 else done.stderr

    return run


def test_the_command_line_prints_the_newest_lines_the_newest_last(run, write):
    write("2026-01-31", [line(1), line(2, level="error")])
    write("", [line(3)])

    assert [json.loads(one)["request_id"] for one in run("tail", "--json").splitlines()] == [
        "r1",
        "r2",
        "r3",
    ]
    assert run("tail", "-n", "1").endswith("request request_id=r3\n")
    assert len(run("tail", "--level", "warning").splitlines()) == 1


def test_the_command_line_finds_lines_without_engine_or_database(run, write):
    write("2026-01-31", [line(number, user_id=f"u{number % 3}") for number in range(700)])

    assert run("search", "--request-id", "r5").count("\n") == 1
    assert run("search", "R699").startswith("2026-01-31T00:11:39+00:00 info")
    assert len(run("search", "--user", "u1", "--limit", "1000").splitlines()) == 233
    assert len(run("search", "--since", "2026-01-31T00:11:30Z").splitlines()) == 10
    assert len(run("search").splitlines()) == 100
    assert run("search", "nothing at all") == ""
    assert "is not a time" in run("search", "--since", "soon", code=2)


def test_a_search_says_when_nothing_was_found_and_when_it_stopped(tmp_path, log, write):
    write("", [line(number, level="error") for number in range(5)])

    def said(*arguments, code=0):
        env = {**os.environ, "APP_LOGGING__FILE": str(log)}
        done = commands.run("logs", *arguments, cwd=tmp_path, env=env)
        assert done.returncode == code, done.stderr
        return done.stdout.count("\n"), done.stderr

    assert said("search", "--level", "err") == (5, "")
    assert said("search", "--level", "WARN") == (5, "")
    assert said("search", "--limit", "5") == (5, "")
    stopped = "Printed the first 4 matching lines. Use a higher --limit to see more.\n"
    assert said("search", "--limit", "4", "--json") == (4, stopped)
    assert said("search", "no such text") == (0, "No matching lines.\n")
    assert said("search", "--since", "today") == (0, "No matching lines.\n")
    assert said("tail", "--level", "crit") == (0, "No matching lines.\n")
    assert (
        "--since (1h) must be before --until (2h)"
        in said("search", "--since", "1h", "--until", "2h", code=2)[1]
    )


def test_today_and_yesterday_begin_at_midnight_of_this_machine(tmp_path, log, write):
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    moments = [now, midnight - timedelta(minutes=1), midnight - timedelta(days=1, minutes=1)]
    lines = [line(0).replace(b"2026-01-31T00:00:00.000000", _as_stored(at)) for at in moments[::-1]]
    write("", lines)

    def found(*arguments):
        env = {**os.environ, "APP_LOGGING__FILE": str(log), "TZ": "UTC"}
        done = commands.run("logs", "search", *arguments, cwd=tmp_path, env=env)
        return done.stdout.count("\n")

    assert found("--since", "today") == 1
    assert found("--since", "yesterday") == 2
    assert found("--since", "yesterday", "--until", "today") == 1


def _as_stored(at):
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}".encode()


def test_a_trace_is_printed_line_by_line_with_hidden_characters_escaped(run, write):
    write("", [line(1, exception='Traceback:\n  File "x"\x1b[2J\nError: \u202e')])

    assert run("tail").splitlines()[1:] == [
        "    Traceback:",
        '      File "x"\\x1b[2J',
        "    Error: \\u202e",
    ]


async def test_a_range_that_is_empty_is_refused_in_words(ask, ada):
    asked = {"since": "2026-02-01T00:00:00Z", "until": "2026-01-31T00:00:00Z"}

    answer = await ask(ada, PAGE, filter=asked)

    assert "must be before filter.until" in answer["errors"][0]["message"]


def test_the_command_line_follows(tmp_path, log, write):
    write("", [line(1)])
    process = subprocess.Popen(
        [sys.executable, "-m", "aiwebengine", "logs", "tail", "--follow", "--json"],
        cwd=tmp_path,
        env={**os.environ, "APP_LOGGING__FILE": str(log)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert json.loads(process.stdout.readline())["request_id"] == "r1"
        with log.open("ab") as file:
            file.write(line(2))
        assert json.loads(process.stdout.readline())["request_id"] == "r2"
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def test_the_command_line_prunes_and_says_so_before(run, write, log):
    old = write("2020-01-31", [line(1)])
    os.utime(old, (1_000_000_000, 1_000_000_000))
    write("2026-01-30", [line(2)])
    write("", [line(3)])

    planned = json.loads(run("prune", "--older-than", "30d", "--dry-run", "--json"))
    assert old.exists()
    told = run("prune", "--older-than", "30d")

    assert planned["removed"] == [str(old)]
    assert planned["freed_bytes"] == len(line(1))
    assert f"Removed: {old}" in told
    assert sorted(path.name for path in log.parent.glob("engine*")) == [
        "engine.log",
        "engine.log.2026-01-30.gz",
    ]
    assert run("prune") == "Nothing to do.\n"
    assert "not a duration" in run("prune", "--older-than", "old", code=2)


def test_a_line_from_outside_can_not_forge_another_or_steer_a_terminal(run, write):
    write("", [line(1, path="/x\n2026-01-31 info forged\x1b[2J")])

    told = run("tail")

    assert len(told.splitlines()) == 1
    assert "\x1b" not in told


def test_newest_of_nothing_is_nothing(log):
    assert newest(log, Matcher(LogFilter()), 5).entries == []
