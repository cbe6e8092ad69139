"""Which page of the manager shows what an alert is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

MANAGER = "/engine/admin"

# What began it stands in the log before it was noticed: the rate of errors is one of minutes.
BEFORE = timedelta(minutes=10)
AFTER = timedelta(minutes=1)

# The lines of these faults are errors of the log; the others have a page of their own, or are seen
# on that of the checks.
_IN_THE_LOG = frozenset({"database", "error_rate", "event_loop", "workers"})
_PAGES = {
    "administrator_added": "/audit",
    "backup": "/backups",
    "database_role": "/database",
    "migrations": "/migrations",
    "writable.backups": "/backups",
}


def page_of(name: str, since: datetime, until: datetime | None) -> str:
    """The path of the page about the alert *name*.

    That is the log's errors around the time from *since* to *until* (None: it lasts), where they
    explain the fault.
    """
    if name not in _IN_THE_LOG:
        return MANAGER + _PAGES.get(name, "/health")
    asked = {"level": "WARNING" if name == "event_loop" else "ERROR", "since": _utc(since - BEFORE)}
    if until is not None:
        asked["until"] = _utc(until + AFTER)
    return f"{MANAGER}/logs?{urlencode(asked)}"


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
