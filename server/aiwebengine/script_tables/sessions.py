"""Transactions on a script's own connections, one at a time for each script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from uuid import UUID
from weakref import WeakValueDictionary

from aiwebengine.core.errors import Conflict, EngineError, Unavailable
from aiwebengine.database.restricted import RestrictedConnection
from aiwebengine.script_database.connections import ScriptConnections
from aiwebengine.script_tables.types import WAIT_SECS


class TableSessions:
    """Transactions with the rights of a script's role.

    Those of one script wait for each other: its own requests keep the rest of its connections.
    """

    def __init__(self, connections: ScriptConnections) -> None:
        self._connections = connections
        self._locks: WeakValueDictionary[UUID, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def reading(self, script_id: UUID) -> AsyncIterator[RestrictedConnection]:
        """A transaction in which nothing can be written, not even by a function in a view."""
        async with self._transaction(script_id, "begin read only") as connection:
            yield connection
            await connection.command("rollback")

    @asynccontextmanager
    async def writing(self, script_id: UUID) -> AsyncIterator[RestrictedConnection]:
        """A transaction that is committed. Raises SqlError for a constraint that was deferred."""
        async with self._transaction(script_id, "begin") as connection:
            yield connection
            if await connection.command("commit") == "ROLLBACK":
                raise Conflict("A statement of the transaction failed; nothing was changed.")

    @asynccontextmanager
    async def _transaction(
        self, script_id: UUID, begin: str
    ) -> AsyncIterator[RestrictedConnection]:
        async with self._turn(script_id):
            key = str(script_id)
            connection = await self._begun(key, begin)
            try:
                yield connection
            except EngineError:
                with suppress(EngineError):
                    await connection.command("rollback")
                raise
            finally:
                # In a transaction still, after a cancellation, it is closed.
                self._connections.release(key, connection)

    @asynccontextmanager
    async def _turn(self, script_id: UUID) -> AsyncIterator[None]:
        lock = self._locks.get(script_id)
        if lock is None:
            lock = self._locks[script_id] = asyncio.Lock()
        try:
            async with asyncio.timeout(WAIT_SECS):
                await lock.acquire()
        except TimeoutError:
            raise Unavailable(
                f"Somebody else read tables of this script for {WAIT_SECS:g} s. Try again."
            ) from None
        try:
            yield
        finally:
            lock.release()

    async def _begun(self, key: str, begin: str) -> RestrictedConnection:
        connection = await self._connections.acquire(key)
        try:
            await connection.command(begin)
            return connection
        except Unavailable:
            # The server has ended it while it was idle.
            self._connections.release(key, connection, is_clean=False)
        except BaseException:
            self._connections.release(key, connection, is_clean=False)
            raise
        connection = await self._connections.acquire(key)
        try:
            await connection.command(begin)
        except BaseException:
            self._connections.release(key, connection, is_clean=False)
            raise
        return connection
