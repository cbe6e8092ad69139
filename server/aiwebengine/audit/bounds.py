"""Size limits of audit events. Events can't be removed, so no caller may store much in one.

Clients send part of the text: a user agent, a reason, a name. Each text is truncated to the length
of its column and kept on one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiwebengine.core.untrusted_text import on_one_line

LONGEST = {
    "action": 100,
    # An e-mail address has up to 320 characters and must not be truncated.
    "actor_label": 400,
    "target_type": 100,
    "target_label": 400,
    "reason": 1_000,
    "request_id": 200,
    "address": 100,
    "user_agent": 300,
    "door": 20,
}
"""Maximum number of characters of each text column of `audit_events`."""

LONGEST_DETAILS = 50_000
"""Maximum number of characters of `before` and of `after`, as PostgreSQL writes JSON."""

LONGEST_TEXT = 1_000
LONGEST_KEY = 100
MOST_ENTRIES = 200
DEEPEST = 5
# Limit of all texts and keys of one value together. PostgreSQL writes a backslash or a quote as two
# characters, and a few more around each entry.
MOST_CHARACTERS = 16_000
CUT = "…"


def text(column: str, value: str) -> str:
    """The value of a text column, on one line and truncated to the column."""
    return _cut(value, LONGEST[column])


def optional_text(column: str, value: str | None) -> str | None:
    """The same for a nullable column."""
    return None if value is None else text(column, value)


def details(value: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The value of `before` or `after`, limited in depth, entries and characters."""
    if value is None:
        return None
    return _Budget(MOST_CHARACTERS).mapping(value, DEEPEST)


class _Budget:
    """The remaining limits while one value is written."""

    def __init__(self, characters: int) -> None:
        self._left = characters

    def mapping(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for number, (key, one) in enumerate(value.items()):
            if number == MOST_ENTRIES or self._left <= 0:
                kept[CUT] = f"{len(value) - number} more"
                break
            kept[self._text(str(key), LONGEST_KEY)] = self._any(one, depth)
        return kept

    def _any(self, value: object, depth: int) -> object:
        if isinstance(value, str):
            return self._text(value, LONGEST_TEXT)
        if isinstance(value, Mapping | list | tuple | set | frozenset):
            self._left -= 4
            if depth <= 1:
                return CUT
            if isinstance(value, Mapping):
                return self.mapping(value, depth - 1)
            return self._sequence(list(value), depth - 1)
        # Numbers, times and ids are short.
        self._left -= 40
        return value

    def _sequence(self, value: list[Any], depth: int) -> list[Any]:
        kept: list[Any] = []
        for number, one in enumerate(value):
            if number == MOST_ENTRIES or self._left <= 0:
                return [*kept, f"{CUT} {len(value) - number} more"]
            kept.append(self._any(one, depth))
        return kept

    def _text(self, value: str, longest: int) -> str:
        cut = _cut(value, min(longest, max(self._left, 1)))
        self._left -= len(cut) + 8
        return cut


def _cut(value: str, longest: int) -> str:
    # Escapes are longer than the character, so the text is truncated before and after.
    shown = on_one_line(value[: longest + 1])
    return shown if len(shown) <= longest else shown[: longest - 1] + CUT
