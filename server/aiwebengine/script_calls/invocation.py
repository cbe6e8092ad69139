"""An invocation: one call of a script, as what it asks of the engine knows it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from aiwebengine.core.errors import EngineError
from aiwebengine.database import Database, OpenTransaction
from aiwebengine.runtimes.questions import Reply
from aiwebengine.script_calls.operations import Operations
from aiwebengine.script_calls.types import Kind, ScriptRef, ScriptUser

log = logging.getLogger(__name__)

OnEnd = Callable[[bool], Awaitable[None]]
State = TypeVar("State")


class CallOver(EngineError):
    """The call that asks is over."""

    code = "CANCELLED"
    status = 409


class SharedTransaction:
    """A transaction for the writes of one or more invocations, begun when the first one writes.

    *begin* is awaited in it before anything else.
    """

    def __init__(self, db: Database, begin: Callable[[], Awaitable[object]] | None = None) -> None:
        self._db = db
        self._begin = begin
        self._open: OpenTransaction | None = None
        self._lock = asyncio.Lock()
        self._is_marked = False
        self._has_place = False

    @property
    def is_begun(self) -> bool:
        """Whether something may have been written."""
        return self._open is not None

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[None]:
        """Run this task's statements in it. Raises Unavailable."""
        async with self._lock:
            if self._open is None:
                self._open = await self._begun()
        async with self._open.entered():
            yield

    async def mark(self) -> None:
        """Note this moment, to which `reset` goes back. Raises Unavailable."""
        self._is_marked = self._open is not None
        if self._open is not None:
            await self._open.mark()

    async def reset(self) -> None:
        """Undo what was written since `mark`. Raises Unavailable."""
        if self._open is None:
            return
        if self._is_marked:
            await self._open.reset()
        else:
            opened, self._open = self._open, None
            await self._end(opened.rollback())

    async def _begun(self) -> OpenTransaction:
        await self._db.runs.take()
        self._has_place = True
        try:
            opened = await self._db.open_transaction()
        except BaseException:
            self._leave()
            raise
        try:
            if self._begin is not None:
                async with opened.entered():
                    await self._begin()
        except BaseException:
            await self._end(opened.rollback())
            raise
        return opened

    async def commit(self) -> None:
        """Keep what was written. Raises Unavailable."""
        if self._open is not None:
            await self._end(self._open.commit())

    async def rollback(self) -> None:
        """Undo what was written."""
        if self._open is not None:
            await self._end(self._open.rollback())

    async def _end(self, ending: Awaitable[None]) -> None:
        try:
            await ending
        finally:
            self._leave()

    def _leave(self) -> None:
        if self._has_place:
            self._has_place = False
            self._db.runs.give_back()


class Invocation:
    """One call of a script.

    With *shared*, everything it writes goes into that transaction, which somebody else ends;
    *is_trial* says that it will be rolled back.
    """

    __slots__ = (
        "_callbacks",
        "_db",
        "_is_over",
        "_operations",
        "_running",
        "_shared",
        "_state",
        "id",
        "is_trial",
        "kind",
        "parent",
        "script",
        "user",
    )

    def __init__(
        self,
        operations: Operations,
        db: Database,
        kind: Kind,
        script: ScriptRef,
        request_id: str,
        user: ScriptUser | None = None,
        shared: SharedTransaction | None = None,
        *,
        is_trial: bool = False,
    ) -> None:
        self.id = request_id
        """The request ID, as in the log."""
        self.kind = kind
        self.script = script
        self.user = user
        self.is_trial = is_trial
        self.parent: Invocation | None = None
        """The invocation on whose behalf it is called."""
        self._operations = operations
        self._db = db
        self._shared = shared
        self._is_over = False
        # Most calls ask nothing, so these are made when they are needed.
        self._state: dict[type, Any] | None = None
        self._callbacks: list[OnEnd] | None = None
        self._running: set[asyncio.Task[Any]] | None = None

    @property
    def ancestors(self) -> Iterator[Invocation]:
        """The invocations on whose behalf it is called, the nearest one first."""
        above = self.parent
        while above is not None:
            yield above
            above = above.parent

    @property
    def shared(self) -> SharedTransaction | None:
        """The transaction that all it writes goes into, if somebody else ends it."""
        return self._shared

    @property
    def is_over(self) -> bool:
        """Whether it has ended, so that it may ask nothing more."""
        return self._is_over

    @property
    def state(self) -> dict[type, Any]:
        """What features keep for this invocation, by a type of their own."""
        if self._state is None:
            self._state = {}
        return self._state

    def on_end(self, callback: OnEnd) -> None:
        """Call *callback* once when the call is over, however it ends; the last one added first.

        It gets True if the script answered without an error. If it raises then, as when a commit
        fails, the call fails, and those that follow get False.
        """
        if self._is_over:
            raise CallOver("The call is over.")
        if self._callbacks is None:
            self._callbacks = []
        self._callbacks.append(callback)

    @asynccontextmanager
    async def writes(self) -> AsyncIterator[None]:
        """A transaction for writes of the engine's tables: all of the block or nothing.

        In a trial it is undone at the end of the trial. Raises Unavailable.
        """
        if self._shared is None:
            async with self._db.transaction():
                yield
        else:
            async with self._shared.entered():
                yield

    @asynccontextmanager
    async def reads(self) -> AsyncIterator[None]:
        """Sees what this invocation wrote, also in a trial. Raises Unavailable."""
        if self._shared is None or not self._shared.is_begun:
            yield
        else:
            async with self._shared.entered():
                yield

    async def answer(self, operation: str, arguments: list[Any], body: bytes) -> Reply:
        """Answer what the script asks. Raises EngineError."""
        if self._is_over:
            raise CallOver("The call is over.")
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - the runtime's connection answers in tasks
        if self._running is None:
            self._running = set()
        self._running.add(task)
        try:
            return await self._operations.answer(self, operation, arguments, body)
        finally:
            self._running.discard(task)

    async def end(self, *, is_complete: bool) -> None:
        """The call is over: end what it does, then call the callbacks. Only the first call counts.

        Raises the first exception of a callback if *is_complete*. A cancellation of the caller
        does not reach the callbacks.
        """
        if self._is_over:
            return
        self._is_over = True
        if self._callbacks is None and not self._running:
            return
        ending = asyncio.create_task(self._end(is_complete=is_complete))
        _endings.add(ending)
        ending.add_done_callback(_endings.discard)
        await asyncio.shield(ending)

    async def _end(self, *, is_complete: bool) -> None:
        running = list(self._running or ())
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        failure: Exception | None = None
        callbacks, self._callbacks = self._callbacks or [], None
        for callback in reversed(callbacks):
            try:
                await callback(is_complete and failure is None)
            except Exception as error:
                failure = failure or error
                if not isinstance(error, EngineError):
                    log.exception("script_call.end_bug", extra={"script": self.script.slug})
        if failure is not None and is_complete:
            raise failure


# Those that are ending, which the caller may not wait for.
_endings: set[asyncio.Task[None]] = set()


async def all_ended(timeout_secs: float) -> None:
    """Wait until the invocations that are ending have ended, at most *timeout_secs*."""
    if _endings:
        await asyncio.wait(set(_endings), timeout=timeout_secs)
