"""Parameters of statements from JSON, and results as JSON.

A parameter is converted by the type that PostgreSQL expects. A timestamp, date, interval, UUID or
number too large for JavaScript is text in both directions; bytes are text in PostgreSQL's
hexadecimal form (`\\x00ff`), which the runtime turns into a `Uint8Array`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

import orjson

from aiwebengine.core.errors import BadUserInput
from aiwebengine.database.restricted import Result

_SAFE = (1 << 53) - 1
_DIGITS_OF_INTEGER = 20
_INTEGERS = {
    "int2": 1 << 15,
    "int4": 1 << 31,
    "int8": 1 << 63,
    "oid": 1 << 32,
}


class UnfitParameter(BadUserInput):
    """A parameter is not of the type that the statement expects."""


def arguments(given: Sequence[Any]) -> Callable[[Sequence[str]], list[object]]:
    """Converts *given* to the types of a statement's parameters. Raises UnfitParameter."""

    def converted(types: Sequence[str]) -> list[object]:
        if len(types) != len(given):
            raise UnfitParameter(
                f"The statement has {len(types)} parameters; {len(given)} are given."
            )
        return [
            None if value is None else _converted(value, kind, number)
            for number, (value, kind) in enumerate(zip(given, types, strict=True), start=1)
        ]

    return converted


def as_json(result: Result) -> tuple[bytes, dict[str, str]]:
    """The rows as a JSON array of objects, and what the runtime must convert, by column.

    `bytes` for columns of bytes, `bigint` for columns with integers that a JavaScript number can't
    hold; these are text.
    """
    rows = [dict(row.items()) for row in result.rows]
    converted: dict[str, str] = {}
    for name, kind in result.columns:
        scalar = kind.removesuffix("[]")
        if scalar == "bytea":
            converted[name] = "bytes"
        elif scalar == "int8" and any(_is_unsafe(row[name]) for row in rows):
            converted[name] = "bigint"
            for row in rows:
                row[name] = _as_text(row[name])
    return orjson.dumps(rows, default=_other, option=orjson.OPT_UTC_Z), converted


def _converted(value: Any, kind: str, number: int) -> object:
    if kind.endswith("[]"):
        if not isinstance(value, list):
            raise _unfit(number, "an array", value)
        return [_element(one, kind.removesuffix("[]"), number) for one in value]
    convert = _CONVERTERS.get(kind)
    try:
        return _text(value) if convert is None else convert(value)
    except (ValueError, TypeError, OverflowError):
        raise _unfit(number, kind, value) from None


def _element(value: Any, kind: str, number: int) -> object:
    """An element of an array, which may be an array itself."""
    if value is None:
        return None
    if isinstance(value, list) and kind not in ("json", "jsonb"):
        return [_element(one, kind, number) for one in value]
    return _converted(value, kind, number)


def _unfit(number: int, kind: str, value: Any) -> UnfitParameter:
    shown = orjson.dumps(value, default=str).decode()
    shown = shown if len(shown) <= 100 else f"{shown[:100]}…"
    return UnfitParameter(f"${number} must be {kind}; found {shown}.")


def _integer(most: int) -> Callable[[Any], int]:
    def convert(value: Any) -> int:
        if isinstance(value, str) and len(value) > _DIGITS_OF_INTEGER:
            raise ValueError
        if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
            raise TypeError
        found = int(value)
        if not -most <= found < most:
            raise OverflowError
        return found

    return convert


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    return float(value)


def _boolean(value: Any) -> bool:
    if value in ("true", "false"):
        return bool(value == "true")
    if not isinstance(value, bool):
        raise TypeError
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and math.fabs(value) <= _SAFE:
        return str(int(value))
    if isinstance(value, str | int | float):
        return str(value)
    # An object for a text column is most likely meant as JSON.
    return orjson.dumps(value).decode()


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str):
        raise TypeError
    return bytes.fromhex(value[2:]) if value.startswith("\\x") else value.encode()


def _timestamp(value: Any) -> datetime:
    found = datetime.fromisoformat(_string(value))
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _instant(value: Any) -> datetime:
    found = datetime.fromisoformat(_string(value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _date(value: Any) -> date:
    return datetime.fromisoformat(_string(value)).date()


def _time(value: Any) -> time:
    return time.fromisoformat(_string(value))


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


_CONVERTERS: Mapping[str, Callable[[Any], object]] = {
    **{name: _integer(most) for name, most in _INTEGERS.items()},
    "float4": _number,
    "float8": _number,
    "bool": _boolean,
    "bytea": _bytes,
    "timestamp": _timestamp,
    "timestamptz": _instant,
    "date": _date,
    "time": _time,
    "json": _json,
    "jsonb": _json,
}


def _is_unsafe(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_is_unsafe, value))
    return value is not None and not -_SAFE <= value <= _SAFE


def _as_text(value: Any) -> Any:
    if isinstance(value, list):
        return [_as_text(one) for one in value]
    return None if value is None else str(value)


def _other(value: Any) -> Any:
    """What orjson does not know."""
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, dict | list | tuple):
        return list(value)
    return str(value)
