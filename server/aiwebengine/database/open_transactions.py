"""Transactions that outlive a task: several tasks use them, one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Transaction:
    """An open transaction and its connection. Tasks that outlive it must not use them."""

    connection: Any
    is_open: bool = True
    afterwards: list[Callable[[], None]] = field(default_factory=list)
    after_commit: list[Callable[[], None]] = field(default_factory=list)

    def end(self) -> None:
        """Call the functions registered with `Database.afterwards`."""
        for function in self.afterwards:
            function()


class OpenTransaction:
    """A transaction that `Database.open_transaction` has begun; `commit` or `rollback` ends it."""

    def __init__(
        self,
        held: ContextVar[Transaction | None],
        transaction: Transaction,
        begun: AsyncExitStack,
        errors_translated: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._held = held
        self._transaction = transaction
        self._begun = begun
        self._errors_translated = errors_translated
        self._lock = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether it was neither committed nor rolled back."""
        return self._transaction.is_open

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[None]:
        """Let this task's statements run in the transaction, in a savepoint of their own.

        An exception undoes the block and leaves the transaction usable. Other tasks wait until the
        block is over; inside it, tasks that it starts must end before it does.
        Raises Unavailable, RuntimeError after the end of the transaction.
        """
        if self._held.get() is self._transaction:
            with self._errors_translated():
                async with self._transaction.connection.transaction():
                    yield
            return
        async with self._lock:
            if not self.is_open:
                raise RuntimeError("the transaction has ended")
            token = self._held.set(self._transaction)
            registered = len(self._transaction.after_commit)
            try:
                with self._errors_translated():
                    async with self._transaction.connection.transaction():
                        yield
            except BaseException:
                del self._transaction.after_commit[registered:]
                raise
            finally:
                # A generator may be closed by another task, which has another context.
                with suppress(ValueError):
                    self._held.reset(token)

    async def mark(self) -> None:
        """Note this moment, to which `reset` goes back. Raises Unavailable."""
        await self._execute("savepoint aiwebengine_mark")

    async def reset(self) -> None:
        """Undo what was written since `mark`. Raises Unavailable."""
        await self._execute("rollback to savepoint aiwebengine_mark")

    async def _execute(self, statement: str) -> None:
        async with self._lock:
            if not self.is_open:
                raise RuntimeError("the transaction has ended")
            with self._errors_translated():
                await self._transaction.connection.execute(statement)

    async def commit(self) -> None:
        """Commit it, once no task is in it. Raises Unavailable; then it is rolled back."""
        async with self._lock:
            if not self.is_open:
                return
            self._transaction.is_open = False
            await self._begun.aclose()
        for function in self._transaction.after_commit:
            function()

    async def rollback(self) -> None:
        """Roll it back, once no task is in it; nothing happens after its end."""
        async with self._lock:
            if not self.is_open:
                return
            self._transaction.is_open = False
            with suppress(_RollBack):
                async with self._begun.pop_all():
                    raise _RollBack


class _RollBack(Exception):
    """Ends a transaction without a commit."""
