"""Links from alerts to pages of the manager."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

MANAGER = "/engine/admin"

# The cause is logged before the alert opens: the error rate is measured over minutes.
BEFORE = timedelta(minutes=10)
AFTER = timedelta(minutes=1)

# The log explains these alerts. The others have their own page, or are explained on the page
# Health.
_IN_THE_LOG = frozenset({"database", "error_rate", "event_loop", "workers"})
_PAGES = {
    "administrator_added": "/audit",
    "backup": "/backups",
    "database_role": "/database",
    "migrations": "/migrations",
    "script_suspended": "/audit",
    "writable.backups": "/backups",
}


def page_of(name: str, since: datetime, until: datetime | None) -> str:
    """The path of the page that explains the alert *name*.

    For some alerts these are the errors in the log between *since* and *until* (None: still open).
    """
    if name not in _IN_THE_LOG:
        return MANAGER + _PAGES.get(name, "/health")
    asked = {"level": "WARNING" if name == "event_loop" else "ERROR", "since": _utc(since - BEFORE)}
    if until is not None:
        asked["until"] = _utc(until + AFTER)
    return f"{MANAGER}/logs?{urlencode(asked)}"


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
