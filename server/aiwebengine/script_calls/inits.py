"""Runs of `init()` in the classic form: their writes count once, at the deployment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from secrets import token_hex
from typing import Any

from aiwebengine.database import Database
from aiwebengine.runtimes.questions import Reply
from aiwebengine.script_calls.invocation import Invocation, SharedTransaction
from aiwebengine.script_calls.invocations import Invocations
from aiwebengine.script_calls.types import Kind, ScriptRef
from aiwebengine.scripts.loading import Candidate


class CountedInits:
    """Begins runs of `init()`; `scripts.activation.Inits`."""

    def __init__(self, db: Database, invocations: Invocations) -> None:
        self._db = db
        self._invocations = invocations

    def run(
        self,
        candidate: Candidate,
        *,
        version: int,
        counts: bool,
        begin: Callable[[], Awaitable[object]],
    ) -> CountedInit:
        """A run; it is undone unless it *counts*."""
        script = ScriptRef(
            candidate.script_id,
            candidate.slug,
            version,
            candidate.dialect,
            candidate.limits,
            candidate.host,
        )
        shared = SharedTransaction(self._db, begin)
        invocation = self._invocations.begin(
            Kind.INIT, script, token_hex(8), shared=shared, is_trial=not counts
        )
        return CountedInit(self._db, invocation, shared, counts=counts)


class CountedInit:
    """One run; `scripts.activation.InitRun`."""

    def __init__(
        self, db: Database, invocation: Invocation, shared: SharedTransaction, *, counts: bool
    ) -> None:
        self._db = db
        self._invocation = invocation
        self._shared = shared
        self._counts = counts

    async def answer(self, operation: str, arguments: list[Any], body: bytes) -> Reply:
        """Answer a question. Raises EngineError."""
        return await self._invocation.answer(operation, arguments, body)

    @property
    def is_begun(self) -> bool:
        """Whether `init()` has written what counts, so that its transaction locks the script."""
        return self._counts and self._shared.is_begun

    def joined(self) -> AbstractAsyncContextManager[None]:
        """A transaction that has what `init()` wrote, if it wrote and that counts."""
        return self._joined()

    @asynccontextmanager
    async def _joined(self) -> AsyncIterator[None]:
        await self._invocation.end(is_complete=True)
        if not self._counts:
            # Its locks are gone before others are taken.
            await self._shared.rollback()
        if self._counts and self._shared.is_begun:
            async with self._shared.entered():
                yield
            await self._shared.commit()
        else:
            async with self._db.transaction():
                yield

    async def end(self) -> None:
        """Undo what is not committed."""
        await self._invocation.end(is_complete=False)
        await self._shared.rollback()
