"""What several ask for at the same moment is read once for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar, cast

from aiwebengine.database.pool import Database

Value = TypeVar("Value")


class Coalescing:
    """Reads of *db*, each done once for those who wait for the same.

    Nobody is handed a reading that began before they asked: whoever comes while one is under way
    waits for the next, which all who came meanwhile have together. So nothing here is older than
    a reading of one's own would be, and a revocation counts at once. Whoever is handed a value
    must not change it.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._under_way: dict[Hashable, asyncio.Future[None]] = {}
        self._next: dict[Hashable, asyncio.Task[Any]] = {}

    async def get(self, key: Hashable, read: Callable[[], Awaitable[Value]]) -> Value:
        """What *read* gives; *key* says what it reads. Raises what *read* raises."""
        if self._db.is_in_transaction:
            # It sees what nobody else does yet.
            return await read()
        coming = self._next.get(key)
        if coming is None:
            ended = self._under_way.get(key)
            if ended is None:
                return await self._reading(key, read)
            coming = asyncio.create_task(self._after(ended, key, read))
            coming.add_done_callback(_looked_at)
            self._next[key] = coming
        # One who leaves must not take the others' answer along.
        return cast(Value, await asyncio.shield(coming))

    async def _after(
        self, ended: asyncio.Future[None], key: Hashable, read: Callable[[], Awaitable[Value]]
    ) -> Value:
        await asyncio.shield(ended)
        # It begins here: who comes from now on has the one after it.
        del self._next[key]
        return await self._reading(key, read)

    async def _reading(self, key: Hashable, read: Callable[[], Awaitable[Value]]) -> Value:
        ended = self._under_way[key] = asyncio.get_running_loop().create_future()
        try:
            return await read()
        finally:
            del self._under_way[key]
            ended.set_result(None)


def _looked_at(coming: asyncio.Task[Any]) -> None:
    """An error that everybody had left before it came is nobody's."""
    if not coming.cancelled():
        coming.exception()
