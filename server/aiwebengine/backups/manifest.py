"""Reads the manifest of an archive. It is input: every value is checked before it is used."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from aiwebengine.backups.types import Manifest, Part
from aiwebengine.core.errors import Conflict
from aiwebengine.core.untrusted_text import is_hidden

LARGEST = 1 << 20
"""The manifest of a database with thousands of tables has some 100 KB."""
FORMAT = 1
LONGEST_PART_NAME = 100
"""A tar header has room for so many bytes."""

_LONGEST_TEXT = 500
_LONGEST_NOTE = 10_000
_LARGEST_NUMBER = (1 << 63) - 1
_MIGRATION = re.compile(r"[0-9A-Za-z._-]{1,200}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Damaged(Conflict):
    """An archive is not what it was when it was made."""


def parse(text: bytes, file: str) -> Manifest:
    """The manifest in *text*; *file* is named when there is none. Raises Damaged."""
    try:
        told = orjson.loads(text)
        version = _number(told["format"])
        if version != FORMAT:
            raise Damaged(f"{file} has the unknown format {version}; this version reads {FORMAT}.")
        created_at = datetime.fromisoformat(_text(told["created_at"]))
        return Manifest(
            name=_text(told["name"]),
            created_at=_with_zone(created_at),
            program_version=_text(told["program_version"]),
            database_version=_text(told["database_version"]),
            dump_version=_text(told["dump_version"]),
            database_bytes=_number(told["database_bytes"]),
            migrations=[_matching(_MIGRATION, one) for one in _list(told["migrations"])],
            tables={_text(name): _number(rows) for name, rows in told["tables"].items()},
            audit_event_id=_maybe(_number, told["audit_event_id"]),
            audit_head=_maybe(_text, told["audit_head"]),
            parts=[_part(part) for part in _list(told["parts"])],
            note=_maybe(_note, told.get("note")),
            format=version,
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise Damaged(f"{file}: its manifest can't be read.") from None


def checked_part_name(name: object) -> str:
    """A name that a file inside an archive may have. Raises ValueError."""
    text = _text(name)
    pieces = text.split("/")
    if len(text.encode()) > LONGEST_PART_NAME or any(one in ("", ".", "..") for one in pieces):
        raise ValueError(name)
    return text


def _part(told: Any) -> Part:
    return Part(
        name=checked_part_name(told["name"]),
        size=_number(told["size"]),
        sha256=_matching(_SHA256, told["sha256"]),
    )


def _text(value: object, longest: int = _LONGEST_TEXT) -> str:
    if not isinstance(value, str) or len(value) > longest or any(map(is_hidden, value)):
        raise ValueError(value)
    return value


def _note(value: object) -> str:
    # Taken as it was typed by somebody at the command line.
    if not isinstance(value, str) or len(value) > _LONGEST_NOTE:
        raise ValueError(value)
    return value


def _number(value: object) -> int:
    # `True` is an int to Python.
    if type(value) is not int or not 0 <= value <= _LARGEST_NUMBER:
        raise ValueError(value)
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError(value)
    return value


def _matching(pattern: re.Pattern[str], value: object) -> str:
    text = _text(value)
    if pattern.fullmatch(text) is None:
        raise ValueError(value)
    return text


def _with_zone(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError(instant)
    # Here and nowhere later it turns out when an instant has no year in UTC.
    return instant.astimezone(UTC)


def _maybe(read: Callable[[object], Any], value: object) -> Any:
    return None if value is None else read(value)
