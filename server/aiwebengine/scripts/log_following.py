"""New lines of a script's log, whichever instance stores them."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from uuid import UUID

from aiwebengine.database import Database
from aiwebengine.scripts import log_store
from aiwebengine.scripts.log_types import ScriptLogFilter, ScriptLogLine

POLL_SECS = 0.5
MOST_AT_ONCE = 200
# Lines get their numbers before they are committed: a lower one may appear after a higher one.
# Longer than any transaction that stores lines.
SETTLED_SECS = 5.0


class LogFollower:
    """Reads the lines of a script that are stored from the creation of this object on.

    Nothing is left out: a slow reader gets the lines late, from the database.
    """

    def __init__(
        self, db: Database, script_id: UUID, wanted: ScriptLogFilter, newest_number: int
    ) -> None:
        self._db = db
        self._script_id = script_id
        self._wanted = wanted
        self.newest_number = newest_number
        """The number of the newest line at the beginning."""
        self._floor = newest_number
        self._recent: deque[tuple[float, int]] = deque()

    async def read(self) -> list[ScriptLogLine]:
        """Lines that were not read before, oldest first. Raises Unavailable."""
        known = [number for _, number in self._recent]
        lines = await log_store.after(
            self._db, self._script_id, self._wanted, self._floor, known, MOST_AT_ONCE
        )
        now = time.monotonic()
        self._recent.extend((now, line.number) for line in lines)
        while self._recent and self._recent[0][0] < now - SETTLED_SECS:
            self._floor = max(self._floor, self._recent.popleft()[1])
        return lines

    async def lines(self) -> AsyncIterator[ScriptLogLine]:
        """The lines as they come, without end. Raises Unavailable."""
        while True:
            found = await self.read()
            for line in found:
                yield line
            if len(found) < MOST_AT_ONCE:
                await asyncio.sleep(POLL_SECS)
