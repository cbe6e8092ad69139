"""What the log says of a database that is away: once, then every few minutes, then its return."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime

from aiwebengine.health.types import HealthCheck

log = logging.getLogger(__name__)

AGAIN_AFTER_SECS = 300.0


class OutageLog:
    """Logs an outage of the database; one process of each instance keeps one."""

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._due = 0.0

    def lasts(self, database: HealthCheck) -> None:
        """Log that it does not answer, unless that was logged a moment ago."""
        if self._since is None:
            self._since, self._due = database.since, 0.0
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + AGAIN_AFTER_SECS
            extra = {"error": database.detail, "down_secs": _secs_since(self._since)}
            log.error("database.down", extra=extra)

    def is_over(self) -> None:
        """Log that it answers again, if it did not."""
        if self._since is not None:
            log.warning("database.up", extra={"down_secs": _secs_since(self._since)})
            self._since = None


def _secs_since(instant: datetime) -> float:
    return round((datetime.now(UTC) - instant).total_seconds(), 1)
