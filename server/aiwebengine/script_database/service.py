"""The databases of scripts: one for each script, created at its first use."""

from __future__ import annotations

from uuid import UUID

from aiwebengine.database import Database
from aiwebengine.script_calls.invocation import Invocation
from aiwebengine.script_calls.types import Kind
from aiwebengine.script_database import roles, store
from aiwebengine.script_database.connections import ScriptConnections
from aiwebengine.script_database.work import InvocationWork


class ScriptDatabases:
    """The databases of all scripts; *url* is the address of the engine's database."""

    def __init__(self, db: Database, url: str) -> None:
        self._db = db
        self.connections = ScriptConnections(db, url)

    def work_of(self, invocation: Invocation) -> InvocationWork:
        """What an invocation does with its database; the same object for all its questions."""
        found = invocation.state.get(InvocationWork)
        if found is None:
            found = InvocationWork(
                self.connections,
                str(invocation.script.id),
                is_trial=invocation.is_trial,
                is_one=invocation.kind is Kind.INIT,
            )
            invocation.state[InvocationWork] = found
            invocation.on_end(found.end)
        return found

    async def transaction_id(self, invocation: Invocation) -> str | None:
        """The ID of the transaction that an invocation has open; see InvocationWork."""
        found = invocation.state.get(InvocationWork)
        return None if found is None else await found.transaction_id()

    async def exists(self, script_id: UUID) -> bool:
        """Whether a script has a database, which its first statement creates."""
        return await store.password(self._db, script_id) is not None

    async def drop(self, script_id: UUID) -> None:
        """Remove all tables of a script for good, in the caller's transaction."""
        await roles.drop(self._db, script_id)
        self._db.after_commit(lambda: self.connections.forget(str(script_id)))

    async def remove_unused(self) -> int:
        """Remove the schemas of scripts that were never saved; how many there were."""
        unused = await store.unused(self._db)
        for script_id in unused:
            async with self._db.transaction():
                await self.drop(script_id)
        return len(unused)

    async def problem(self) -> str | None:
        """Why scripts that need a database have none on this server; None if they have."""
        if self.connections.problem is not None:
            return self.connections.problem
        return await roles.problem(self._db) if await store.is_used(self._db) else None

    async def stop(self) -> None:
        """Close all connections; open transactions are rolled back."""
        await self.connections.close()
