"""What follows from the end of a run: its repetition, the next planned time, or nothing."""

from __future__ import annotations

from datetime import datetime, timedelta

from aiwebengine.jobs.queues import Result
from aiwebengine.script_schedules.types import Claimed, Upcoming

FIRST_PAUSE_SECS = 2.0
LONGEST_PAUSE_SECS = 3_600.0
POSTPONED_SECS = 2.0


def pause_secs(attempt: int) -> float:
    """The pause after a failed attempt: 2 s, 8 s, 32 s, 2 min, 9 min, then one hour."""
    return float(min(FIRST_PAUSE_SECS * 4 ** min(attempt - 1, 20), LONGEST_PAUSE_SECS))


def upcoming(run: Claimed, result: Result, now: datetime) -> Upcoming | None:
    """The next run of a schedule; None when it is done.

    Times that were missed are not made up for one by one: the next one is the first after *now*.
    """
    if result is Result.POSTPONED:
        later = now + timedelta(seconds=POSTPONED_SECS)
        return Upcoming(later, run.due_at, run.attempt - 1)
    planned = None if run.is_once else _planned(run, now)
    if result is not Result.SUCCEEDED and run.attempt <= run.retries:
        # An attempt that was interrupted says nothing against the script.
        pause = 0.0 if result is Result.INTERRUPTED else pause_secs(run.attempt)
        again = now + timedelta(seconds=pause)
        if planned is None or again < planned.next_at:
            return Upcoming(again, run.due_at, run.attempt)
    return planned


def _planned(run: Claimed, now: datetime) -> Upcoming:
    at = run.plan.next(run.anchor, max(now, run.due_at))
    return Upcoming(at, at)
