"""Parses stored log lines. The file is not trusted: a line that does not fit is skipped."""

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
"""The event of a line without an event name."""

_TIMESTAMP = re.compile(rb'\{"timestamp":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6})Z"')
LEVELS = {level.value: level for level in LogLevel}
_TEXTS = ("logger", "request_id", "user_id", "method", "path")
# An HTTP status has three digits.
_LARGEST_STATUS = 999
# The engine does not write JSON nested deeper than this, and orjson could not encode it again.
DEEPEST = 32
# A median of three lines, because one line may be damaged or have a wrong timestamp.
_NEIGHBOURS = 3
_LOOKED_AT_BYTES = 65_536


def instant_of(line: bytes) -> float | None:
    """The time of a line, in seconds since 1970; None if the engine did not write the line."""
    at = _at(line)
    return None if at is None else at.timestamp()


def first_instant(lines: Sequence[bytes]) -> float | None:
    """The time of the first of these lines, robust against one wrong time in the first three."""
    found: list[float] = []
    for line in lines:
        instant = instant_of(line)
        if instant is not None:
            found.append(instant)
            if len(found) == _NEIGHBOURS:
                break
    return median_low(found) if found else None


def first_lines(block: bytes, begin: int, end: int) -> list[bytes]:
    """The first lines between two offsets of a block, enough of them for `first_instant`."""
    return block[begin : min(end, begin + _LOOKED_AT_BYTES)].split(b"\n", 64)[:64]


def fields_of(line: bytes) -> dict[str, Any] | None:
    """The fields of a line; None if the engine did not write the line.

    Values may be of any type. Fields nested deeper than DEEPEST are left out.
    """
    if instant_of(line) is None:
        return None
    try:
        fields = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    level = fields.get("level")
    if not isinstance(level, str) or level not in LEVELS or "event" not in fields:
        return None
    # Very few lines contain a list or an object.
    if not any(type(value) in (list, dict) for value in fields.values()):
        return cast(dict[str, Any], fields)
    return {key: value for key, value in fields.items() if not _is_too_deep(value, DEEPEST)}


def entry_of(all_fields: dict[str, Any], line: bytes, name: str, place: int) -> LogEntry:
    """The fields of a line as an entry; *name* and *place* are its file and offset.

    A field of an unexpected type stays in `fields`.
    """
    rest = dict(all_fields)
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
        # Such as month 13 or hour 99.
        return None


def _taken(fields: dict[str, Any], name: str, fits: bool) -> Any:
    """Remove a field and return its value; None, without removing it, unless it *fits*."""
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
    return left == 0 or any(_is_too_deep(item, left - 1) for item in inner)
