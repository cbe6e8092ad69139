"""What lies in the log's folder may be anything: a bad line or file hides no good one."""

import gzip
import json
import logging
import os
import socket
import struct
import tracemalloc
from datetime import timedelta

import httpx2
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests import commands
from tests.conftest import free_port, serving
from tests.logs.conftest import DAY, line, logging_to

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Config, Logging, Repository
from aiwebengine.core.identity import Role
from aiwebengine.logs import files
from aiwebengine.logs.files import compress, stored_files, unreadable
from aiwebengine.logs.keeping import tidy
from aiwebengine.logs.lines import DAMAGED, entry_of, fields_of
from aiwebengine.logs.search import Matcher, count, newest
from aiwebengine.logs.tail import NewLines
from aiwebengine.logs.text import as_text
from aiwebengine.logs.types import LogFilter, LogLevel

NESTED = orjson.loads(b'{"a":' * 200 + b"1" + b"}" * 200)
TIMES = ["2026-13-45T99:99:99.000000Z", "0000-00-00T00:00:00.000000Z", "soon", 1, None, [], {}]
FIELDS = [
    {name: value}
    for name in ("status", "ms", "path", "logger", "method", "user_id", "request_id", "event")
    for value in ("ok", 99_999_999_999, -1, 1e300, True, None, ["a"], {"b": 1}, NESTED)
] + [{"level": value} for value in ("loud", 7, None, ["info"], {"info": 1}, NESTED)]
LIST = """{ logEntries {
  totalCount
  nodes { id at level event logger requestId userId method path status ms fields line }
} }"""

anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(
    [
        *("level", "event", "logger", "request_id", "user_id", "method", "path", "status", "ms"),
        *("exception", "fields", "timestamp", "line"),
    ]
)
times = st.one_of(
    st.just("2026-01-31T00:00:00.000000Z"),
    st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", fullmatch=True),
)


@st.composite
def stored(draw):
    """A line that looks like one of ours, with anything in its fields."""
    level = draw(st.sampled_from(["info", "error", "loud"]) | anything)
    fields = {"timestamp": draw(times), "level": level, "event": draw(anything)}
    fields |= draw(st.dictionaries(names | st.text(), anything))
    fields["timestamp"] = draw(times)
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )


@settings(deadline=None)
@given(stored() | st.binary())
def test_any_line_is_an_entry_of_the_right_kinds_or_is_passed_over(text):
    fields = fields_of(text)
    if fields is None:
        return

    entry = entry_of(fields, text, "0" * 16, 0)

    texts = (entry.logger, entry.request_id, entry.user_id, entry.method, entry.path)
    assert all(value is None or isinstance(value, str) for value in texts)
    assert isinstance(entry.event, str)
    assert entry.status is None or 0 <= entry.status < 1_000
    assert entry.ms is None or abs(entry.ms) < float("inf")
    orjson.dumps(entry.fields)
    as_text(entry)


@settings(deadline=None, max_examples=50)
@given(st.lists(stored() | st.binary(), max_size=5))
def test_no_line_keeps_a_filter_from_its_work(tmp_path_factory, lines):
    log = tmp_path_factory.mktemp("logs") / "engine.log"
    log.write_bytes(b"\n".join(one.replace(b"\n", b" ") for one in [line(1)[:-1], *lines, b""]))
    new = NewLines(log)

    for asked in (
        LogFilter(),
        LogFilter(level=LogLevel.INFO, path="/", text="a", user_id="u"),
        LogFilter(since=DAY - timedelta(days=1), until=DAY + timedelta(days=1)),
    ):
        newest(log, Matcher(asked), 100)
        count(log, Matcher(asked), is_over=lambda: False)
    found = newest(log, Matcher(LogFilter(request_id="r1")), 1).entries
    new.close()

    assert [entry.request_id for entry in found] == ["r1"]


@pytest.fixture
def damaged(write):
    """A log with a good line before, between and behind bad ones."""
    bad_times = [orjson.dumps({"timestamp": at, "level": "info", "event": "x"}) for at in TIMES]
    bad = [one + b"\n" for one in bad_times] + [line(2, **fields) for fields in FIELDS]
    return write("", [line(1), *bad, b"\0\xff\n", b"[" * 5_000 + b"\n", line(3)])


