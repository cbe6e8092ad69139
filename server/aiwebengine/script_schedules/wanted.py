"""What an author writes about a schedule, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from aiwebengine.core.errors import BadUserInput
from aiwebengine.script_schedules import plans
from aiwebengine.script_schedules.plans import ONCE, Plan
from aiwebengine.script_schedules.types import (
    LARGEST_DATA_BYTES,
    LONGEST_NAME,
    MOST_RETRIES,
    RETRIES_ONCE,
    RETRIES_RECURRING,
    Wanted,
)
from aiwebengine.scripts.checks import storable

HANDLER = "scheduled"
"""The handler of all schedules of a module."""
MOST_DECLARED = 1_000
LONGEST_HANDLER = 600
_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def checked(place: str, name: Any, plan: Plan, data: Any, retries: Any) -> Wanted:
    """A schedule of a module; *data* is JSON. Raises BadUserInput that begins with *place*."""
    return Wanted(
        checked_name(place, name), plan, HANDLER, _retries(place, plan, retries), _data(place, data)
    )


def checked_name(place: str, name: Any) -> str:
    """A name. Raises BadUserInput."""
    if (
        not isinstance(name, str)
        or not 1 <= len(name) <= LONGEST_NAME
        or not _NAME.fullmatch(name)
        or storable(name) != name
    ):
        raise BadUserInput(
            f"{place}: the name is {name!r:.120}; allowed: 1 to {LONGEST_NAME} characters on one"
            " line."
        )
    return name


def declared(registrations: Sequence[Mapping[str, Any]], now: datetime) -> list[Wanted]:
    """The schedules that a version declares, in either dialect. Raises BadUserInput."""
    found: dict[str, Wanted] = {}
    for one in registrations:
        if one.get("kind") == "clear":
            found.clear()
            continue
        if one.get("kind") == "schedule":
            wanted = _of_module(one)
        elif one.get("kind") in ("once", "recurring"):
            wanted = _of_classic(one, now)
        else:
            continue
        # As in the classic interface, the later of two with the same name counts.
        found[wanted.name] = wanted
    if len(found) > MOST_DECLARED:
        raise BadUserInput(f"schedules: found {len(found)}; allowed: {MOST_DECLARED}.")
    if any(one.get("kind") == "schedule" for one in registrations) and not any(
        one.get("kind") == HANDLER for one in registrations
    ):
        raise BadUserInput(
            "schedules: the default export has no function scheduled, which they would call."
        )
    return list(found.values())


def replaced(registrations: Sequence[Mapping[str, Any]], now: datetime) -> list[str]:
    """The names that a classic script declares more than once. Raises BadUserInput."""
    seen: set[str] = set()
    found: dict[str, None] = {}
    for one in registrations:
        if one.get("kind") == "clear":
            seen.clear()
            found.clear()
        elif one.get("kind") in ("once", "recurring"):
            name = _of_classic(one, now).name
            if name in seen:
                found[name] = None
            seen.add(name)
    return list(found)


def clears(registrations: Sequence[Mapping[str, Any]]) -> bool:
    """Whether init() clears all schedules of the script."""
    return any(one.get("kind") == "clear" for one in registrations)


def _of_module(one: Mapping[str, Any]) -> Wanted:
    name, value = one.get("name"), one.get("plan")
    place = f"schedules[{name!r:.120}]"
    options = value if isinstance(value, Mapping) else {}
    unknown = sorted(map(str, set(options) - {"cron", "timeZone", "every", "data", "retries"}))
    if unknown:
        raise BadUserInput(
            f"{place}: found the field {unknown[0]!r:.100}; allowed: cron, timeZone, every, data,"
            " retries."
        )
    data = options.get("data")
    text = None if data is None else orjson.dumps(data).decode()
    return checked(place, name, plans.plan_of(place, value), text, options.get("retries"))


def _of_classic(one: Mapping[str, Any], now: datetime) -> Wanted:
    handler = str(one.get("handler", ""))[:LONGEST_HANDLER]
    name = one.get("name") or handler
    if one["kind"] == "once":
        place = "schedulerService.registerOnce"
        plan = plans.once_plan(place, one.get("runAt"), now)
    else:
        place = "schedulerService.registerRecurring"
        minutes, interval = one.get("intervalMinutes"), one.get("intervalMilliseconds")
        if interval is None and isinstance(minutes, int | float):
            interval = minutes * 60_000
        plan = plans.every_plan(place, interval, one.get("startAt"))
    retries = _retries(place, plan, None)
    return Wanted(checked_name(place, name), plan, handler, retries)


def _retries(place: str, plan: Plan, value: Any) -> int:
    if value is None:
        return RETRIES_ONCE if plan.kind == ONCE else RETRIES_RECURRING
    is_number = isinstance(value, int) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= MOST_RETRIES:
        raise BadUserInput(f"{place}: retries is {value!r:.100}; allowed: 0 to {MOST_RETRIES}.")
    return int(value)


def _data(place: str, value: Any) -> str | None:
    if value is None:
        return None
    try:
        if not isinstance(value, str):
            raise ValueError
        orjson.loads(value)
    except ValueError:
        raise BadUserInput(f"{place}: data is not JSON.") from None
    size = len(value.encode())
    if size > LARGEST_DATA_BYTES:
        raise BadUserInput(
            f"{place}: data has {size:,} bytes as JSON; allowed: {LARGEST_DATA_BYTES:,}."
        )
    return value
