"""A process of its own for a trial: what happens there reaches no visitor."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import Any
from uuid import UUID

import orjson

from aiwebengine.runtimes.dialects import prepared_entry
from aiwebengine.runtimes.instance import InstanceRuntimes
from aiwebengine.runtimes.types import Failed, LogLine, Lost, Program
from aiwebengine.script_calls.invocation import SharedTransaction
from aiwebengine.script_calls.invocations import Invocations
from aiwebengine.script_calls.journal import CallJournal
from aiwebengine.script_calls.types import Kind, ScriptRef
from aiwebengine.script_trials.types import ScriptError
from aiwebengine.scripts.files import digest_of
from aiwebengine.scripts.run_types import ScriptRunLine
from aiwebengine.scripts.trees import Trees, program_of

MOST_LINES = 1_000
"""Lines of the log in a result."""


@dataclass(frozen=True)
class Serving:
    """How this worker calls scripts."""

    runtimes: InstanceRuntimes
    invocations: Invocations
    journal: CallJournal
    redact: Callable[[UUID, Sequence[str]], Awaitable[list[str]]]
    """Texts of a script without the values of its secrets."""


@dataclass(frozen=True)
class Source:
    """The files of a trial."""

    script: ScriptRef
    digest: str
    entry: str
    files: Mapping[str, bytes]


@dataclass(frozen=True)
class Outcome:
    """What a call returned, or why it failed."""

    value: dict[str, Any]
    error: ScriptError | None
    milliseconds: float


class TrialProcess:
    """One program that is loaded for one trial."""

    def __init__(self, serving: Serving, source: Source, request_id: str) -> None:
        self._serving = serving
        self._source = source
        self._request_id = request_id
        self._program: Program | None = None
        self._lines: list[ScriptRunLine] = []

    async def lines(self) -> list[ScriptRunLine]:
        """What was logged, without the values of secrets. Raises Unavailable."""
        texts = [line.text for line in self._lines]
        shown = await self._serving.redact(self._source.script.id, texts)
        return [replace(line, text=text) for line, text in zip(self._lines, shown, strict=True)]

    async def load(
        self, trees: Trees, tests: tuple[str, ...], shared: SharedTransaction
    ) -> list[dict[str, Any]]:
        """Start it; what it registers. Raises Failed, Lost, Unavailable."""
        source = self._source
        digest = digest_of(f"trial of {source.digest}".encode())
        dialect = source.script.dialect

        async def files() -> Mapping[str, bytes]:
            entry = prepared_entry(dialect.value, source.files[source.entry], for_trial=True)
            return {**source.files, source.entry: entry}

        await trees.write(source.script.id, digest, files)
        folder = trees.path(source.script.id, digest)
        usual = program_of(
            source.script.id, digest, source.entry, dialect, source.script.limits, folder
        )
        self._program = replace(
            usual, key=f"{usual.key}:{token_hex(8)}", group=f"{usual.group}:trial", tests=tests
        )
        init = self._serving.invocations.begin(
            Kind.INIT, source.script, self._request_id, shared=shared, is_trial=True
        )
        try:
            loaded = await self._serving.runtimes.load(self._program, keep=True, on_ask=init.answer)
        finally:
            await init.end(is_complete=True)
        return loaded.registrations

    async def call(
        self, kind: Kind, head: Mapping[str, Any], shared: SharedTransaction | None
    ) -> Outcome:
        """The outcome of a call. Without *shared* what it writes is kept."""
        assert self._program is not None  # noqa: S101 - it was loaded
        label = f"{kind.value}:"
        invocation = self._serving.invocations.begin(
            kind, self._source.script, self._request_id, shared=shared, is_trial=shared is not None
        )
        whole = {"type": kind.value, "handler": None, "request_id": self._request_id, "user": None}
        begun = time.perf_counter()
        value: dict[str, Any] = {}
        failure: ScriptError | None = None
        try:
            answer = await self._serving.runtimes.call(
                self._program,
                orjson.dumps({**whole, **head}),
                on_log=lambda line: self._log(label, line),
                on_ask=invocation.answer,
            )
            parts = [answer.body]
            if answer.rest is not None:
                parts += [part async for part in answer.rest]
            await self._serving.invocations.answered(invocation, answer)
            value = orjson.loads(b"".join(parts))
        except Failed as error:
            failure = error_of(error)
        except Lost as error:
            failure = ScriptError(message=error.message)
        finally:
            if not self._serving.invocations.is_continuing(invocation):
                await invocation.end(is_complete=False)
        return Outcome(value, failure, round((time.perf_counter() - begun) * 1_000, 3))

    async def end(self) -> None:
        """End the process."""
        if self._program is not None:
            await self._serving.runtimes.retire(self._program)

    def _log(self, label: str, line: LogLine) -> None:
        script = self._source.script
        kept = self._serving.journal.line(script, self._request_id, label, line)
        if kept is not None and len(self._lines) < MOST_LINES:
            self._lines.append(
                ScriptRunLine(
                    level=kept.level,
                    text=kept.text,
                    file=kept.file,
                    line=kept.line,
                    column=kept.column,
                )
            )


def error_of(error: Failed) -> ScriptError:
    """An error that a script reports."""
    return ScriptError(
        message=error.message,
        file=error.file,
        line=error.line,
        column=error.column,
        stack=error.stack,
    )
