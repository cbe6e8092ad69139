"""Counts the calls of scripts by hour, and adds them to the database in batches."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from aiwebengine.core.errors import Unavailable
from aiwebengine.scripts.activity_types import CallCount

log = logging.getLogger(__name__)

FLUSH_EVERY_SECS = 2.0
"""How late the numbers are at most, while the database answers."""
MOST_AT_ONCE = 1_000
"""Counts in one statement."""
MOST_WAITING = 100_000
"""Scripts and hours that wait while the database is down; calls of more are left out."""

_Key = tuple[UUID, datetime]
Add = Callable[[Sequence[CallCount]], Awaitable[None]]


class ActivityCounter:
    """Counts the calls of this worker.

    *add* adds some counts to the database, all or none, and raises Unavailable.
    """

    def __init__(self, add: Add) -> None:
        self._add = add
        self._waiting: dict[_Key, tuple[int, int]] = {}
        # Two at the same time would add the same calls.
        self._flushing = asyncio.Lock()

    def note(self, script_id: UUID, status: int) -> None:
        """Count a call; a 5xx status is an error."""
        hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        self._note((script_id, hour), 1, int(status >= 500))

    async def flush(self) -> None:
        """Add what was counted to the database. Raises Unavailable; then it waits on."""
        async with self._flushing:
            waiting, self._waiting = self._waiting, {}
            try:
                while waiting:
                    keys = list(waiting)[:MOST_AT_ONCE]
                    await self._add([CallCount(*key, *waiting[key]) for key in keys])
                    for key in keys:
                        del waiting[key]
            finally:
                for key, (requests, errors) in waiting.items():
                    self._note(key, requests, errors)

    async def run(self) -> None:
        """Flush until cancelled."""
        while True:
            await asyncio.sleep(FLUSH_EVERY_SECS)
            try:
                await self.flush()
            except Unavailable:
                log.debug("script_activity.postponed")
            except Exception:
                # Counts that can't be added must not hold up the others for ever.
                self._waiting.clear()
                log.exception("script_activity.bug")

    async def stop(self) -> None:
        """Flush, if the database answers."""
        try:
            await self.flush()
        except Unavailable:
            log.warning("script_activity.lost")

    def _note(self, key: _Key, requests: int, errors: int) -> None:
        before = self._waiting.get(key)
        if before is None and len(self._waiting) >= MOST_WAITING:
            return
        known_requests, known_errors = before or (0, 0)
        self._waiting[key] = (known_requests + requests, known_errors + errors)
