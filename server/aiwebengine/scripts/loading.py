"""Loading a version in a runtime process to learn what it offers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

import orjson

from aiwebengine.core.errors import Unavailable
from aiwebengine.core.untrusted_text import on_one_line
from aiwebengine.runtimes.dialects import prepared_entry
from aiwebengine.runtimes.questions import OnAsk
from aiwebengine.runtimes.types import Failed, Limits, Loaded, Lost, Program, Reason
from aiwebengine.scripts.checks import storable
from aiwebengine.scripts.records import Checked
from aiwebengine.scripts.routes import routes_of
from aiwebengine.scripts.trees import Trees, program_of
from aiwebengine.scripts.types import Diagnostic, Dialect, Severity

LONGEST_MESSAGE = 2_000
LONGEST_FILE = 300
LARGEST_NUMBER = 2**31 - 1
MOST_DIAGNOSTICS = 100
LARGEST_REGISTRATIONS_BYTES = 1_000_000


class RuntimeClient(Protocol):
    """What loading needs of the runtime."""

    async def load(self, program: Program, *, keep: bool, on_ask: OnAsk | None = None) -> Loaded:
        """Load a program; with *keep* its process stays and answers calls.

        With *on_ask*, which answers its questions, it is loaded even if it is loaded already.
        Raises Failed, Lost.
        """

    async def retire(self, program: Program) -> None:
        """End the program's processes once they have no calls. Raises Lost."""


class NoRuntime:
    """The runtime of an engine that runs no scripts."""

    def __init__(self, problem: str) -> None:
        self._problem = problem

    async def load(self, program: Program, *, keep: bool, on_ask: OnAsk | None = None) -> Loaded:
        """Raises Lost."""
        raise Lost(Reason.UNAVAILABLE, self._problem)

    async def retire(self, program: Program) -> None:
        """Does nothing."""


@dataclass(frozen=True)
class Candidate:
    """A version that may become the active one of its script."""

    script_id: UUID
    slug: str
    host: str | None
    digest: str
    entry: str
    dialect: Dialect
    limits: Limits
    files: Callable[[], Awaitable[Mapping[str, bytes]]]
    """Reads the files; called only when they are not on disk yet."""


class Loader:
    """Loads candidates."""

    def __init__(self, runtimes: RuntimeClient, trees: Trees) -> None:
        self._runtimes = runtimes
        self._trees = trees

    async def program(self, candidate: Candidate) -> Program:
        """The program, with its files on disk."""

        async def files() -> Mapping[str, bytes]:
            found = dict(await candidate.files())
            entry, dialect = candidate.entry, candidate.dialect.value
            return {**found, entry: prepared_entry(dialect, found[entry])}

        await self._trees.write(candidate.script_id, candidate.digest, files)
        return self.planned(candidate)

    def planned(self, candidate: Candidate) -> Program:
        """The same, whether or not its files are on disk."""
        return program_of(
            candidate.script_id,
            candidate.digest,
            candidate.entry,
            candidate.dialect,
            candidate.limits,
            self._trees.path(candidate.script_id, candidate.digest),
        )

    async def load(
        self, candidate: Candidate, *, keep: bool, on_ask: OnAsk | None = None
    ) -> Checked:
        """What the version offers, with everything that is wrong with it.

        *on_ask* answers what its `init()` asks. With *keep* the process stays if nothing is wrong.
        Raises Unavailable when no process can be started, which says nothing about the version.
        """
        program = await self.program(candidate)
        try:
            # Only the classic form runs code of the script that may ask.
            is_asking = candidate.dialect is Dialect.CLASSIC
            loaded = await self._runtimes.load(
                program, keep=keep, on_ask=on_ask if is_asking else None
            )
        except Failed as failed:
            return _refused(_diagnostic(Severity.ERROR, vars(failed)))
        except Lost as lost:
            if lost.reason in (Reason.UNAVAILABLE, Reason.BUSY):
                raise Unavailable(f"The script can't be loaded now: {lost.message}") from lost
            return _refused(_diagnostic(Severity.ERROR, {"message": lost.message}))
        checked = _checked(loaded, candidate.slug, candidate.host)
        if keep and not checked.is_deployable:
            await self.retire(candidate)
        return checked

    async def retire(self, candidate: Candidate) -> None:
        """End the processes of a version that is not deployed. That none can be asked is fine."""
        try:
            await self._runtimes.retire(self.planned(candidate))
        except Lost:
            return


def _checked(loaded: Loaded, slug: str, host: str | None) -> Checked:
    registrations = [_clean(one) for one in loaded.registrations]
    size = len(orjson.dumps(registrations))
    if size > LARGEST_REGISTRATIONS_BYTES:
        return _refused(
            Diagnostic(
                severity=Severity.ERROR,
                message=f"The script registers {size:,} bytes; allowed:"
                f" {LARGEST_REGISTRATIONS_BYTES:,}.",
            )
        )
    routes, problems = routes_of(registrations, slug, host)
    warnings = [_diagnostic(Severity.WARNING, one) for one in loaded.warnings[:MOST_DIAGNOSTICS]]
    return Checked(routes, [*problems[:MOST_DIAGNOSTICS], *warnings], registrations)


def _refused(error: Diagnostic) -> Checked:
    return Checked([], [error], [])


def _diagnostic(severity: Severity, reported: Mapping[str, Any]) -> Diagnostic:
    """What a program reports, in the shape and size of a diagnostic."""
    file = reported.get("file")
    return Diagnostic(
        severity=severity,
        message=on_one_line(str(reported.get("message", ""))[:LONGEST_MESSAGE]),
        file=None if file is None else on_one_line(str(file)[:LONGEST_FILE]),
        line=_place(reported.get("line")),
        column=_place(reported.get("column")),
    )


def _place(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= LARGEST_NUMBER:
        return value
    return None


def _clean(value: Any) -> Any:
    """The value without characters that PostgreSQL can't store."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {_clean(str(key)): _clean(one) for key, one in value.items()}
    if isinstance(value, Sequence):
        return [_clean(one) for one in value]
    return value
