"""Transactions on a script's own connections, one at a time for each script."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from uuid import UUID

from aiwebengine.core.errors import Conflict, EngineError, LimitExceeded, Unavailable
from aiwebengine.database.restricted import RestrictedConnection
from aiwebengine.database.turns import Turns
from aiwebengine.script_database.connections import ScriptConnections
from aiwebengine.script_tables.types import MOST_WAITING, WAIT_SECS


class TableSessions:
    """Transactions with the rights of a script's role.

    Those of one script wait for each other: its own requests keep the rest of its connections.
    """

    def __init__(self, connections: ScriptConnections) -> None:
        self._connections = connections
        self._turns = Turns()

    @asynccontextmanager
    async def reading(self, script_id: UUID) -> AsyncIterator[RestrictedConnection]:
        """A transaction in which nothing can be written, not even by a function in a view."""
        async with self._transaction(script_id, "begin read only") as connection:
            yield connection
            await connection.command("rollback")

    @asynccontextmanager
    async def writing(
        self, script_id: UUID, recording: Callable[[], AbstractAsyncContextManager[None]]
    ) -> AsyncIterator[RestrictedConnection]:
        """A transaction that is committed inside *recording*, which its failure undoes.

        Raises SqlError for a constraint that was deferred.
        """
        async with self._transaction(script_id, "begin") as connection:
            yield connection
            # Deferred triggers run here: *recording* holds a connection of the engine, for which
            # nobody waits who waits for what the script's author wrote.
            await connection.command("set constraints all immediate")
            async with recording():
                if await connection.command("commit") == "ROLLBACK":
                    raise Conflict("A statement of the transaction failed; nothing was changed.")

    @asynccontextmanager
    async def _transaction(
        self, script_id: UUID, begin: str
    ) -> AsyncIterator[RestrictedConnection]:
        waiting = self._turns.waiting(script_id)
        if waiting >= MOST_WAITING:
            raise LimitExceeded(
                f"{waiting} others wait to read or change tables of this script. Try again later."
            )
        problem = f"Somebody else read tables of this script for {WAIT_SECS:g} s. Try again."
        async with self._turns.turn(script_id, WAIT_SECS, problem):
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
