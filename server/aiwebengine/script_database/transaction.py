"""One open transaction of a script, on a connection of its own or inside another transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from aiwebengine.core.errors import BadUserInput, Conflict
from aiwebengine.database.restricted import RestrictedConnection, Result
from aiwebengine.script_database.limits import MOST_SAVEPOINTS

Arguments = Callable[[Sequence[str]], list[object]]


class TransactionOver(Conflict):
    """The transaction has ended; the message says why."""


class Transaction:
    """A transaction. Its statements run one after another.

    *name* is None for a transaction of the server, else the savepoint that stands for one: in a
    trial everything is one transaction, which is rolled back.
    """

    def __init__(
        self, connection: RestrictedConnection, lock: asyncio.Lock, name: str | None = None
    ) -> None:
        self.connection = connection
        self.lock = lock
        self._name = name
        self._savepoints: list[str] = []
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None
        self._end: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether statements can run in it."""
        return self._end is None

    async def begin(self, secs: float) -> None:
        """Begin; after *secs* it is rolled back."""
        async with self.lock:
            await self.connection.command(
                "begin" if self._name is None else f"savepoint {self._name}"
            )
        if self._name is None:
            self._timer = asyncio.get_running_loop().call_later(secs, self._expire, secs)

    async def run(self, sql: str, arguments: Arguments, most_rows: int) -> Result:
        """Run a statement. Raises TransactionOver, and as `RestrictedConnection.run` does."""
        async with self.lock:
            self._must_be_open()
            return await self.connection.run(sql, arguments, most_rows)

    async def run_apart(self, sql: str, arguments: Arguments, most_rows: int) -> Result:
        """Run a statement whose failure does not end the transaction."""
        async with self.lock:
            self._must_be_open()
            await self.connection.command("savepoint statement")
            try:
                result = await self.connection.run(sql, arguments, most_rows)
            except BaseException:
                if self.connection.is_open:
                    await self.connection.command("rollback to savepoint statement")
                raise
            await self.connection.command("release savepoint statement")
            return result

    async def commit(self) -> None:
        """Commit. Raises SqlError, then it is rolled back."""
        async with self.lock:
            self._must_be_open()
            if self._name is not None:
                await self.connection.command(f"release savepoint {self._name}")
            elif await self.connection.command("commit") == "ROLLBACK":
                self._finish("it was rolled back because a statement in it failed")
                raise TransactionOver(
                    "A statement of the transaction failed, so nothing was committed. After an"
                    " error, roll back to a savepoint to continue."
                )
            self._finish("it is committed")

    async def roll_back(self) -> None:
        """Undo all of it."""
        async with self.lock:
            self._must_be_open()
            if self._name is None:
                await self.connection.command("rollback")
            else:
                await self.connection.command(f"rollback to savepoint {self._name}")
                await self.connection.command(f"release savepoint {self._name}")
            self._finish("it is rolled back")

    def abandon(self) -> None:
        """End the connection at once; the server rolls back."""
        self._finish("its connection was closed")
        self.connection.terminate()

    async def savepoint(self) -> int:
        """Set a savepoint; its number."""
        async with self.lock:
            self._must_be_open()
            if len(self._savepoints) >= MOST_SAVEPOINTS:
                raise BadUserInput(f"There are {MOST_SAVEPOINTS} open savepoints; release some.")
            self._count += 1
            name = f"{self._name or 'own'}_{self._count}"
            await self.connection.command(f"savepoint {name}")
            self._savepoints.append(name)
            return self._count

    async def release(self, number: int) -> None:
        """Forget a savepoint and those after it; keep the changes."""
        async with self.lock:
            at = self._at(number)
            await self.connection.command(f"release savepoint {self._savepoints[at]}")
            del self._savepoints[at:]

    async def roll_back_to(self, number: int) -> None:
        """Undo the changes since a savepoint, which stays."""
        async with self.lock:
            at = self._at(number)
            await self.connection.command(f"rollback to savepoint {self._savepoints[at]}")
            del self._savepoints[at + 1 :]

    def _at(self, number: int) -> int:
        self._must_be_open()
        name = f"{self._name or 'own'}_{number}"
        if name not in self._savepoints:
            raise BadUserInput("There is no such savepoint in this transaction.")
        return self._savepoints.index(name)

    def _must_be_open(self) -> None:
        if self._end is not None:
            raise TransactionOver(f"The transaction is over: {self._end}.")
        if not self.connection.is_open:
            self._finish("the connection to the database was lost, and it was rolled back")
            self._must_be_open()

    def _expire(self, secs: float) -> None:
        self._finish(f"it took longer than {secs:g} s, and was rolled back")
        self.connection.terminate()

    def _finish(self, why: str) -> None:
        self._end = self._end or why
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
