"""Due times of cron expressions in a time zone.

Only this module imports the library `cronsim`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

OFF = "off"
_FIELDS = 5
_ALLOWED = '"off", or five fields such as "0 2 * * *": minute, hour, day, month, day of the week'

_ALLOWED_ZONES = "a time zone of the IANA database, such as UTC or Europe/Berlin"
# No time zone has set its clocks back further. Beyond this, instants and local times have the same
# order.
_LARGEST_STEP_BACK = timedelta(hours=3)


def checked(schedule: str) -> str:
    """The schedule with normalized spaces. Raises ValueError with what is allowed."""
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
    """Return the name of an existing time zone. Raises ValueError with what is allowed."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        # The type of the exception depends on whether the name looks like a path.
        raise ValueError(_ALLOWED_ZONES) from None
    return name


def last_due(schedule: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The latest due time up to *now*; None if the schedule is off.

    As in Debian's cron, a fixed time that is skipped at the start of daylight saving time is due at
    the change, and a time that is repeated at its end is due once. A schedule whose minute or hour
    starts with a star follows the local clock: skipped times are not due, repeated ones twice.
    """
    found: tuple[datetime, datetime] | None = None
    for wall, at in _dues(schedule, zone, now, backwards=True):
        if found is not None and wall < found[0] - _LARGEST_STEP_BACK:
            break
        if at <= now and (found is None or at > found[1]):
            found = wall, at
    return None if found is None else found[1]


def next_due(schedule: str, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The first due time after *now*, by the rules of `last_due`; None if the schedule is off."""
    found: tuple[datetime, datetime] | None = None
    for wall, at in _dues(schedule, zone, now, backwards=False):
        if found is not None and wall > found[0] + _LARGEST_STEP_BACK:
            break
        if at > now and (found is None or at < found[1]):
            found = wall, at
    return None if found is None else found[1]


def _dues(
    schedule: str, zone: ZoneInfo, now: datetime, *, backwards: bool
) -> Iterator[tuple[datetime, datetime]]:
    """Due times from around *now* on, as local time and instant, ordered by local time.

    The library computes local times only, because with a time zone it fails at changes of half an
    hour.
    """
    if schedule == OFF:
        return
    step = _LARGEST_STEP_BACK if backwards else -_LARGEST_STEP_BACK
    begin = now.astimezone(zone).replace(tzinfo=None, microsecond=0) + step
    minute, hour = schedule.split()[:2]
    follows_the_clock = minute.startswith("*") or hour.startswith("*")
    for wall in CronSim(schedule, begin, reverse=backwards):
        for at in _instants(wall, zone, follows_the_clock=follows_the_clock):
            yield wall, at


def _instants(wall: datetime, zone: ZoneInfo, *, follows_the_clock: bool) -> list[datetime]:
    """The instants in UTC of a local time: two or none in a repeated or skipped hour."""
    first = wall.replace(tzinfo=zone).astimezone(UTC)
    second = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if first == second:
        return [first]
    if first < second:
        return [first, second] if follows_the_clock else [first]
    return [] if follows_the_clock else [_change(zone, second, first)]


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The instant between *before* and *after*, to the second, when the zone's offset changes."""
    offset = after.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            after = middle
        else:
            before = middle
    return after
