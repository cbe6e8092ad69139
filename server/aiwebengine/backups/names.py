"""Names of archives. Names in a directory or bucket are untrusted."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from secrets import token_hex

_NAME = re.compile(r"aiwebengine-([0-9]{8}-[0-9]{6})-[0-9a-f]{6}\.tar")
_SAFETY = "Before the restore of "
_TIME = "%Y%m%d-%H%M%S"


def new_name() -> str:
    """A name for a new archive; names sort by time (UTC)."""
    return f"aiwebengine-{datetime.now(UTC):{_TIME}}-{token_hex(3)}.tar"


def parsed(name: str) -> datetime | None:
    """The time in the name of an archive; None for an invalid name."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        return datetime.strptime(found[1], _TIME).replace(tzinfo=UTC)
    except ValueError:
        # Such as 31 February.
        return None


def is_name(name: str) -> bool:
    """Whether a name is valid for an archive."""
    return parsed(name) is not None


def looks_like_one(name: str) -> bool:
    """Whether a name resembles that of an archive, so that an invalid one deserves a warning."""
    return name.startswith("aiwebengine-") and name.endswith(".tar")


def time_of(name: str) -> datetime:
    """The time in a name that passed `is_name`."""
    found = parsed(name)
    assert found is not None  # noqa: S101 - every name was parsed where it was read
    return found


def safety_note(name: str) -> str:
    """The note of the safety backup taken before restoring this backup."""
    return f"{_SAFETY}{name}"


def is_safety_note(note: str | None) -> bool:
    """Whether a note comes from `safety_note`."""
    return note is not None and note.startswith(_SAFETY) and is_name(note.removeprefix(_SAFETY))
