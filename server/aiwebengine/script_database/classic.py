"""What scripts of the classic form ask about their database: `database.*`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from aiwebengine.core.errors import BadUserInput, Conflict, NotFound
from aiwebengine.database.restricted import Result
from aiwebengine.runtimes.questions import Reply
from aiwebengine.script_calls.invocation import Invocation
from aiwebengine.script_calls.operations import Function, Operations
from aiwebengine.script_database import tables
from aiwebengine.script_database.classic_values import (
    columns_of,
    direction_of,
    filters_of,
    integer,
    json_object,
    parsed,
)
from aiwebengine.script_database.limits import TRANSACTION_SECS
from aiwebengine.script_database.service import ScriptDatabases
from aiwebengine.script_database.statements import Statement
from aiwebengine.script_database.values import arguments, as_json
from aiwebengine.script_database.work import InvocationWork

DONE = {"success": True}
LONGEST_LEASE_MS = 24 * 3_600 * 1_000


@dataclass
class _Savepoints:
    """The savepoints of an invocation by the names that the script knows."""

    numbers: dict[str, int] = field(default_factory=dict)


class ClassicOperations:
    """The operations behind `database` of the classic form. JSON comes as text or as a value."""

    def __init__(self, databases: ScriptDatabases) -> None:
        self._databases = databases

    def add_to(self, operations: Operations) -> None:
        """Offer the operations to scripts."""
        functions: dict[str, Function] = {
            "createTable": self.create_table,
            "createLeaseTable": self.create_lease_table,
            "dropTable": self.drop_table,
            "addIntegerColumn": self.add_integer_column,
            "addTextColumn": self.add_text_column,
            "addBooleanColumn": self.add_boolean_column,
            "addTimestampColumn": self.add_timestamp_column,
            "addReferenceColumn": self.add_reference_column,
            "dropColumn": self.drop_column,
            "addUniqueIndex": self.add_unique_index,
            "query": self.query,
            "insert": self.insert,
            "update": self.update,
            "upsert": self.upsert,
            "delete": self.delete,
            "deleteWhere": self.delete_where,
            "acquireLease": self.acquire_lease,
            "generateGraphQLForTable": self.columns,
            "beginTransaction": self.begin,
            "commitTransaction": self.commit,
            "commit": self.commit,
            "rollbackTransaction": self.roll_back,
            "rollback": self.roll_back,
            "createSavepoint": self.create_savepoint,
            "rollbackToSavepoint": self.roll_back_to_savepoint,
            "releaseSavepoint": self.release_savepoint,
        }
        for name, function in functions.items():
            operations.add(f"database.{name}", function)

    # Tables

    async def create_table(self, invocation: Invocation, table: str) -> dict[str, Any]:
        """Create a table with an `id`."""
        await self._run(invocation, tables.create(table))
        return {**DONE, "table": table, "tableName": table}

    async def create_lease_table(self, invocation: Invocation, table: str) -> dict[str, Any]:
        """Create a table for leases."""
        await self._run(invocation, tables.create_leases(table))
        return {**DONE, "table": table, "tableName": table}

    async def drop_table(self, invocation: Invocation, table: str) -> dict[str, Any]:
        """Remove a table."""
        await self._run(invocation, tables.drop(table))
        return {**DONE, "dropped": True}

    async def add_integer_column(
        self,
        invocation: Invocation,
        table: str,
        column: str,
        nullable: Any = None,
        default: Any = None,
    ) -> dict[str, Any]:
        """Add a column of integers."""
        return await self._add(invocation, table, column, "integer", nullable, default)

    async def add_text_column(
        self,
        invocation: Invocation,
        table: str,
        column: str,
        nullable: Any = None,
        default: Any = None,
    ) -> dict[str, Any]:
        """Add a column of text."""
        return await self._add(invocation, table, column, "text", nullable, default)

    async def add_boolean_column(
        self,
        invocation: Invocation,
        table: str,
        column: str,
        nullable: Any = None,
        default: Any = None,
    ) -> dict[str, Any]:
        """Add a column of true and false."""
        return await self._add(invocation, table, column, "boolean", nullable, default)

    async def add_timestamp_column(
        self,
        invocation: Invocation,
        table: str,
        column: str,
        nullable: Any = None,
        default: Any = None,
    ) -> dict[str, Any]:
        """Add a column of timestamps; the default `now` is the time of the insert."""
        return await self._add(invocation, table, column, "timestamptz", nullable, default)

    async def add_reference_column(
        self,
        invocation: Invocation,
        table: str,
        column: str,
        references: str,
        nullable: Any = None,
    ) -> dict[str, Any]:
        """Add a column with the `id` of a row of another table."""
        return await self._add(invocation, table, column, "integer", nullable, None, references)

    async def drop_column(self, invocation: Invocation, table: str, column: str) -> dict[str, Any]:
        """Remove a column."""
        await self._run(invocation, tables.drop_column(table, column))
        return {**DONE, "dropped": True}

    async def add_unique_index(
        self, invocation: Invocation, table: str, columns: Any
    ) -> dict[str, Any]:
        """Let no two rows have the same values in these columns."""
        listed = columns_of(columns)
        index = tables.unique_index(table, listed)
        if not await self._finds(invocation, tables.has_index(), index):
            await self._run(invocation, tables.add_unique_index(table, listed))
        return DONE

    # Rows

    async def query(
        self,
        invocation: Invocation,
        table: str,
        filters: Any = None,
        limit: Any = None,
        order_by: Any = None,
        direction: Any = None,
    ) -> Reply:
        """The rows that fit, as JSON in the body."""
        most = tables.LONGEST_LIST if limit is None else integer("limit", limit)
        statement, values = tables.query(
            table,
            json_object("filters", filters, default={}),
            max(0, min(most, tables.LONGEST_LIST)),
            None if order_by is None else str(order_by),
            direction_of(direction),
        )
        rows, _ = as_json(await self._run(invocation, statement, values))
        return Reply(None, rows)

    async def insert(self, invocation: Invocation, table: str, row: Any) -> dict[str, Any]:
        """Add a row; the new row."""
        statement, values = tables.insert(table, json_object("data", row))
        return _rows(await self._run(invocation, statement, values))[0]

    async def update(
        self, invocation: Invocation, table: str, which: Any, row: Any
    ) -> dict[str, Any]:
        """Change the row with this `id`; the changed row."""
        filters = {"id": which} if isinstance(which, int) else filters_of(which)
        statement, values = tables.update(table, json_object("data", row), filters)
        changed = _rows(await self._run(invocation, statement, values))
        if not changed:
            raise NotFound(f"{table} has no such row.")
        return changed[0]

    async def upsert(
        self, invocation: Invocation, table: str, first: Any, second: Any
    ) -> dict[str, Any]:
        """Add or change a row: its data, and the columns that identify it, in either order."""
        one, two = parsed(first), parsed(second)
        row, columns = (one, two) if isinstance(one, dict) else (two, one)
        statement, values = tables.upsert(table, json_object("data", row), columns_of(columns))
        return _rows(await self._run(invocation, statement, values))[0]

    async def delete(self, invocation: Invocation, table: str, which: Any) -> dict[str, Any]:
        """Remove the row with this `id`."""
        filters = {"id": which} if isinstance(which, int) else filters_of(which)
        statement, values = tables.delete(table, filters)
        number = _affected(await self._run(invocation, statement, values))
        return {"success": number > 0, "deleted": number > 0, "count": number}

    async def delete_where(
        self, invocation: Invocation, table: str, filters: Any
    ) -> dict[str, Any]:
        """Remove the rows that fit; no filter would remove all, and is refused."""
        wanted = json_object("filters", filters)
        if not wanted:
            raise BadUserInput("deleteWhere needs a filter; dropTable removes all rows.")
        statement, values = tables.delete(table, wanted)
        number = _affected(await self._run(invocation, statement, values))
        return {**DONE, "deleted": number, "deletedCount": number, "count": number}

    async def acquire_lease(
        self, invocation: Invocation, table: str, key: str, owner: str, milliseconds: Any
    ) -> dict[str, Any]:
        """Take a lease for a time, or prolong it; not acquired while another owner has it."""
        duration = integer("milliseconds", milliseconds)
        if not 0 < duration <= LONGEST_LEASE_MS:
            raise BadUserInput(
                f"The lease lasts {duration} ms; allowed are 1 to {LONGEST_LEASE_MS}."
            )
        found = _rows(
            await self._run(invocation, tables.acquire_lease(table), [key, owner, duration])
        )
        if not found:
            return {"acquired": False}
        return {
            "acquired": True,
            "owner": owner,
            "expiresAt": found[0]["expires_at"],
        }

    async def columns(self, invocation: Invocation, table: str) -> dict[str, Any]:
        """The columns of a table, for the fields that graphql_tables.js makes of them."""
        found = _rows(await self._run(invocation, tables.columns(), [table]))
        if not found:
            raise NotFound(f"There is no table {table[:100]!r}.")
        return {**DONE, "table": table, "columns": found}

    # Transactions

    async def begin(self, invocation: Invocation, milliseconds: Any = None) -> dict[str, Any]:
        """Begin a transaction; what follows in this call runs in it."""
        work = self._databases.work_of(invocation)
        if work.current is not None:
            raise Conflict("A transaction is open in this call. Use a savepoint, or end it.")
        secs = TRANSACTION_SECS
        if milliseconds is not None:
            secs = integer("milliseconds", milliseconds) / 1_000
        if secs <= 0:
            raise BadUserInput("The transaction's time must be more than 0 ms.")
        work.current = await work.begin(secs, commits=True)
        invocation.state[_Savepoints] = _Savepoints()
        return DONE

    async def commit(self, invocation: Invocation) -> dict[str, Any]:
        """Commit the transaction."""
        work = self._databases.work_of(invocation)
        await work.commit(_current(work))
        return DONE

    async def roll_back(self, invocation: Invocation) -> dict[str, Any]:
        """Undo the transaction."""
        work = self._databases.work_of(invocation)
        await work.roll_back(_current(work))
        return DONE

    async def create_savepoint(self, invocation: Invocation, name: Any = None) -> dict[str, Any]:
        """Set a savepoint; its name, which is made up unless one is given."""
        number = await self._databases.work_of(invocation).transaction(None).savepoint()
        known = str(name)[:100] if name else f"sp_{number}"
        invocation.state[_Savepoints].numbers[known] = number
        return {**DONE, "savepoint": known, "name": known}

    async def roll_back_to_savepoint(self, invocation: Invocation, name: str) -> dict[str, Any]:
        """Undo what was done since a savepoint."""
        transaction = self._databases.work_of(invocation).transaction(None)
        await transaction.roll_back_to(_savepoint(invocation, name))
        return DONE

    async def release_savepoint(self, invocation: Invocation, name: str) -> dict[str, Any]:
        """Keep what was done since a savepoint."""
        transaction = self._databases.work_of(invocation).transaction(None)
        await transaction.release(_savepoint(invocation, name))
        return DONE

    # How

    async def _add(
        self,
        invocation: Invocation,
        table: str,
        column: str,
        kind: str,
        nullable: Any,
        default: Any,
        references: str | None = None,
    ) -> dict[str, Any]:
        statement = tables.add_column(
            table,
            column,
            kind,
            is_nullable=nullable is None or nullable is True or nullable == "true",
            default=default,
            references=references,
        )
        if not await self._finds(invocation, tables.has_column(), table, column):
            await self._run(invocation, statement)
        return {**DONE, "column": column, "columnName": column}

    async def _finds(self, invocation: Invocation, statement: Statement, *values: str) -> bool:
        return bool((await self._run(invocation, statement, list(values))).rows)

    async def _run(
        self, invocation: Invocation, statement: Statement, values: list[Any] | None = None
    ) -> Result:
        """A failing statement leaves an open transaction usable: its error is only a value."""
        work = self._databases.work_of(invocation)
        return await work.run(
            statement, arguments(values or []), tables.LONGEST_LIST, None, is_apart=True
        )


def _rows(result: Result) -> list[dict[str, Any]]:
    text, _ = as_json(result)
    rows: list[dict[str, Any]] = orjson.loads(text)
    return rows


def _affected(result: Result) -> int:
    number: str = result.status.rsplit(" ", 1)[-1]
    return int(number)


def _current(work: InvocationWork) -> int:
    if work.current is None:
        raise NotFound("No transaction is open in this call.")
    return work.current


def _savepoint(invocation: Invocation, name: str) -> int:
    found: _Savepoints | None = invocation.state.get(_Savepoints)
    number = None if found is None else found.numbers.get(name)
    if number is None:
        raise NotFound(f"There is no savepoint {name[:100]!r}.")
    return number
