"""Calls scripts for something other than a visitor's request, and returns what they return."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import Any, Protocol
from uuid import UUID

import orjson

from aiwebengine.core.errors import EngineError, NotFound
from aiwebengine.runtimes.answers import Answer
from aiwebengine.runtimes.instance import InstanceRuntimes
from aiwebengine.runtimes.types import Failed, LogLine, Lost
from aiwebengine.script_calls.errors import (
    ScriptFailed,
    ScriptTimedOut,
    ScriptUnavailable,
    error_of,
    failure_line,
)
from aiwebengine.script_calls.invocation import Invocation, SharedTransaction
from aiwebengine.script_calls.invocations import Invocations
from aiwebengine.script_calls.journal import Journal
from aiwebengine.script_calls.types import CallResult, Kind, ScriptUser, ServedScript

MOST_LINES = 1_000
"""Lines of the log in a result."""


class FindsScripts(Protocol):
    """Where scripts are that this worker serves; `script_routes.active` has them."""

    def served(self, script: UUID | str) -> ServedScript | None:
        """The script with this ID or slug, or None."""

    async def prepare(self, script: ServedScript) -> None:
        """Make sure that its files are in place. Raises Unavailable."""

    def has_failed(self, script: ServedScript) -> None:
        """A call of it failed."""


@dataclass(slots=True)
class OpenCall:
    """A call that is answered."""

    invocation: Invocation
    answer: Answer
    lines: list[LogLine]


class ScriptCaller:
    """Calls scripts by their ID or slug."""

    def __init__(
        self,
        scripts: FindsScripts,
        runtimes: InstanceRuntimes,
        journal: Journal,
        invocations: Invocations,
    ) -> None:
        self._scripts = scripts
        self._runtimes = runtimes
        self._journal = journal
        self._invocations = invocations

    async def call(
        self,
        script: UUID | str,
        kind: Kind,
        handler: str | None,
        head: Mapping[str, Any],
        *,
        body: bytes = b"",
        user: ScriptUser | None = None,
        is_trial: bool = False,
        shared: SharedTransaction | None = None,
        parent: Invocation | None = None,
        request_id: str | None = None,
        timeout_secs: float | None = None,
    ) -> CallResult:
        """What a handler returns, as JSON.

        *parent* is the invocation on whose behalf it is called: a call within a trial is one too.
        Raises NotFound for a script that is not served, ScriptFailed when it throws,
        ScriptUnavailable, ScriptCrashed, ScriptTimedOut, Unavailable. A failed call is logged.
        """
        begun = time.perf_counter()
        async with self.open(
            script,
            kind,
            handler,
            head,
            body=body,
            user=user,
            is_trial=is_trial,
            shared=shared,
            parent=parent,
            request_id=request_id,
            timeout_secs=timeout_secs,
        ) as call:
            parts = [call.answer.body]
            if call.answer.rest is not None:
                parts += [part async for part in call.answer.rest]
            whole = b"".join(parts)
        value = orjson.loads(whole) if whole else None
        return CallResult(value, (time.perf_counter() - begun) * 1_000, call.lines)

    @asynccontextmanager
    async def open(
        self,
        script: UUID | str,
        kind: Kind,
        handler: str | None,
        head: Mapping[str, Any],
        *,
        body: bytes = b"",
        input: AsyncIterator[bytes] | None = None,
        user: ScriptUser | None = None,
        is_trial: bool = False,
        shared: SharedTransaction | None = None,
        parent: Invocation | None = None,
        request_id: str | None = None,
        timeout_secs: float | None = None,
    ) -> AsyncIterator[OpenCall]:
        """The answer as it comes, for the `async with` block, which ends the call.

        *timeout_secs* applies to all of it. Raises as `call` does, in the block too.
        """
        served = self._scripts.served(script)
        if served is None:
            raise NotFound(f"No script {script} is served.")
        if served.is_suspended:
            raise ScriptUnavailable(f"The script {served.slug} is suspended.")
        name, begun = request_id or token_hex(8), time.perf_counter()
        label = f"{kind.value}:{handler or ''}"
        lines: list[LogLine] = []

        def write(line: LogLine) -> None:
            self._journal.line(served, name, label, line)
            if len(lines) < MOST_LINES:
                lines.append(line)

        invocation = self._invocations.begin(
            kind, served.ref, name, user, shared=shared, is_trial=is_trial, parent=parent
        )
        whole_head = {
            **head,
            "type": kind.value,
            "handler": handler,
            "request_id": name,
            "user": None if user is None else user.as_json(),
        }
        status = 500
        try:
            async with asyncio.timeout(timeout_secs):
                await self._scripts.prepare(served)
                answer = await self._runtimes.call(
                    served.program,
                    orjson.dumps(whole_head),
                    body,
                    input=input,
                    on_log=write,
                    on_ask=invocation.answer,
                )
                try:
                    yield OpenCall(invocation, answer, lines)
                finally:
                    await answer.close()
                await self._invocations.answered(invocation, answer)
            status = 200
        except TimeoutError:
            status = ScriptTimedOut.status
            raise ScriptTimedOut("The script took too long.") from None
        except Failed as error:
            self._scripts.has_failed(served)
            write(failure_line(error))
            raise ScriptFailed(f"The script {served.slug} failed: {error.message}") from error
        except Lost as error:
            write(LogLine(0, "error", error.message))
            self._journal.lost(served, error)
            lost = error_of(error)
            status = lost.status
            raise lost from error
        except EngineError as error:
            status = error.status
            raise
        finally:
            # After an answer this has no effect.
            if not self._invocations.is_continuing(invocation):
                await invocation.end(is_complete=False)
            self._journal.answered(served, status, time.perf_counter() - begun)
