"""The tables of scripts: what their owners read, and change row by row."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction
from aiwebengine.core.errors import BadUserInput, Conflict, NotFound
from aiwebengine.core.identity import Viewer
from aiwebengine.database import Database
from aiwebengine.database.restricted import RestrictedConnection, Result
from aiwebengine.script_database import roles
from aiwebengine.script_database.service import ScriptDatabases
from aiwebengine.script_database.statements import Statement
from aiwebengine.script_tables import catalog, checks, statements
from aiwebengine.script_tables.sessions import TableSessions
from aiwebengine.script_tables.statements import Sql, Wanted
from aiwebengine.script_tables.types import (
    LONGEST_CELL,
    LONGEST_KEY,
    LONGEST_SHOWN,
    MOST_CELLS,
    MOST_CHARACTERS,
    MOST_SKIPPED,
    SHORTEST_SHOWN,
    AfterKey,
    ColumnValue,
    Filter,
    Order,
    Row,
    RowPage,
    Shortened,
    Skip,
    Start,
    Table,
    TableInfo,
)
from aiwebengine.scripts.access import FindsScripts, target_of
from aiwebengine.scripts.rights import Act
from aiwebengine.scripts.types import Script

MOST_NAMED = 20
"""Columns in an audit event."""


class ScriptTables:
    """The operations on tables for owners and administrators.

    The script's own role runs every statement, so PostgreSQL keeps them from all other data. All
    raise Unauthenticated, Forbidden, NotFound, and Unavailable, SqlError, ResultTooLarge of the
    script's database.
    """

    def __init__(
        self,
        db: Database,
        audit: AuditTrail,
        scripts: FindsScripts,
        databases: ScriptDatabases,
    ) -> None:
        self._db = db
        self._audit = audit
        self._scripts = scripts
        self._databases = databases
        self._sessions = TableSessions(databases.connections)

    async def all(self, viewer: Viewer, slug: str) -> list[TableInfo]:
        """The tables and views of a script, by name."""
        script = await self._scripts.must_be_allowed_to(viewer, Act.READ_DATA, slug)
        # Reading creates no role and schema for a script that has none.
        if not await self._databases.exists(script.key):
            return []
        async with self._sessions.reading(script.key) as connection:
            return await catalog.tables(connection)

    async def table(self, viewer: Viewer, slug: str, name: str) -> Table:
        """A table with its columns."""
        script = await self._with_database(viewer, slug, Act.READ_DATA, name)
        async with self._sessions.reading(script.key) as connection:
            return await catalog.table(connection, name)

    async def page(
        self,
        viewer: Viewer,
        slug: str,
        name: str,
        filters: Sequence[Filter],
        order: Order | None,
        start: Start | None,
        first: int,
    ) -> RowPage:
        """Rows that fit all *filters*; fewer than *first* of a wide table. Raises BadUserInput."""
        checks.filters(filters)
        script = await self._with_database(viewer, slug, Act.READ_DATA, name)
        async with self._sessions.reading(script.key) as connection:
            table = await catalog.table(connection, name)
            if isinstance(start, AfterKey) and len(start.key) != len(table.key):
                raise BadUserInput("after: the table's key has changed. Begin at the first page.")
            rows = max(min(first, MOST_CELLS // max(len(table.columns), 1)), 1)
            characters = _characters(rows * len(table.columns), LONGEST_SHOWN)
            wanted = Wanted(filters, order, start, rows + 1, characters)
            sql = statements.page(roles.role_of(script.key), table, wanted)
            found = (await _run(connection, sql, rows + 1)).rows
        shown = [_row(table, row, characters) for row in found[:rows]]
        following = _next(order, start, shown) if len(found) > rows else None
        return RowPage(table, shown, following, is_cut=len(found) > rows and following is None)

    async def row(self, viewer: Viewer, slug: str, name: str, key: Sequence[str]) -> Row | None:
        """One row with up to LONGEST_CELL characters of each cell. Raises BadUserInput."""
        script = await self._with_database(viewer, slug, Act.READ_DATA, name)
        async with self._sessions.reading(script.key) as connection:
            table = await catalog.table(connection, name)
            checks.key(table, key)
            return await _found(connection, script, table, key)

    async def update(
        self,
        viewer: Viewer,
        slug: str,
        name: str,
        key: Sequence[str],
        version: str,
        values: Sequence[ColumnValue],
    ) -> Row:
        """Change a row that has *version*. Raises BadUserInput, Conflict, LimitExceeded."""
        if not values:
            raise BadUserInput("values: found none; allowed: at least one column.")
        script = await self._with_database(viewer, slug, Act.CHANGE_DATA, name)
        await self._must_have_space(script, "update")
        recording = partial(self._recording, viewer, script, name, "updated", values)
        async with self._sessions.writing(script.key, recording) as connection:
            table = await catalog.table(connection, name)
            checks.key(table, key)
            checks.values(table, values)
            sql = statements.update(roles.role_of(script.key), table, key, version, values)
            changed = (await _run(connection, sql, 1)).rows
            if not changed:
                await _raise_other_version(connection, script, table, key, version)
            found = await _found(connection, script, table, changed[0][0])
        if found is None:
            raise Conflict("The row was changed, and a trigger has removed it.")
        return found

    async def insert(
        self, viewer: Viewer, slug: str, name: str, values: Sequence[ColumnValue]
    ) -> Row | None:
        """Add a row; None in a table without a key. Raises BadUserInput, LimitExceeded."""
        script = await self._with_database(viewer, slug, Act.CHANGE_DATA, name)
        await self._must_have_space(script, "insert")
        recording = partial(self._recording, viewer, script, name, "inserted", values)
        async with self._sessions.writing(script.key, recording) as connection:
            table = await catalog.table(connection, name)
            if not table.takes_rows:
                raise BadUserInput(f"{name} is a view; rows are inserted into its tables.")
            checks.values(table, values)
            sql = statements.insert(roles.role_of(script.key), table, values)
            added = (await _run(connection, sql, 1)).rows
            if not added:
                raise Conflict("Nothing was inserted: a trigger or rule of the table skips it.")
            if not table.key:
                return None
            return await _found(connection, script, table, added[0][0])

    async def delete(
        self, viewer: Viewer, slug: str, name: str, key: Sequence[str], version: str
    ) -> None:
        """Remove a row that has *version*. Raises BadUserInput, Conflict."""
        script = await self._with_database(viewer, slug, Act.CHANGE_DATA, name)
        recording = partial(self._recording, viewer, script, name, "deleted", ())
        async with self._sessions.writing(script.key, recording) as connection:
            table = await catalog.table(connection, name)
            checks.key(table, key)
            sql = statements.delete(roles.role_of(script.key), table, key, version)
            if not (await _run(connection, sql, 1)).rows:
                await _raise_other_version(connection, script, table, key, version)

    async def _with_database(self, viewer: Viewer, slug: str, act: Act, name: str) -> Script:
        script = await self._scripts.must_be_allowed_to(viewer, act, slug)
        if not await self._databases.exists(script.key):
            raise NotFound(f"The script has no table {name[:70]!r}.")
        return script

    async def _must_have_space(self, script: Script, verb: str) -> None:
        await self._databases.connections.must_have_space(str(script.key), Statement("", verb))

    @asynccontextmanager
    async def _recording(
        self,
        viewer: Viewer,
        script: Script,
        table: str,
        change: str,
        values: Sequence[ColumnValue],
    ) -> AsyncIterator[None]:
        """Record a change that the block commits on another connection.

        The event is committed right after the change, or rolled back with it.
        """
        after: dict[str, object] = {"change": change, "table": table[:200]}
        if values:
            after["columns"] = [one.column[:200] for one in values[:MOST_NAMED]]
        async with self._db.transaction():
            await self._audit.record(
                viewer, AuditAction.SCRIPT_DATA_CHANGED, target_of(script), after=after
            )
            yield


async def _run(connection: RestrictedConnection, sql: Sql, most_rows: int) -> Result:
    return await connection.run(sql.text, lambda _: list(sql.values), most_rows)


async def _found(
    connection: RestrictedConnection, script: Script, table: Table, key: Sequence[str]
) -> Row | None:
    characters = _characters(len(table.columns), LONGEST_CELL)
    sql = statements.one(roles.role_of(script.key), table, key, characters)
    rows = (await _run(connection, sql, 1)).rows
    return _row(table, rows[0], characters) if rows else None


async def _raise_other_version(
    connection: RestrictedConnection,
    script: Script,
    table: Table,
    key: Sequence[str],
    version: str,
) -> None:
    """Say why no row has this key and version."""
    found = await _found(connection, script, table, key)
    if found is None:
        raise Conflict("The row was deleted meanwhile.")
    if found.version != version:
        raise Conflict(
            "The row was changed meanwhile. Read it, then try again.", version=found.version
        )
    raise Conflict("Nothing was changed: a trigger or rule of the table skips it.")


def _characters(cells: int, most: int) -> int:
    return max(min(most, MOST_CHARACTERS // max(cells, 1)), SHORTEST_SHOWN)


def _row(table: Table, found: Any, characters: int) -> Row:
    cells: list[str | None] = list(found["cells"])
    shortened: list[Shortened] = []
    for at, cell in enumerate(cells):
        if cell is None:
            continue
        # Bytes are two characters each, after `\x`.
        most = characters // 2 * 2 + 2 if table.columns[at].cast == "bytea" else characters
        if len(cell) > most:
            cells[at] = cell[:most]
            shortened.append(Shortened(at, found["sizes"][at]))
    key = tuple(found["key"])
    is_short = sum(map(len, key)) <= LONGEST_KEY
    return Row(key if key and is_short else None, found["version"], cells, shortened)


def _next(order: Order | None, start: Start | None, shown: Sequence[Row]) -> Start | None:
    """Where the page after *shown* begins; None if it can't be reached."""
    key = shown[-1].key
    if order is None and key is not None and not isinstance(start, Skip):
        return AfterKey(key)
    if isinstance(start, AfterKey):
        return None
    skipped = (0 if start is None else start.rows) + len(shown)
    return Skip(skipped) if skipped <= MOST_SKIPPED else None
