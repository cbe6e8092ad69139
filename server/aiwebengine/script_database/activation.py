"""What a deployment does to a script's database."""

from __future__ import annotations

from uuid import UUID

from aiwebengine.script_database.migrating import ScriptMigrations
from aiwebengine.script_database.service import ScriptDatabases
from aiwebengine.scripts.activation import Activation, ActivationStep, Offered
from aiwebengine.scripts.types import Diagnostic


class DatabaseStep(ActivationStep):
    """Applies migrations when a version becomes the active one, in the same transaction."""

    def __init__(self, databases: ScriptDatabases, migrations: ScriptMigrations) -> None:
        self._databases = databases
        self._migrations = migrations

    async def check(self, offered: Offered) -> list[Diagnostic]:
        """Problems of the migrations: they are applied and rolled back."""
        return await self._migrations.check(offered.script_id, await offered.files())

    async def prepare(self, activation: Activation) -> None:
        """Apply what is new; when an earlier version takes over, undo what it does not have."""
        before = activation.previous_version
        await self._migrations.apply(
            activation.script_id,
            await activation.files(),
            activation.version,
            goes_back=before is not None and activation.version < before,
        )

    async def purged(self, script_id: UUID) -> None:
        """Drop the schema with all its tables, and the role."""
        await self._databases.drop(script_id)
