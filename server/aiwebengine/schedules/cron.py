"""When a cron expression is due, in a time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

OFF = "off"
_FIELDS = 5
_ALLOWED = '"off", or five fields such as "0 2 * * *": minute, hour, day, month, day of the week'

_ALLOWED_ZONES = "a time zone of the IANA database, such as UTC or Europe/Berlin"


def checked(schedule: str) -> str:
    """The schedule without spare blanks. Raises ValueError, which says what is allowed."""
    kept = " ".join(schedule.split())
    if kept.lower() == OFF:
        return OFF
    if len(kept.split()) != _FIELDS:
        raise ValueError(_ALLOWED)
    try:
        next(CronSim(kept, datetime.now(UTC)))
    except CronSimError as error:
        raise ValueError(f"{_ALLOWED} ({str(error).lower()})") from None
    except StopIteration:
        raise ValueError(f"{_ALLOWED} (this never comes)") from None
    return kept


def checked_zone(name: str) -> str:
    """The name of a time zone. Raises ValueError, which says what is allowed."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        # Which of these it is depends on whether the name looks like a path.
        raise ValueError(_ALLOWED_ZONES) from None
    return name


def last_due(schedule: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The newest time that is not after *now*; None when the schedule is off.

    As in Debian's cron, a time that the change to summer time skips comes at the change, and a
    time that the change back repeats comes once, unless the schedule runs every hour anyway.
    """
    if schedule == OFF:
        return None
    after = now.astimezone(zone).replace(microsecond=0) + timedelta(seconds=1)
    due = next(CronSim(schedule, after, reverse=True)).astimezone(UTC)
    # In the hour that comes twice, looking back takes the second time for the first.
    while (later := next_due(schedule, zone, due)) is not None and later <= now:
        due = later
    return due


def next_due(schedule: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The first time after *now*; None when the schedule is off."""
    if schedule == OFF:
        return None
    coming = (time.astimezone(UTC) for time in CronSim(schedule, now.astimezone(zone)))
    # In the hour that comes twice, the first of the two may be offered again.
    return next(time for time in coming if time > now)
