"""Detects timestamps made by a wrong clock."""

from __future__ import annotations

from datetime import datetime, timedelta

# Clocks of machines may differ by this much. Longer would hide a missing backup for longer.
TOLERANCE = timedelta(hours=1)


def is_of_the_future(at: datetime, now: datetime) -> bool:
    """Whether *at* is so far after *now* that a clock was, or is, wrong."""
    return at - now > TOLERANCE
