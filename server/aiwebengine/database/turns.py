"""Turns and places in a process: those who wait for one hold no connection."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from aiwebengine.core.errors import EngineError, Unavailable

PLACES_SECS = 10.0
"""The longest wait for a place."""
_PART = 3


class Turns:
    """Take a turn before a transaction of the engine: one at a time for each key.

    How long a turn lasts, the author of a script decides.
    """

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[Hashable, asyncio.Lock] = WeakValueDictionary()
        self._waiting: Counter[Hashable] = Counter()

    def waiting(self, key: Hashable) -> int:
        """How many wait for a turn of *key*."""
        return self._waiting[key]

    def is_taken(self, key: Hashable) -> bool:
        """Whether who asks for a turn of *key* has to wait."""
        lock = self._locks.get(key)
        return lock is not None and lock.locked()

    @asynccontextmanager
    async def turn(
        self, key: Hashable, secs: float, problem: str | EngineError
    ) -> AsyncIterator[None]:
        """The turn of a key. Raises *problem*, a text as Unavailable, after *secs*."""
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        self._waiting[key] += 1
        try:
            async with asyncio.timeout(secs):
                await lock.acquire()
        except TimeoutError:
            raise _error(problem) from None
        finally:
            self._waiting[key] -= 1
            if not self._waiting[key]:
                del self._waiting[key]
        try:
            yield
        finally:
            lock.release()


class Places:
    """Take a place before a transaction that the author of a script can make long.

    They occupy a part of the pool's *connections* at most: the rest is for everybody else.
    """

    def __init__(self, connections: int, problem: str) -> None:
        self._free = asyncio.Semaphore(max(connections // _PART, 1))
        self._problem = problem

    async def take(self) -> None:
        """Wait for a place; the caller gives it back. Raises Unavailable after PLACES_SECS."""
        try:
            async with asyncio.timeout(PLACES_SECS):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable(self._problem) from None

    def give_back(self) -> None:
        """Let the next one in."""
        self._free.release()

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """A place. Raises Unavailable."""
        await self.take()
        try:
            yield
        finally:
            self.give_back()


def _error(problem: str | EngineError) -> EngineError:
    return Unavailable(problem) if isinstance(problem, str) else problem
