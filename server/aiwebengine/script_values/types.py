"""Stored values, and how many of them a script may have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aiwebengine.core.errors import Conflict

LONGEST_KEY = 500
"""Characters of a key."""
LARGEST_VALUE_BYTES = 1_000_000
"""Bytes of a value as JSON."""
MOST_KEYS = 100_000
"""Keys that a script has for itself."""
MOST_BYTES = 100_000_000
"""Bytes of these keys and their values together."""
MOST_KEYS_OF_USER = 1_000
"""Keys that a script has for one user."""
MOST_BYTES_OF_USER = 5_000_000
"""Bytes of these keys and their values together."""
MOST_LISTED = 1_000
"""Keys on one page of a list."""
LARGEST_PAGE_BYTES = 5_000_000
"""Bytes of the values on one page of a list; at least one value is on it."""
LONGEST_TTL_SECS = 10 * 365 * 86_400
"""Seconds until a value expires, at most: ten years."""
LARGEST_NUMBER = 2**53 - 1
"""The largest integer that JavaScript counts with exactly."""


@dataclass(frozen=True)
class StoredValue:
    """A value. Its *version* changes with every write, and no later value has it again."""

    key: str
    value: str
    """JSON."""
    version: int
    expires_at: datetime | None


@dataclass(frozen=True)
class KeyInfo:
    """A key on a page of a list, with its value where that was asked for."""

    key: str
    size: int
    """Bytes of key and value together."""
    version: int
    expires_at: datetime | None
    value: str | None


@dataclass(frozen=True)
class Page:
    """A page of a list; *cursor* is where the next page begins, None on the last one."""

    items: list[KeyInfo]
    cursor: str | None


class OtherVersion(Conflict):
    """The value has another version than the caller expects."""

    def __init__(self, key: str, expected: int, current: int) -> None:
        found = f"its version is {current}" if current else "it has no value"
        wanted = f"version {expected}" if expected else "no value"
        super().__init__(
            f"key: expected {wanted} of {key[:100]!r}, but {found}. Read it, then try again.",
            version=current,
        )
