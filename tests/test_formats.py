"""How numbers and moments are written for people."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from aiwebengine.core import formats


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0 B"),
        (1, "1 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (1_024, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (1_500_000_000, "1.5 GB"),
        (999_999_999_999, "1.0 TB"),
        (3 * 10**15, "3.0 PB"),
        (5 * 10**18, "5000.0 PB"),
        (-1_500_000, "-1.5 MB"),
    ],
)
def test_a_size_has_decimal_units_and_one_digit(number: int, shown: str) -> None:
    assert formats.size(number) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 ms"),
        (0.00004, "0 ms"),
        (0.0004, "0.4 ms"),
        (0.001, "1 ms"),
        (0.35, "350 ms"),
        (0.9996, "1 s"),
        (1.5, "1.5 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (3_599, "59 min 59 s"),
        (3_600, "1 h"),
        (12_000, "3 h 20 min"),
        (86_400, "1 day"),
        (4 * 86_400 + 7_500, "4 days 2 h"),
        (-125, "-2 min 5 s"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds: float, shown: str) -> None:
    assert formats.duration(seconds) == shown


def test_a_moment_is_written_in_utc_and_says_so() -> None:
    berlin = timezone(timedelta(hours=1))
    at = datetime(2026, 11, 28, 0, 15, 42, tzinfo=berlin)

    assert formats.instant(at) == "2026-11-27 23:15 UTC"
    assert formats.second(at) == "2026-11-27 23:15:42 UTC"
    assert formats.day(at) == "2026-11-27"
    assert formats.instant(at.astimezone(UTC)) == "2026-11-27 23:15 UTC"


@pytest.mark.parametrize(
    ("number", "noun", "plural", "shown"),
    [
        (0, "user", None, "0 users"),
        (1, "user", None, "1 user"),
        (2, "user", None, "2 users"),
        (1, "entry", "entries", "1 entry"),
        (1_200, "entry", "entries", "1,200 entries"),
    ],
)
def test_one_thing_is_singular(number: int, noun: str, plural: str | None, shown: str) -> None:
    assert formats.count(number, noun, plural) == shown


SERVER = Path(formats.__file__).parent
# A date as people read it, a size worked out by hand.
STRAYS = re.compile(
    r":%Y-%m-%d[ }]|strftime\(.%Y-%m-%d[ .\"]|>> 20\}|/=? ?1_?0(00|24)\b.*unit|MEGABYTE"
)


def test_nobody_else_writes_sizes_and_dates_for_people() -> None:
    strays = [
        f"{path.relative_to(SERVER)}:{number}: {line.strip()}"
        for path in sorted(SERVER.rglob("*.py"))
        if path.name != "formats.py"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if STRAYS.search(line)
    ]

    assert strays == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [("no answer within 1.5 s", "no answer within 1.5 s."), ("It is full.", "It is full.")],
)
def test_a_text_that_another_sentence_follows_ends_with_one_full_stop(text, shown):
    assert formats.ended(text) == shown
