"""What scripts of the module form ask about their database: `db.*` for the runtime."""

from __future__ import annotations

from typing import Any

import orjson

from aiwebengine.core.errors import BadUserInput, LimitExceeded
from aiwebengine.database.restricted import Result
from aiwebengine.runtimes.questions import Reply
from aiwebengine.script_calls.invocation import Invocation
from aiwebengine.script_calls.operations import Operations
from aiwebengine.script_database.limits import MOST_PARAMETERS, MOST_ROWS
from aiwebengine.script_database.service import ScriptDatabases
from aiwebengine.script_database.statements import statement
from aiwebengine.script_database.values import arguments, as_json


class ModuleOperations:
    """The operations behind `env.db`."""

    def __init__(self, databases: ScriptDatabases) -> None:
        self._databases = databases

    def add_to(self, operations: Operations) -> None:
        """Offer the operations to scripts."""
        operations.add("db.query", self.query)
        operations.add("db.begin", self.begin)
        operations.add("db.commit", self.commit)
        operations.add("db.rollBack", self.roll_back)
        operations.add("db.savepoint", self.savepoint)
        operations.add("db.release", self.release)
        operations.add("db.rollBackTo", self.roll_back_to)

    async def query(
        self,
        invocation: Invocation,
        sql: str,
        parameters: list[Any],
        most_rows: int,
        transaction: int | None = None,
        body: bytes = b"",
    ) -> Reply:
        """Run one statement. *most_rows*: 0 for as many as are allowed, else that number is enough.

        Many or long parameters come as JSON in *body*. The value is the number of rows and what
        must be converted; the body is the rows.
        """
        if not 0 <= most_rows <= MOST_ROWS:
            raise BadUserInput(f"most_rows: found {most_rows}; allowed: 0 to {MOST_ROWS}.")
        if body:
            parameters = _listed(body)
        if len(parameters) > MOST_PARAMETERS:
            raise BadUserInput(
                f"{len(parameters)} parameters are given; at most {MOST_PARAMETERS} are allowed."
            )
        work = self._databases.work_of(invocation)
        result = await work.run(
            statement(sql), arguments(parameters), most_rows or MOST_ROWS, transaction
        )
        if result.is_cut and not most_rows:
            raise TooManyRows
        rows, converted = as_json(result)
        return Reply([_affected(result), converted], rows)

    async def begin(self, invocation: Invocation) -> int:
        """Begin a transaction; its number."""
        return await self._databases.work_of(invocation).begin()

    async def commit(self, invocation: Invocation, transaction: int) -> None:
        """Commit a transaction."""
        await self._databases.work_of(invocation).commit(transaction)

    async def roll_back(self, invocation: Invocation, transaction: int) -> None:
        """Undo a transaction."""
        await self._databases.work_of(invocation).roll_back(transaction)

    async def savepoint(self, invocation: Invocation, transaction: int) -> int:
        """Set a savepoint in a transaction; its number."""
        return await self._databases.work_of(invocation).transaction(transaction).savepoint()

    async def release(self, invocation: Invocation, transaction: int, savepoint: int) -> None:
        """Keep what was done since a savepoint."""
        await self._databases.work_of(invocation).transaction(transaction).release(savepoint)

    async def roll_back_to(self, invocation: Invocation, transaction: int, savepoint: int) -> None:
        """Undo what was done since a savepoint."""
        await self._databases.work_of(invocation).transaction(transaction).roll_back_to(savepoint)


def _listed(body: bytes) -> list[Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, list):
        raise BadUserInput("The parameters are no JSON array.")
    return found


class TooManyRows(LimitExceeded):
    """The result has more rows than a script can get at once."""

    def __init__(self) -> None:
        super().__init__(
            f"The result has more than {MOST_ROWS} rows. Add a limit, and read the rest by further"
            " queries."
        )


def _affected(result: Result) -> int:
    """How many rows the statement returned or changed: the last number of `INSERT 0 3`."""
    word = result.status.rsplit(" ", 1)[-1]
    return int(word) if word.isdigit() else len(result.rows)
