"""What a version offers besides routes, by name, for people who are about to deploy it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

LONGEST_SHOWN_NAME = 200
MOST_SHOWN = 1_000

_SCHEDULES = ("schedule", "once", "recurring")


def schedule_names(registrations: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names of the schedules among *registrations*, sorted. Whether they are allowed is not looked
    at: `script_schedules` does that.
    """
    found: set[str] = set()
    for one in registrations:
        if one.get("kind") == "clear":
            found.clear()
        elif one.get("kind") in _SCHEDULES:
            found.add(str(one.get("name") or one.get("handler") or "")[:LONGEST_SHOWN_NAME])
    return sorted(found)[:MOST_SHOWN]
