"""Finding lines: each once, newest first, wherever they lie and whatever becomes of the files."""

import gzip
import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.logs.conftest import DAY, line

from aiwebengine.logs import files, search
from aiwebengine.logs.files import compress, parts_back, stored_files
from aiwebengine.logs.search import Matcher, count, newest
from aiwebengine.logs.types import LogFilter, LogLevel


def found(log, most=10_000, start=None, **wanted):
    return newest(log, Matcher(LogFilter(**wanted)), most, start=start)


def ids(page):
    return [entry.request_id for entry in page.entries]


def put_by_hand(path):
    """Compress as `gzip` does."""
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()


@pytest.fixture(params=["plain", "compressed", "by hand"])
def three_files(request, log, write, monkeypatch):
    """Thirty thousand lines in three files, the older two stored in one of the ways."""
    monkeypatch.setattr(files, "BLOCK_BYTES", 10_000)
    monkeypatch.setattr(files, "MEMBER_BYTES", 10_000)
    lines = [
        line(
            number,
            level="error" if number % 1_000 == 7 else "info",
            user_id=f"u{number % 10}",
            path=f"/path/{number % 3}",
            note=f"Number {number} of them",
        )
        for number in range(3_000)
    ]
    old = [write("2026-01-30", lines[:1_000]), write("2026-01-31", lines[1_000:2_000])]
    write("", lines[2_000:])
    for path in old:
        if request.param == "by hand":
            put_by_hand(path)
    if request.param == "compressed":
        for file in stored_files(log)[1:]:
            compress(file)
    return log


def test_every_line_is_found_once_newest_first(three_files):
    assert ids(found(three_files)) == [f"r{number}" for number in reversed(range(3_000))]


def test_pages_follow_each_other_without_gap_or_repetition(three_files):
    everything, start = [], None
    while True:
        page = found(three_files, most=170, start=start)
        everything += ids(page)
        start = page.reached
        if start is None:
            break

    assert everything == [f"r{number}" for number in reversed(range(3_000))]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({"request_id": "r1234"}, [1234]),
        ({"request_id": "r12345"}, []),
        ({"level": LogLevel.ERROR}, [2007, 1007, 7]),
        ({"level": LogLevel.INFO, "text": "NUMBER 999 "}, [999]),
        ({"user_id": "u7", "level": LogLevel.WARNING}, [2007, 1007, 7]),
        ({"path": "/path/2", "user_id": "u8", "text": "of THEM"}, range(2978, 0, -30)),
        ({"text": '"level":"error"'}, [2007, 1007, 7]),
        (
            {"since": DAY + timedelta(seconds=995), "until": DAY + timedelta(seconds=1_003)},
            range(1_002, 994, -1),
        ),
        ({"since": DAY + timedelta(days=1)}, []),
        ({"until": DAY}, []),
    ],
)
def test_a_filter_lets_through_what_it_says(three_files, wanted, numbers):
    assert ids(found(three_files, **wanted)) == [f"r{number}" for number in numbers]
    assert count(three_files, Matcher(LogFilter(**wanted)), is_over=lambda: False) == len(numbers)


def test_a_line_keeps_its_id_when_its_file_is_put_aside_and_compressed(log, write):
    path = write("", [line(1), line(2), line(3)])
    before = [entry.id for entry in found(log).entries]

    path.rename(path.with_name("engine.log.2026-01-31"))
    write("", [line(4)])
    aside = [entry.id for entry in found(log).entries[1:]]
    compress(stored_files(log)[1])
    compressed = [entry.id for entry in found(log).entries[1:]]

    assert before == aside == compressed


def test_the_next_page_continues_when_files_change_in_between(log, write):
    path = write("", [line(number) for number in range(10)])
    page = found(log, most=4)

    path.rename(path.with_name("engine.log.2026-01-31"))
    write("", [line(99)])
    compress(stored_files(log)[1])
    rest = found(log, start=page.reached)

    assert ids(rest) == [f"r{number}" for number in reversed(range(6))]


def test_a_file_that_is_put_aside_while_it_is_read_loses_no_line(log, write, monkeypatch):
    monkeypatch.setattr(files, "BLOCK_BYTES", 100)
    path = write("", [line(number) for number in range(20)])
    listed = search.stored_files
    is_first = True

    def rotating(log):
        nonlocal is_first
        answer = listed(log)
        if is_first:
            is_first = False
            path.rename(path.with_name("engine.log.2026-01-31"))
            write("", [line(20)])
        return answer

    monkeypatch.setattr(search, "stored_files", rotating)

    assert ids(found(log)) == [f"r{number}" for number in reversed(range(21))]


def test_a_search_that_times_out_reports_its_position_and_can_continue(three_files):
    page = newest(three_files, Matcher(LogFilter(request_id="r3")), 10, is_over=lambda: True)
    pages = 1
    while page.reached is not None:
        assert page.entries == []
        assert page.back_to > DAY
        page = newest(
            three_files,
            Matcher(LogFilter(request_id="r3")),
            10,
            start=page.reached,
            is_over=lambda turn=pages: turn % 2 == 0,
        )
        pages += 1

    assert ids(page) == ["r3"]
    assert pages > 1


def test_what_the_engine_did_not_write_is_passed_over(log, write):
    half = line(2)[:30]
    write("", [line(1), b"not json\n", b"[]\n", b'{"timestamp":1}\n', b"\xff\n", line(3), half])

    assert ids(found(log)) == ["r3", "r1"]


def test_a_log_that_is_not_there_is_empty(log):
    assert found(log).entries == []
    assert count(log, Matcher(LogFilter()), is_over=lambda: False) == 0


def test_a_file_that_was_put_aside_twice_in_one_period_keeps_its_order(log, write):
    write("2026-01-31", [line(1)])
    write("2026-01-31.1", [line(2)])
    write("2026-01-31.10", [line(4)])
    write("2026-01-31.2", [line(3)])
    write("2026-02-01", [line(5)])

    assert ids(found(log)) == ["r5", "r4", "r3", "r2", "r1"]


class Bytes:
    """Blocks of a few bytes each."""

    def __init__(self, text, size):
        self.text, self.size = text, size

    def __len__(self):
        return -(-len(self.text) // self.size)

    def begin(self, index):
        return index * self.size

    def read(self, index):
        return self.text[index * self.size : (index + 1) * self.size]


@given(
    lines=st.lists(st.binary(max_size=9).filter(lambda line: b"\n" not in line), max_size=12),
    size=st.integers(1, 20),
    seed=st.integers(0, 9),
)
def test_blocks_of_any_size_give_the_same_lines(lines, size, seed):
    text = b"".join(line + b"\n" for line in lines)
    place = random.Random(seed).randint(0, len(text) + 3)
    expected, begin = [], 0
    for one in lines:
        if begin < place and begin + len(one) < place:
            expected.append((begin, one))
        begin += len(one) + 1

    parts = parts_back(Bytes(text, size), place, search._every_line)

    assert [line for part in parts for line in part.lines] == expected[::-1]


def test_behind_a_line_that_lies_over_the_end_of_a_block_is_the_next_one(three_files):
    everything = found(three_files).entries
    for newer, older in [(3, 4), (1_500, 1_501), (2_500, 2_501)]:
        name, place = everything[older].id.split("-")
        after = search.position_after(three_files, (name, int(place)))

        assert after == (name, int(everything[newer].id.split("-")[1]))
        assert ids(found(three_files, most=1, start=after)) == [everything[older].request_id]

    assert search.position_after(three_files, ("0" * 16, 0)) is None
    assert search.position_after(three_files, (name, 10**12)) is None
