"""What gets into the file, and what becomes of it when it can't be written."""

import gzip
import io
import logging
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime
from uuid import UUID

import orjson
import pytest
from tests.logs.conftest import logging_to, told

from aiwebengine.core.identity import Role
from aiwebengine.logs import rotation
from aiwebengine.logs.files import compress, stored_files
from aiwebengine.logs.keeping import days, tidy
from aiwebengine.logs.redaction import LONGEST_TEXT, redacted, redacted_line
from aiwebengine.logs.rotation import PERIODS, Period

log_ = logging.getLogger("aiwebengine.tests")


class DriversId(UUID):
    """As the database's driver makes them."""


def at(*parts):
    return datetime(*parts, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("word", "end"),
    [("hourly", at(2026, 1, 30, 14)), ("daily", at(2026, 1, 31)), ("weekly", at(2026, 2, 2))],
)
def test_a_period_ends_on_the_hour_at_midnight_and_on_monday(word, end):
    friday = at(2026, 1, 30, 13, 37, 12)

    assert PERIODS[word].end_after(friday) == end
    assert PERIODS[word].end_after(end) > end


def test_the_file_is_json_and_the_console_has_the_configured_format(log, capsys):
    with logging_to(log, format="pretty"):
        log_.warning("thing.happened", extra={"colour": "pale\nblue", "nothing": None})

    (line,) = told(log)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "warning",
        "event": "thing.happened",
        "logger": "aiwebengine.tests",
        "colour": "pale\nblue",
    }
    assert "colour='pale\\nblue'" in capsys.readouterr().err


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_console_that_nobody_chose_a_format_for_is_json_unless_it_is_a_terminal(
    log, monkeypatch, is_terminal
):
    console = io.StringIO()
    console.isatty = lambda: is_terminal
    monkeypatch.setattr(sys, "stderr", console)

    with logging_to(log):
        log_.info("thing.happened")

    assert console.getvalue().startswith("{") is not is_terminal


def test_a_trace_is_one_line_with_no_secret_in_it(log):
    with logging_to(log):
        try:
            raise ValueError("refused: Bearer abcdefghijklmnop")
        except ValueError:
            log_.exception("thing.broke")

    (line,) = told(log)
    assert "Traceback" in line["exception"]
    assert "abcdefghijklmnop" not in log.read_text()


@pytest.mark.parametrize(
    "text",
    [
        "awe_0123456789abcdefghijklmnopqrstuvwxyzABCDEF",
        "Authorization: Bearer c2VjcmV0LXNlY3JldA==",
        "GET /auth/link?token=c2VjcmV0LXNlY3JldA HTTP/1.1",
        "cookie: aiwebengine_session=c2VjcmV0LXNlY3JldA; other=1",
        "__Host-aiwebengine_session=c2VjcmV0LXNlY3JldA",
        "/auth/callback/x?code=c2VjcmV0LXNlY3JldA&state=c2VjcmV0LXNlY3JldA",
        "postgresql://engine:c2VjcmV0LXNlY3JldA@db:5432/engine",
    ],
)
def test_a_text_that_holds_a_secret_loses_it(text):
    found = redacted(text, "message")

    assert "c2VjcmV0LXNlY3JldA" not in found
    assert "0123456789" not in found


@pytest.mark.parametrize(
    "key", ["password", "client_secret", "api_key", "Authorization", "cookies", "variables"]
)
def test_what_is_called_a_secret_is_hidden_at_any_depth(key):
    found = redacted({"outer": [{key: {"inner": ["hunter2", b"hunter2", 7]}}]})

    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    "value",
    [
        "plain", "x=1", "state=0123456789", "awe_0123456789abc", "AWE_0123456789abc", "bearer",
        "Basic c2VjcmV0LXNlY3JldA", "postgresql://a:b@c", "//a:b@c", "ä\n\"\\", "x" * LONGEST_TEXT,
        "x" * (LONGEST_TEXT + 1), 7, 7.5, True, None, UUID(int=7), DriversId(int=7),
        datetime.now(UTC), b"state=0123456789", ["a", UUID(int=7)], ["a", ["state=0123456789"]],
        {"token": "hunter2"}, {"name": {"a": 1}}, {"a"}, frozenset({"state=0123456789"}),
        ("a",), Role.EDITOR,
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["user", "password", "token_id"])
def test_a_line_is_redacted_as_its_values_are(name, value):
    line = orjson.loads(redacted_line({"event": "request", name: value}))

    assert line == {"event": "request", name: orjson.loads(orjson.dumps(redacted(value, name)))}


