"""Durations as the authors of scripts write them."""

from __future__ import annotations

import re
from typing import Any

from aiwebengine.core.errors import BadUserInput

DAY_MS = 86_400_000
_UNITS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": DAY_MS}
_DURATION = re.compile(r"(\d{1,12})\s*(ms|s|m|h|d)")
_ALLOWED = 'a duration such as "30s", "5m", "2h" or "1d", or a number of milliseconds'


def duration_ms(place: str, value: Any, longest_days: int) -> int:
    """A duration in milliseconds, of at most so many days.

    Raises BadUserInput that begins with *place*.
    """
    milliseconds = _milliseconds(value)
    if milliseconds is None:
        raise BadUserInput(f"{place}: found {value!r:.100}; allowed: {_ALLOWED}.")
    if milliseconds > longest_days * DAY_MS:
        raise BadUserInput(f"{place}: found {value!r:.100}; allowed: at most {longest_days} days.")
    return milliseconds


def _milliseconds(value: Any) -> int | None:
    # Comparing refuses NaN as well; True and False are numbers to Python.
    if isinstance(value, int | float) and not isinstance(value, bool):
        return round(value) if 0 <= value < 1 << 53 else None
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    return None if found is None else int(found[1]) * _UNITS[found[2]]
