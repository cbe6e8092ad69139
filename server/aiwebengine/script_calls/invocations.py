"""Begins invocations, and ends those that continue after their answer."""

from __future__ import annotations

import asyncio
import logging
from secrets import token_hex
from typing import Any

from aiwebengine.core.errors import EngineError
from aiwebengine.database import Database
from aiwebengine.runtimes.answers import Answer
from aiwebengine.runtimes.questions import Reply
from aiwebengine.script_calls.invocation import Invocation, SharedTransaction, all_ended
from aiwebengine.script_calls.operations import Operations
from aiwebengine.script_calls.types import Kind, ScriptRef, ScriptUser

log = logging.getLogger(__name__)

END_SECS = 5.0


class Invocations:
    """The invocations of one worker."""

    def __init__(self, operations: Operations, db: Database) -> None:
        self._operations = operations
        self._db = db
        # Those that continue after their answer.
        self._continuing: dict[Invocation, asyncio.Task[None]] = {}

    def begin(
        self,
        kind: Kind,
        script: ScriptRef,
        request_id: str,
        user: ScriptUser | None = None,
        *,
        shared: SharedTransaction | None = None,
        is_trial: bool = False,
        parent: Invocation | None = None,
    ) -> Invocation:
        """A new invocation; a trial without *shared* gets a transaction of its own.

        One on behalf of *parent* belongs to the same trial, if that is one.
        """
        if parent is not None:
            shared, is_trial = parent.shared, parent.is_trial
        if is_trial and shared is None:
            shared = SharedTransaction(self._db)
            own = shared
        else:
            own = None
        invocation = Invocation(
            self._operations, self._db, kind, script, request_id, user, shared, is_trial=is_trial
        )
        invocation.parent = parent
        if own is not None:
            invocation.on_end(lambda _: own.rollback())
        return invocation

    def shared_transaction(self) -> SharedTransaction:
        """A transaction for several invocations, which the caller ends."""
        return SharedTransaction(self._db)

    async def answered(self, invocation: Invocation, answer: Answer) -> None:
        """The answer has come, and all that its caller reads of it.

        The invocation ends, at once or when the script is done. Raises what a callback raises, as
        when a commit fails.
        """
        over = answer.over
        if over is None:
            await invocation.end(is_complete=True)
        elif over.done():
            await invocation.end(is_complete=over.result())
        else:
            task = asyncio.create_task(self._end_later(invocation, over))
            self._continuing[invocation] = task
            task.add_done_callback(lambda _: self._continuing.pop(invocation, None))

    def is_continuing(self, invocation: Invocation) -> bool:
        """Whether it continues after its answer, and ends later."""
        return invocation in self._continuing

    def of_load(self, script: ScriptRef) -> LoadInvocation:
        """Answers what a script asks while it is loaded because it was called: a trial."""
        return LoadInvocation(self.begin(Kind.INIT, script, token_hex(8), is_trial=True))

    async def stop(self) -> None:
        """End all of them, and wait until they have."""
        tasks = list(self._continuing.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=END_SECS)
        await all_ended(END_SECS)

    async def _end_later(self, invocation: Invocation, over: asyncio.Future[bool]) -> None:
        is_complete = False
        try:
            is_complete = await asyncio.shield(over)
        finally:
            try:
                await invocation.end(is_complete=is_complete)
            except EngineError as error:
                # The answer was sent before.
                extra = {"script": invocation.script.slug, "error": error.message}
                log.warning("script_call.end_failed", extra=extra)


class LoadInvocation:
    """The invocation of a load; `runtimes.questions.LoadAnswers`."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation
        self._ending: asyncio.Task[None] | None = None

    async def answer(self, operation: str, arguments: list[Any], body: bytes) -> Reply:
        """Answer a question. Raises EngineError."""
        return await self._invocation.answer(operation, arguments, body)

    def loaded(self) -> None:
        """Undo what it wrote."""
        self._ending = asyncio.create_task(self._invocation.end(is_complete=True))
