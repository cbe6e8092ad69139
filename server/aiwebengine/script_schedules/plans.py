"""When a schedule is due: what an author writes, and the times that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiwebengine.core import cron
from aiwebengine.core.durations import duration_ms
from aiwebengine.core.errors import BadUserInput

SHORTEST_INTERVAL_MS = 100
LONGEST_DAYS = 366
LONGEST_CRON = 200
LONGEST_TIME_ZONE = 100

ONCE, EVERY, CRON = "once", "every", "cron"

_TIMES = 'a time such as "2030-01-31T12:00:00Z", or {in: "10m"}'


@dataclass(frozen=True)
class Plan:
    """The times at which a schedule is due."""

    kind: str
    anchor: datetime | None = None
    """The time of `once`; the first time of `every`, None: one interval after it is set."""
    every_ms: int | None = None
    cron: str | None = None
    time_zone: str = "UTC"

    def first(self, now: datetime) -> datetime:
        """When it is due first, if it is set *now*."""
        if self.kind == ONCE:
            return self.anchor or now
        if self.kind == EVERY and self.anchor is None:
            return now + timedelta(milliseconds=self.every_ms or 0)
        if self.kind == EVERY and self.anchor is not None and self.anchor > now:
            return self.anchor
        return self.next(self.anchor or now, now)

    def next(self, anchor: datetime, now: datetime) -> datetime:
        """When it is due next after *now*. The times of an interval count from *anchor*."""
        if self.kind == CRON:
            due = cron.next_due(self.cron or "", ZoneInfo(self.time_zone), now)
            assert due is not None  # noqa: S101 - a plan is never "off"
            return due
        interval = timedelta(milliseconds=self.every_ms or SHORTEST_INTERVAL_MS)
        return anchor + interval * ((now - anchor) // interval + 1)


def plan_of(place: str, value: Any) -> Plan:
    """The plan of a declaration: a cron expression, `{cron, timeZone}` or `{every}`.

    Raises BadUserInput that begins with *place*.
    """
    if isinstance(value, str):
        return cron_plan(place, value)
    if not isinstance(value, Mapping):
        raise BadUserInput(
            f'{place}: found {_shown(value)}; allowed: a cron expression, {{cron: "0 2 * * *",'
            ' timeZone: "Europe/Berlin"} or {every: "5m"}.'
        )
    if ("cron" in value) == ("every" in value):
        raise BadUserInput(f"{place}: needs either cron or every.")
    if "cron" in value:
        return cron_plan(place, value["cron"], value.get("timeZone", "UTC"))
    return every_plan(place, value["every"])


def cron_plan(place: str, expression: Any, time_zone: Any = "UTC") -> Plan:
    """A plan by the local time of a zone. Raises BadUserInput."""
    if not isinstance(expression, str) or len(expression) > LONGEST_CRON:
        raise BadUserInput(
            f'{place}: found {_shown(expression)}; allowed: five fields such as "0 2 * * *".'
        )
    if not isinstance(time_zone, str) or len(time_zone) > LONGEST_TIME_ZONE:
        raise BadUserInput(
            f"{place}: the time zone is {_shown(time_zone)}; allowed: a name such as Europe/Berlin."
        )
    try:
        kept = cron.checked(expression)
    except ValueError as error:
        allowed = str(error).removeprefix('"off", or ')
        raise BadUserInput(f"{place}: found {_shown(expression)}; allowed: {allowed}.") from None
    if kept == cron.OFF:
        raise BadUserInput(f'{place}: found "off"; leave the schedule out instead.')
    try:
        zone = cron.checked_zone(time_zone)
    except ValueError as error:
        raise BadUserInput(
            f"{place}: the time zone is {_shown(time_zone)}; allowed: {error}."
        ) from None
    return Plan(CRON, cron=kept, time_zone=zone)


def every_plan(place: str, interval: Any, start_at: Any = None) -> Plan:
    """A plan of equal intervals. Raises BadUserInput."""
    milliseconds = duration_ms(place, interval, LONGEST_DAYS)
    if milliseconds < SHORTEST_INTERVAL_MS:
        raise BadUserInput(
            f"{place}: found {_shown(interval)}; allowed: at least {SHORTEST_INTERVAL_MS} ms."
        )
    anchor = None if start_at is None else time_of(place, start_at)
    return Plan(EVERY, anchor=anchor, every_ms=milliseconds)


def once_plan(place: str, at: Any, now: datetime) -> Plan:
    """A plan with one time: a time in ISO 8601, milliseconds since 1970, or `{in}`.

    A time in the past is due at once. Raises BadUserInput.
    """
    if isinstance(at, Mapping):
        if set(at) != {"in"}:
            names = ", ".join(map(_shown, at))[:200]
            raise BadUserInput(f"{place}: found the fields {names}; allowed: {_TIMES}.")
        milliseconds = duration_ms(place, at["in"], LONGEST_DAYS)
        return Plan(ONCE, anchor=now + timedelta(milliseconds=milliseconds))
    return Plan(ONCE, anchor=time_of(place, at))


def time_of(place: str, value: Any) -> datetime:
    """A time. Without a time zone it is in UTC. Raises BadUserInput."""
    try:
        if _is_number(value):
            return datetime.fromtimestamp(value / 1_000, UTC)
        if isinstance(value, str):
            found = datetime.fromisoformat(value.strip())
            # An offset near the first and the last year leads beyond them.
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise BadUserInput(f"{place}: found {_shown(value)}; allowed: {_TIMES}.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    """A value in an error message."""
    return f"{value!r}"[:100]
