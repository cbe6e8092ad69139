"""Notes who asked for what is not theirs."""

from __future__ import annotations

import logging
import time

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.errors import EngineError, Unavailable
from aiwebengine.viewer import Viewer

log = logging.getLogger(__name__)

SILENT_SECS = 60.0
MOST_REMEMBERED = 10_000


class Refusals:
    """Records refusals in the trail: the same one of the same caller once a minute.

    A script that goes on asking must not fill a table that is never emptied.
    """

    def __init__(self, audit: AuditTrail) -> None:
        self._audit = audit
        self._noted: dict[tuple[object, ...], float] = {}

    async def note(self, viewer: Viewer, what: str, error: EngineError) -> None:
        """Record that *error* was the answer to *what*. Never raises: the answer is out already."""
        key, now = (viewer.id, viewer.token_id, viewer.origin.address, what), time.monotonic()
        if now - self._noted.get(key, -SILENT_SECS) < SILENT_SECS:
            return
        self._noted.pop(key, None)
        self._noted[key] = now
        while len(self._noted) > MOST_REMEMBERED:
            del self._noted[next(iter(self._noted))]
        try:
            await self._audit.record(
                viewer,
                AuditAction.ACCESS_REFUSED,
                Target("operation", None, what),
                after={"code": error.code, "message": error.message},
            )
        except Unavailable:
            log.warning("audit.refusal_not_recorded", extra={"operation": what})
