"""What clocks that are wrong leave behind."""

from __future__ import annotations

from datetime import datetime, timedelta

# Clocks of several machines may be so far apart; it hides what is missing for no longer.
TOLERANCE = timedelta(hours=1)


def is_of_the_future(at: datetime, now: datetime) -> bool:
    """Whether something is dated so far ahead of *now* that a clock was wrong, or is."""
    return at - now > TOLERANCE
