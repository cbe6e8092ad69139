"""Applies the migrations of a script in the transaction that deploys it."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from aiwebengine.database import Database
from aiwebengine.database.restricted import SqlError, refusals_translated
from aiwebengine.database.turns import Turns
from aiwebengine.script_database import roles, store
from aiwebengine.script_database.migration_files import FOLDER, Applied, Plan, Step, plan
from aiwebengine.script_database.statements import Statement, line_of
from aiwebengine.scripts.errors import NotLoadable
from aiwebengine.scripts.types import Diagnostic, Severity

CHECK_WAIT_SECS = 10.0
"""Wait for another check of the same script: each process runs one at a time."""


class _Undo(Exception):
    """Ends a transaction that was only a test."""


class ScriptMigrations:
    """The step of a deployment that changes a script's schema."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._turns = Turns()

    async def check(self, script_id: UUID, files: Mapping[str, bytes]) -> list[Diagnostic]:
        """What is wrong with the migrations: those that are new are applied and rolled back."""
        found = await self._plan(script_id, files, goes_back=False)
        if found.has_errors or found.is_empty:
            return list(found.diagnostics)
        busy = (
            f"The migrations of this script are being checked, for more than {CHECK_WAIT_SECS:g} s."
            " Try again."
        )
        try:
            async with (
                self._turns.turn(script_id, CHECK_WAIT_SECS, busy),
                self._db.deployments.taken(),
                self._db.transaction(),
            ):
                await self._run(script_id, found, version=0, notes=False)
                raise _Undo
        except _Undo:
            return list(found.diagnostics)
        except NotLoadable as error:
            return [*found.diagnostics, *error.diagnostics]

    async def apply(
        self, script_id: UUID, files: Mapping[str, bytes], version: int, *, goes_back: bool
    ) -> None:
        """Change the schema, in the caller's transaction. Raises NotLoadable, Unavailable."""
        found = await self._plan(script_id, files, goes_back=goes_back)
        if found.has_errors:
            raise NotLoadable(list(found.diagnostics))
        if not found.is_empty:
            await self._run(script_id, found, version=version, notes=True)

    async def _plan(self, script_id: UUID, files: Mapping[str, bytes], *, goes_back: bool) -> Plan:
        rows = await store.applied(self._db, script_id)
        applied = [
            Applied(row["name"], row["source"], row["rollback"], row["version"]) for row in rows
        ]
        if not applied and not any(path.startswith(FOLDER) for path in files):
            return Plan((), (), ())
        return plan(files, applied, goes_back=goes_back)

    async def _run(self, script_id: UUID, found: Plan, *, version: int, notes: bool) -> None:
        role = roles.role_of(script_id)
        await roles.ensure(self._db, script_id)
        await self._must_have_no_code(role)
        with refusals_translated():
            await store.begin_running(self._db, role)
        for _, step in found.undone:
            await self._run_step(role, step)
        for _, step in found.run:
            await self._run_step(role, step)
        with refusals_translated():
            await store.end_running(self._db, role)
        await self._must_have_no_code(role)
        if await store.has_temporary(self._db):
            # They would stay in the engine's session, and hide its own tables from it.
            raise _unfit("Temporary tables are not available to scripts.")
        if not notes:
            return
        await store.forget_migrations(self._db, script_id, [one.name for one, _ in found.undone])
        for one, _ in found.run:
            await store.note_migration(
                self._db, script_id, one.name, one.source, one.rollback, one.digest, version
            )

    async def _must_have_no_code(self, role: str) -> None:
        """Functions and triggers would run in the engine's transaction, perhaps when it ends."""
        if await store.has_code(self._db, role):
            raise _unfit(
                f"The schema {role} has functions, triggers or rules, which scripts can't have."
                " Drop them."
            )

    async def _run_step(self, role: str, step: Step) -> None:
        for statement in step.statements:
            try:
                with refusals_translated():
                    await store.run(self._db, role, statement.sql)
            except SqlError as error:
                raise NotLoadable([_diagnostic(step, statement, error)]) from error


def _unfit(message: str) -> NotLoadable:
    return NotLoadable([Diagnostic(severity=Severity.ERROR, message=message)])


def _diagnostic(step: Step, statement: Statement, error: SqlError) -> Diagnostic:
    """Where in the file PostgreSQL found the error."""
    position = error.position or 0
    before = statement.sql[:position]
    last_line = before.rfind("\n")
    line = statement.line + line_of(statement.sql, position) - 1
    hint = f" Hint: {error.hint}" if error.hint else ""
    return Diagnostic(
        severity=Severity.ERROR,
        message=f"{error.message}{hint}",
        file=step.path,
        line=line,
        column=position - last_line if last_line >= 0 else None,
    )