@pytest.fixture
async def engine(url, tmp_path, log):
    """An engine whose log this is."""
    repository = Repository(max_connections=20, data_dir=tmp_path)
    engine = Engine(
        Config(repository=repository, logging=Logging(file=log)).at_port(free_port()), url
    )
    await engine.prepare()
    yield engine
    await engine.db.disconnect()


async def test_the_list_shows_every_good_line_beside_damaged_ones(ask, ada, damaged):
    answer = await ask(ada, LIST)

    assert "errors" not in answer
    nodes = answer["data"]["logEntries"]["nodes"]
    assert [nodes[0]["requestId"], nodes[-1]["requestId"]] == ["r3", "r1"]
    by_fields = [node for node in nodes if node["fields"].get("status") == "ok"]
    assert [node["status"] for node in by_fields] == [None]
    assert DAMAGED in {node["event"] for node in nodes}


async def test_the_download_holds_every_good_line_beside_damaged_ones(engine, add_person, damaged):
    ada = await add_person("ada", Role.ADMINISTRATOR)
    async with serving(engine) as served, httpx2.AsyncClient(base_url=served.base) as client:
        headers = {"Authorization": f"Bearer {await served.token(ada)}"}
        for kind in ("text", "ndjson"):
            answer = await client.get(
                f"/api/engine/admin/logs?format={kind}&until=2026-02-01T00:00:00Z", headers=headers
            )

            assert answer.status_code == 200
            assert "r1" in answer.text.splitlines()[-1]


@pytest.mark.parametrize("arguments", [["tail", "-n", "1000"], ["search", "--limit", "1000"]])
def test_the_commands_print_every_good_line_beside_damaged_ones(tmp_path, log, damaged, arguments):
    env = {**os.environ, "APP_LOGGING__FILE": str(log)}

    done = commands.run("logs", *arguments, cwd=tmp_path, env=env)

    assert (done.returncode, done.stderr) == (0, "")
    assert "request_id=r1" in done.stdout
    assert "request_id=r3" in done.stdout


def test_one_wrong_clock_hides_no_other_line(log, write, monkeypatch):
    monkeypatch.setattr(files, "BLOCK_BYTES", 1_000)
    lines = [line(number) for number in range(400)]
    for number in range(50, 400, 23):
        year = b"1999" if number % 2 else b"2099"
        lines[number] = lines[number].replace(b"2026", year, 1)
    write("", lines)
    asked = LogFilter(since=DAY + timedelta(seconds=1), until=DAY + timedelta(seconds=399))

    found = newest(log, Matcher(asked), 1_000).entries

    assert len(found) == 398 - len(range(50, 400, 23))


@pytest.mark.parametrize("damage", ["cut", "spoilt", "claims too much"])
def test_a_torn_archive_gives_what_is_left_of_it(log, write, monkeypatch, damage):
    monkeypatch.setattr(files, "MEMBER_BYTES", 2_000)
    write("2026-01-31", [line(number) for number in range(100)])
    write("", [line(200)])
    packed = compress(stored_files(log)[1])
    content = packed.read_bytes()
    if damage == "cut":
        packed.write_bytes(content[:-40])
    elif damage == "spoilt":
        half = len(content) // 2
        packed.write_bytes(content[:half] + b"\xff" * 60 + content[half + 60 :])
    else:
        packed.write_bytes(content[:20] + b"\xff\xff\xff\xff" + content[24:])

    found = newest(log, Matcher(LogFilter()), 1_000).entries

    assert found[0].request_id == "r200"
    assert found[-1].request_id == "r0" or damage == "claims too much"
    assert len(found) > 40 or damage == "claims too much"


@pytest.mark.parametrize("claim", [64 << 20, 2 << 20])
def test_a_forged_member_of_some_bytes_is_not_padded_to_what_it_claims(log, write, claim):
    write("2026-01-31", [line(0)])
    write("", [line(200)])
    packed = compress(stored_files(log)[1])
    content = packed.read_bytes()
    packed.write_bytes((content[:20] + struct.pack("<I", claim) + content[24:]) * 2)

    tracemalloc.start()
    found = newest(log, Matcher(LogFilter()), 1_000).entries
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert found[0].request_id == "r200"
    assert peak < claim


