"""Parses stored lines without trust: each is an entry or is skipped."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from statistics import median_low
from typing import Any, cast

import orjson
import strawberry
from strawberry.scalars import JSON

from aiwebengine.logs.types import LogEntry, LogLevel

DAMAGED = "(damaged)"
"""The event of a line that tells none."""

_TIMESTAMP = re.compile(rb'\{"timestamp":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6})Z"')
LEVELS = {level.value: level for level in LogLevel}
_TEXTS = ("logger", "request_id", "user_id", "method", "path")
# GraphQL's Int; an answer's status has three digits.
_LARGEST_STATUS = 999
# JSON that is nested deeper is no line of ours, and neither orjson nor a page can write it again.
DEEPEST = 32
# A clock that was wrong for a moment, or one damaged line, must not decide where a search ends.
_NEIGHBOURS = 3
_LOOKED_AT_BYTES = 65_536


def instant_of(line: bytes) -> float | None:
    """When a line was made, in seconds since 1970; None for what is not a line of ours."""
    at = _at(line)
    return None if at is None else at.timestamp()


def first_instant(lines: Sequence[bytes]) -> float | None:
    """The instant that these lines begin at, one wrong one among the first three disregarded."""
    found: list[float] = []
    for line in lines:
        instant = instant_of(line)
        if instant is not None:
            found.append(instant)
            if len(found) == _NEIGHBOURS:
                break
    return median_low(found) if found else None


def first_lines(block: bytes, begin: int, end: int) -> list[bytes]:
    """The lines at the beginning of a piece of a file, enough of them for `first_instant`."""
    return block[begin : min(end, begin + _LOOKED_AT_BYTES)].split(b"\n", 64)[:64]


def told_in(line: bytes) -> dict[str, Any] | None:
    """The fields of a line; None for what the engine did not write.

    The fields may hold anything but what is nested too deep.
    """
    if instant_of(line) is None:
        return None
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    level = told.get("level")
    if not isinstance(level, str) or level not in LEVELS or "event" not in told:
        return None
    # Hardly any line has a list or an object in it at all.
    if not any(type(value) in (list, dict) for value in told.values()):
        return cast(dict[str, Any], told)
    return {key: value for key, value in told.items() if not _is_too_deep(value, DEEPEST)}


def entry_of(told: dict[str, Any], line: bytes, name: str, place: int) -> LogEntry:
    """What `told_in` found, as an entry. A field of another kind than it should be stays among
    `fields`, as it is."""
    rest = dict(told)
    rest.pop("timestamp", None)
    texts = {field: _taken(rest, field, isinstance(rest.get(field), str)) for field in _TEXTS}
    return LogEntry(
        id=strawberry.ID(f"{name}-{place}"),
        at=cast(datetime, _at(line)),
        level=LEVELS[rest.pop("level")],
        event=_taken(rest, "event", isinstance(rest.get("event"), str)) or DAMAGED,
        status=_taken(rest, "status", _is_status(rest.get("status"))),
        ms=_taken(rest, "ms", _is_number(rest.get("ms"))),
        **texts,
        fields=cast(JSON, rest),
        line=line.decode("utf-8", "replace"),
    )


def _at(line: bytes) -> datetime | None:
    match = _TIMESTAMP.match(line)
    if match is None:
        return None
    try:
        return datetime.fromisoformat(match[1].decode()).replace(tzinfo=UTC)
    except ValueError:
        # A month 13, an hour 99.
        return None


def _taken(fields: dict[str, Any], name: str, fits: bool) -> Any:
    """The field, out of the others; None, and left there, when its kind does not fit."""
    return fields.pop(name) if fits else None


def _is_status(value: object) -> bool:
    return type(value) is int and 0 <= value <= _LARGEST_STATUS


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and math.isfinite(cast(float, value))


def _is_too_deep(value: object, left: int) -> bool:
    if isinstance(value, dict):
        inner: Any = value.values()
    elif isinstance(value, list):
        inner = value
    else:
        return False
    return left == 0 or any(_is_too_deep(one, left - 1) for one in inner)
