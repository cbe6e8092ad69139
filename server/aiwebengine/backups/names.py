"""Names of archives. A name in a directory or a bucket is input: it may be anything."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from secrets import token_hex

_NAME = re.compile(r"aiwebengine-([0-9]{8}-[0-9]{6})-[0-9a-f]{6}\.tar")
_SAFETY = "Before the restore of "
_TIME = "%Y%m%d-%H%M%S"


def new_name() -> str:
    """The name of an archive that begins now; names sort by time (UTC)."""
    return f"aiwebengine-{datetime.now(UTC):{_TIME}}-{token_hex(3)}.tar"


def parsed(name: str) -> datetime | None:
    """When the archive of this name was begun; None for a name that no archive has."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        return datetime.strptime(found[1], _TIME).replace(tzinfo=UTC)
    except ValueError:
        # Such as the 31st of February.
        return None


def is_name(name: str) -> bool:
    """Whether an archive can have this name."""
    return parsed(name) is not None


def looks_like_one(name: str) -> bool:
    """Whether a name is meant to be an archive's, so that one that is not is worth a warning."""
    return name.startswith("aiwebengine-") and name.endswith(".tar")


def time_of(name: str) -> datetime:
    """When the archive of this name was begun. Only for names that passed `is_name`."""
    found = parsed(name)
    assert found is not None  # noqa: S101 - every name was parsed where it was read
    return found


def safety_note(name: str) -> str:
    """The note of the safety copy that is made before this backup is restored."""
    return f"{_SAFETY}{name}"


def is_safety_note(note: str | None) -> bool:
    """Whether a note is one of `safety_note`."""
    return note is not None and note.startswith(_SAFETY) and is_name(note.removeprefix(_SAFETY))