def test_a_foreign_archive_that_is_torn_gives_what_is_left_of_it(log, write):
    path = write("2026-01-31", [line(number) for number in range(5_000)])
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes())[:-2_000])
    path.unlink()

    assert newest(log, Matcher(LogFilter()), 1, start=None).entries


@pytest.mark.parametrize("suffix", [".2026-01-31", ".2026-01-31.gz", ".2026-99-99.7"])
@pytest.mark.parametrize("kind", ["folder", "loop", "dangling", "pipe", "socket", "no right"])
def test_other_paths_with_the_name_of_a_log_file_are_skipped_and_reported(log, write, suffix, kind):
    write("2026-01-30", [line(1)])
    write("", [line(2)])
    strange = log.with_name(f"{log.name}{suffix}")
    match kind:
        case "folder":
            strange.mkdir()
        case "loop":
            strange.symlink_to(strange.name)
        case "dangling":
            strange.symlink_to("nowhere")
        case "pipe":
            os.mkfifo(strange)
        case "socket":
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(str(strange))
        case "no right":
            strange.write_bytes(line(9))
            strange.chmod(0)
            if os.access(strange, os.R_OK):
                # Root may read anything.
                return

    found = [entry.request_id for entry in newest(log, Matcher(LogFilter()), 10).entries]
    done = tidy(log, 1e9, packs=True)

    assert found == ["r2", "r1"]
    assert unreadable(log) == [strange]
    assert log.with_name(f"{log.name}.2026-01-30") in done.compressed


def test_a_file_of_another_age_hides_no_line_of_a_search_by_time(log, write):
    write("2026-01-31", [line(number) for number in range(10)])
    odd = write("9999-99-99", [line(50)])
    os.utime(odd, (0, 0))

    found = newest(log, Matcher(LogFilter(since=DAY)), 100).entries

    assert len(found) == 10


def test_following_survives_a_folder_in_the_logs_place_and_an_emptied_file(log, write):
    log.mkdir(parents=True)
    new = NewLines(log)
    assert new.read() == (0, [])
    log.rmdir()

    write("", [line(1), line(2)])
    first = [told for _, told in new.read()[1]]
    # As logrotate's `copytruncate` does it.
    os.truncate(log, 0)
    with log.open("ab") as file:
        file.write(line(3))
    second = [told for _, told in new.read()[1]]
    new.close()

    assert first == [line(1)[:-1], line(2)[:-1]]
    assert second == [line(3)[:-1]]


@pytest.mark.parametrize(
    "content", [b"", b"soon", b"-1", b"\xff\xfe", b"9" * 400, b"99999999999999", b"1"]
)
def test_lines_are_written_with_any_content_of_the_lock_file(log, content):
    log.parent.mkdir()
    log.with_name(f".__{log.stem}.lock").write_bytes(content)

    with logging_to(log):
        logging.getLogger("aiwebengine").warning("written")

    assert b'"event":"written"' in log.read_bytes()


def test_a_folder_in_the_place_of_log_and_lock_fails_no_caller(log, capsys):
    log.mkdir(parents=True)
    log.with_name(f".__{log.stem}.lock").mkdir()

    with logging_to(log, format="json"):
        logging.getLogger("aiwebengine").warning("written")

    told = capsys.readouterr().err
    assert '"event":"written"' in told
    assert "log.file_failed" in told


def test_a_folder_in_the_place_of_an_archive_holds_up_no_other(log, write):
    write("2026-01-30", [line(1)])
    write("2026-01-31", [line(2)])
    write("", [line(3)])
    # Where the compressed one has to go.
    in_the_way = log.with_name(f"{log.name}.2026-01-31.gz")
    in_the_way.mkdir()

    done = tidy(log, 1e9, packs=True)

    assert [path.name for path in done.compressed] == ["engine.log.2026-01-30"]
    assert [path.name for path, _ in done.failed] == ["engine.log.2026-01-31"]