def test_each_line_has_its_own_timestamp(log):
    with logging_to(log, format="json"):
        for instant in (1_764_124_800.0, 1_764_124_800.1, 1_764_124_799.999_999_9):
            seen = logging.LogRecord("aiwebengine", logging.INFO, "", 0, "seen", None, None)
            seen.created = instant
            logging.getLogger().handle(seen)

    assert [line["timestamp"] for line in told(log)] == [
        "2025-11-26T02:40:00.000000Z",
        "2025-11-26T02:40:00.100000Z",
        "2025-11-26T02:40:00.000000Z",
    ]


def test_ids_stay_and_long_texts_are_cut():
    found = redacted({"token_id": "t1", "session_id": "s1", "text": "x" * (LONGEST_TEXT + 1)})

    assert (found["token_id"], found["session_id"]) == ("t1", "s1")
    assert len(found["text"]) == LONGEST_TEXT + 1
    assert found["text"].endswith("…")


def test_a_missing_directory_is_reported_once_and_used_once_it_exists(log, capsys, monkeypatch):
    monkeypatch.setattr(rotation, "RETRY_SECS", 0.0)
    log.parent.write_text("a file in the place of the directory")
    with logging_to(log, format="json"):
        for number in range(3):
            log_.info("lost", extra={"number": number})
        log.parent.unlink()
        log_.info("kept")

    console = [orjson.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in console] == [
        "log.file_failed", "lost", "lost", "lost", "log.file_works_again", "kept",
    ] or sorted(line["event"] for line in console) == sorted(
        ["log.file_failed", "lost", "lost", "lost", "log.file_works_again", "kept"]
    )  # fmt: skip
    assert {line["event"] for line in told(log)} == {"kept", "log.file_works_again"}
    (again,) = [line for line in told(log) if line["event"] == "log.file_works_again"]
    # The three, and the word that they are lost.
    assert again["lost"] == 4


def test_a_full_disk_leaves_no_half_line_behind(log, monkeypatch):
    monkeypatch.setattr(rotation, "RETRY_SECS", 0.0)
    with logging_to(log):
        log_.info("before")
        room = os.write

        def full(file, line):
            return room(file, line[: len(line) // 2])

        monkeypatch.setattr(rotation.os, "write", full)
        log_.info("lost")
        monkeypatch.setattr(rotation.os, "write", room)
        log_.info("after")

    events = [line["event"] for line in told(log)]
    assert events[0] == "before"
    assert set(events[1:]) == {"after", "log.file_works_again"}


def test_a_file_that_was_put_aside_is_compressed_for_any_program_and_keeps_its_age(log, write):
    lines = [b'{"timestamp":"x","number":%d}\n' % number for number in range(60_000)]
    path = write("2026-01-31", lines)
    os.utime(path, (1_000_000, 1_000_000))

    packed = compress(stored_files(log)[0])

    assert gzip.decompress(packed.read_bytes()) == b"".join(lines)
    if shutil.which("gzip"):
        subprocess.run(["gzip", "--test", str(packed)], check=True)
    assert packed.stat().st_mtime == 1_000_000
    assert [path.name for path in log.parent.iterdir()] == [packed.name]


def test_old_files_go_the_others_are_compressed_and_the_log_itself_stays(log, write):
    now = time.time()
    for suffix, age in [("", 99), ("2026-01-01", 31), ("2026-01-02", 29), ("2026-01-03", 0)]:
        os.utime(write(suffix, [b"{}\n"]), (now - days(age),) * 2)
    write("by-hand", [b"not ours\n"])

    planned = tidy(log, days(30), packs=True, dry_run=True)
    names = sorted(path.name for path in log.parent.glob("engine*"))
    done = tidy(log, days(30), packs=True)

    assert len(names) == 5
    assert planned == done
    assert done.freed_bytes == 3
    assert sorted(path.name for path in log.parent.glob("engine*")) == [
        "engine.log",
        "engine.log.2026-01-02.gz",
        "engine.log.2026-01-03.gz",
        "engine.log.by-hand",
    ]
    assert tidy(log, days(30), packs=True).compressed == []


def test_a_shorter_period_counts_at_once(log, monkeypatch):
    with logging_to(log, rotation="weekly"):
        log_.info("first")
    monkeypatch.setitem(PERIODS, "hourly", Period(1, "%Y-%m-%d_%H-%M-%S"))
    with logging_to(log, rotation="hourly"):
        end = time.monotonic() + 20
        while len(stored_files(log)) < 3:
            assert time.monotonic() < end
            log_.info("later")
            time.sleep(0.1)

    assert {line["event"] for file in stored_files(log) for line in told(file.path)} == {
        "first",
        "later",
    }
