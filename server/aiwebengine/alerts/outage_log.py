"""Logs outages of the database: at the start, every few minutes, and at the end."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime

from aiwebengine.health.types import HealthCheck

log = logging.getLogger(__name__)

AGAIN_AFTER_SECS = 300.0


class OutageLog:
    """Logs outages of the database, in one process per instance."""

    def __init__(self) -> None:
        self._since: datetime | None = None
        self._due = 0.0

    def lasts(self, database: HealthCheck) -> None:
        """Log that the database does not answer, unless that was logged recently."""
        if self._since is None:
            self._since, self._due = database.since, 0.0
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + AGAIN_AFTER_SECS
            extra = {"error": database.detail, "down_secs": _secs_since(self._since)}
            log.error("database.down", extra=extra)

    def is_over(self) -> None:
        """Log that the database answers again, if it was down."""
        if self._since is not None:
            log.warning("database.up", extra={"down_secs": _secs_since(self._since)})
            self._since = None


def _secs_since(instant: datetime) -> float:
    return round((datetime.now(UTC) - instant).total_seconds(), 1)
