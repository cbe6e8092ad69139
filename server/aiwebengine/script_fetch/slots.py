"""How many requests run at the same time, of one script and of all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager

from aiwebengine.core.errors import RateLimited


class Slots:
    """At most *of_one* uses of a key and *of_all* together; others wait, *waiting* of a key."""

    def __init__(self, of_one: int, of_all: int, waiting: int) -> None:
        self._of_one = of_one
        self._waiting = waiting
        self._all = asyncio.Semaphore(of_all)
        self._ones: dict[Hashable, tuple[asyncio.Semaphore, int]] = {}

    @asynccontextmanager
    async def taken(self, key: Hashable) -> AsyncIterator[None]:
        """A slot of *key*, once one is free. Raises RateLimited when too many wait."""
        one, users = self._ones.get(key, (asyncio.Semaphore(self._of_one), 0))
        if users >= self._of_one + self._waiting:
            raise RateLimited(
                f"The script has {users} requests to other servers at a time already.", 1
            )
        self._ones[key] = one, users + 1
        try:
            # The script's own first, so that one that waits for itself takes nothing from others.
            async with one, self._all:
                yield
        finally:
            one, users = self._ones.pop(key)
            if users > 1:
                self._ones[key] = one, users - 1
