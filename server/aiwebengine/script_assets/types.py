"""Stored files, changes to them, and how many a script may have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from aiwebengine.core.errors import Conflict
from aiwebengine.scripts.errors import PreconditionFailed

LARGEST_FILE_BYTES = 10_000_000
"""Bytes of a file."""
MOST_FILES = 10_000
"""Files that a script may store, beside those of its versions."""
MOST_BYTES = 500_000_000
"""Bytes of these files together."""
MOST_CHANGES = 256
"""Files of one change."""
LARGEST_CHANGE_BYTES = 10_000_000
"""Bytes of the contents of one change together."""
MOST_EDITS = 100
"""Replacements in one change."""
LARGEST_EDITED_BYTES = 2_000_000
"""Bytes of a file in which texts are replaced."""
MOST_LISTED = 1_000
"""Files on one page of a list."""

ABSENT = ""
"""As the base of a change: there must be no such file."""


@dataclass(frozen=True)
class AssetFile:
    """A file of a script: stored by the script, or part of its version."""

    path: str
    digest: str
    """SHA-256 of its content, as hexadecimal digits."""
    size: int
    content_type: str
    created_at: datetime
    updated_at: datetime
    is_stored: bool
    """Whether the script stored it; else it is of the version."""


@dataclass(frozen=True)
class Put:
    """Store a file. *base* is the digest that it has now, ABSENT for a new one; None: any."""

    path: str
    content: bytes
    content_type: str | None = None
    base: str | None = None


@dataclass(frozen=True)
class Replacement:
    """Replace a text that occurs once, or all places where it occurs."""

    find: str
    replace: str
    all: bool = False


@dataclass(frozen=True)
class Edit:
    """Change texts in a file, in order."""

    path: str
    edits: tuple[Replacement, ...]
    base: str | None = None


@dataclass(frozen=True)
class Delete:
    """Remove a stored file. A file of the version with that path is served again."""

    path: str
    base: str | None = None


Change: TypeAlias = Put | Edit | Delete


@dataclass(frozen=True)
class Changed:
    """What a change did: the file afterwards, None without one, and whether anything changed."""

    path: str
    digest: str | None
    size: int
    changed: bool
    is_new: bool = False


@dataclass(frozen=True)
class Page:
    """A page of a list; *cursor* is where the next page begins, None on the last one."""

    files: list[AssetFile]
    cursor: str | None


class OtherContent(Conflict):
    """The file has another content than the caller expects."""

    def __init__(self, path: str, expected: str, current: str | None) -> None:
        found = f"has the hash {current}" if current else "does not exist"
        wanted = f"the hash {expected[:70]}" if expected else "no such file"
        super().__init__(
            f"{path} {found}; expected {wanted}. Read it, then change it again.",
            path=path,
            hash=current,
        )


class FilePreconditionFailed(PreconditionFailed):
    """The same, as the header `If-Match` or `If-None-Match` says (RFC 9110 section 13.1)."""
