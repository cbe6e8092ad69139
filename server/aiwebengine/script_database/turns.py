"""Turns: in a process, one at a time for each script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID
from weakref import WeakValueDictionary

from aiwebengine.core.errors import Unavailable


class Turns:
    """Take a turn before a transaction of the engine: those who wait then hold no connection.

    How long a turn lasts, the author of a script decides.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, script_id: UUID, secs: float, problem: str) -> AsyncIterator[None]:
        """The turn of a script. Raises Unavailable with *problem* after *secs*."""
        lock = self._locks.get(script_id)
        if lock is None:
            lock = self._locks[script_id] = asyncio.Lock()
        try:
            async with asyncio.timeout(secs):
                await lock.acquire()
        except TimeoutError:
            raise Unavailable(problem) from None
        try:
            yield
        finally:
            lock.release()
