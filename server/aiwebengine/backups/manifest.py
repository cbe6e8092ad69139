"""Parses the manifest of an archive. It is untrusted, so every value is validated."""

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
"""Limit of a tar header."""

_LONGEST_TEXT = 500
_LONGEST_NOTE = 10_000
_LARGEST_NUMBER = (1 << 63) - 1
_MIGRATION = re.compile(r"[0-9A-Za-z._-]{1,200}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Damaged(Conflict):
    """The archive is damaged or was changed."""


def parse(text: bytes, file: str) -> Manifest:
    """Parse a manifest; *file* is used in messages. Raises Damaged."""
    try:
        fields = orjson.loads(text)
        version = _number(fields["format"])
        if version != FORMAT:
            raise Damaged(f"{file} has format {version}; this version supports {FORMAT}.")
        created_at = datetime.fromisoformat(_text(fields["created_at"]))
        return Manifest(
            name=_text(fields["name"]),
            created_at=_with_zone(created_at),
            program_version=_text(fields["program_version"]),
            database_version=_text(fields["database_version"]),
            dump_version=_text(fields["dump_version"]),
            database_bytes=_number(fields["database_bytes"]),
            migrations=[_matching(_MIGRATION, one) for one in _list(fields["migrations"])],
            tables={_text(name): _number(rows) for name, rows in fields["tables"].items()},
            audit_event_id=_maybe(_number, fields["audit_event_id"]),
            audit_head=_maybe(_text, fields["audit_head"]),
            parts=[_part(part) for part in _list(fields["parts"])],
            note=_maybe(_note, fields.get("note")),
            format=version,
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise Damaged(f"{file}: its manifest is invalid.") from None


def checked_part_name(name: object) -> str:
    """Validate the name of a file in an archive. Raises ValueError."""
    text = _text(name)
    pieces = text.split("/")
    if len(text.encode()) > LONGEST_PART_NAME or any(one in ("", ".", "..") for one in pieces):
        raise ValueError(name)
    return text


def _part(fields: Any) -> Part:
    return Part(
        name=checked_part_name(fields["name"]),
        size=_number(fields["size"]),
        sha256=_matching(_SHA256, fields["sha256"]),
    )


def _text(value: object, longest: int = _LONGEST_TEXT) -> str:
    if not isinstance(value, str) or len(value) > longest or any(map(is_hidden, value)):
        raise ValueError(value)
    return value


def _note(value: object) -> str:
    # Typed at the command line, so any character is possible.
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
    # Fails here, and not later, if the year is out of range in UTC.
    return instant.astimezone(UTC)


def _maybe(read: Callable[[object], Any], value: object) -> Any:
    return None if value is None else read(value)
