"""What one invocation of a script does with its database."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from aiwebengine.core.errors import BadUserInput, EngineError, NotFound
from aiwebengine.database.restricted import RestrictedConnection, Result
from aiwebengine.script_database.limits import TRANSACTION_SECS
from aiwebengine.script_database.statements import Statement
from aiwebengine.script_database.transaction import Arguments, Transaction

if TYPE_CHECKING:
    from aiwebengine.script_database.connections import ScriptConnections

MOST_TRANSACTIONS = 2
"""Open transactions of one invocation."""


class InvocationWork:
    """The transactions of an invocation; they end with it.

    *is_one*: all statements are one transaction, committed at the end of a call that succeeds. In a
    trial they are too, but it is rolled back.
    """

    def __init__(
        self, connections: ScriptConnections, key: str, *, is_trial: bool, is_one: bool = False
    ) -> None:
        self._connections = connections
        self._key = key
        self._is_trial = is_trial
        self._is_one = is_one or is_trial
        self._whole: Transaction | None = None
        self._starting = asyncio.Lock()
        self._open: dict[int, Transaction] = {}
        self._commits: set[int] = set()
        self._last = 0
        # Transactions that wait for a connection.
        self._beginning = 0
        self._is_over = False
        self.current: int | None = None
        """The transaction that statements without a number run in: in the classic form."""

    async def run(
        self,
        statement: Statement,
        arguments: Arguments,
        most_rows: int,
        number: int | None,
        *,
        is_apart: bool = False,
    ) -> Result:
        """Run a statement in a transaction, or by itself without *number*.

        *is_apart*: its failure does not end the transaction.
        """
        number = self.current if number is None else number
        if number is not None or self._is_one:
            await self._connections.must_have_space(self._key, statement)
        if number is not None:
            transaction = self._found(number)
            run = transaction.run_apart if is_apart else transaction.run
            return await run(statement.sql, arguments, most_rows)
        if self._is_one:
            whole = await self._begun()
            return await whole.run_apart(statement.sql, arguments, most_rows)
        return await self._connections.run(self._key, statement, arguments, most_rows)

    async def begin(self, secs: float = TRANSACTION_SECS, *, commits: bool = False) -> int:
        """Begin a transaction; its number. *commits*: at the end of an invocation that succeeds.

        Raises BadUserInput when too many are open, Unavailable.
        """
        if len(self._open) + self._beginning >= MOST_TRANSACTIONS:
            raise BadUserInput(
                f"{MOST_TRANSACTIONS} transactions are open in this call; end one before the next."
            )
        self._last = number = self._last + 1
        self._beginning += 1
        try:
            transaction = await self._new_transaction(number)
        finally:
            self._beginning -= 1
        self._open[number] = transaction
        if commits:
            self._commits.add(number)
        try:
            await transaction.begin(min(secs, TRANSACTION_SECS))
        except BaseException:
            self._forget(number)
            raise
        if self._is_over:
            self._abandon(number)
        return number

    async def _new_transaction(self, number: int) -> Transaction:
        if self._is_one:
            whole = await self._begun()
            return Transaction(whole.connection, whole.lock, f"nested{number}")
        return Transaction(await self._connections.acquire(self._key), asyncio.Lock())

    async def commit(self, number: int) -> None:
        """Commit a transaction. Raises SqlError, TransactionOver; then it is rolled back."""
        transaction = self._found(number)
        try:
            await transaction.commit()
        finally:
            self._forget(number)

    async def roll_back(self, number: int) -> None:
        """Undo a transaction."""
        transaction = self._found(number)
        try:
            await transaction.roll_back()
        finally:
            self._forget(number)

    def transaction(self, number: int | None) -> Transaction:
        """An open transaction; the current one without *number*. Raises NotFound."""
        number = self.current if number is None else number
        if number is None:
            raise NotFound("No transaction is open in this call.")
        return self._found(number)

    async def transaction_id(self) -> str | None:
        """The server's ID of the transaction that is open, the newest of several; None without one.

        All statements of a trial, and of `init()`, are one transaction, which has none here.
        Raises SqlError, TransactionOver, Unavailable.
        """
        if self._is_one or not self._open:
            return None
        transaction = self._open[self.current or max(self._open)]
        result = await transaction.run("select pg_current_xact_id()::text", lambda _: [], 1)
        return str(result.rows[0][0])

    async def end(self, succeeded: bool) -> None:
        """End all transactions: those that commit by themselves do if the call *succeeded*.

        Raises SqlError, TransactionOver, Unavailable when a commit fails.
        """
        self._is_over = True
        for number, transaction in list(self._open.items()):
            if transaction.lock.locked() or not transaction.is_open:
                # A statement is running for nobody.
                self._abandon(number)
                continue
            if succeeded and number in self._commits:
                await self.commit(number)
            else:
                await self._undo(number)
        if self._whole is not None:
            await self._end_whole(self._whole, commits=succeeded and not self._is_trial)

    async def _undo(self, number: int) -> None:
        # The server rolls back what it loses.
        with suppress(EngineError):
            await self.roll_back(number)

    def _found(self, number: int) -> Transaction:
        transaction = self._open.get(number)
        if transaction is None:
            raise NotFound("This transaction is over.")
        return transaction

    def _abandon(self, number: int) -> None:
        transaction = self._open.get(number)
        if transaction is not None:
            transaction.abandon()
            self._forget(number)

    def _forget(self, number: int) -> None:
        transaction = self._open.pop(number, None)
        self._commits.discard(number)
        if self.current == number:
            self.current = None
        if transaction is not None and not self._is_one:
            self._release(transaction.connection)

    def _release(self, connection: RestrictedConnection) -> None:
        self._connections.release(self._key, connection)

    async def _begun(self) -> Transaction:
        """The transaction of the whole invocation, begun at its first statement."""
        async with self._starting:
            if self._whole is None:
                connection = await self._connections.acquire(self._key)
                whole = Transaction(connection, asyncio.Lock())
                try:
                    await whole.begin(TRANSACTION_SECS)
                except BaseException:
                    self._release(connection)
                    raise
                self._whole = whole
            return self._whole

    async def _end_whole(self, whole: Transaction, *, commits: bool) -> None:
        self._whole = None
        try:
            if whole.lock.locked() or not whole.is_open:
                whole.abandon()
            elif commits:
                await whole.commit()
            else:
                await whole.roll_back()
        except EngineError:
            whole.abandon()
            if commits:
                raise
        finally:
            self._release(whole.connection)
