"""Tests and evaluations of scripts, for those who may run them."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from secrets import token_hex
from typing import Any

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction
from aiwebengine.core.errors import BadUserInput, Conflict, LimitExceeded, Unavailable
from aiwebengine.core.identity import Viewer
from aiwebengine.database.turns import Turns
from aiwebengine.runtimes.types import Failed, Lost
from aiwebengine.script_calls.invocation import SharedTransaction
from aiwebengine.script_calls.types import Kind, ScriptRef
from aiwebengine.script_trials.processes import Serving, Source, TrialProcess
from aiwebengine.script_trials.types import (
    OutcomeOfTest,
    ScriptError,
    ScriptEvaluation,
    ScriptTest,
    ScriptTestRun,
)
from aiwebengine.scripts.access import target_of
from aiwebengine.scripts.errors import NotLoadable
from aiwebengine.scripts.records import Tree
from aiwebengine.scripts.rights import Act
from aiwebengine.scripts.service import Scripts
from aiwebengine.scripts.types import Diagnostic, Script, Severity

MOST_RUN_SECS = 120.0
"""Of one run of tests; those that are left are skipped."""
MOST_TRIALS = 2
"""At a time in one worker; more wait."""
MOST_WAITING_OF_ONE = 5
"""Trials of one person, in one worker."""
OWN_WAIT_SECS = 150.0
"""The longest wait for a trial of one's own, which takes a little more than MOST_RUN_SECS."""
LONGEST_SOURCE = 100_000
"""Characters of a snippet."""
LONGEST_FILTER = 200
AUDITED_SOURCE = 1_000
"""Characters of a snippet in the audit trail."""

_TEST_FILE = re.compile(r"(.*/)?[^/]+\.test\.(ts|tsx|js|jsx|mts|mjs)")


class ScriptTrials:
    """Runs a version of a script in a process of its own, and undoes what it writes."""

    def __init__(self, scripts: Scripts, audit: AuditTrail) -> None:
        self._scripts = scripts
        self._audit = audit
        self._turns = asyncio.Semaphore(MOST_TRIALS)
        self._people = Turns()
        self.serving: Serving | None = None
        """Set where scripts are served."""

    async def test(
        self,
        viewer: Viewer,
        slug: str,
        *,
        version: int | None = None,
        tree: Tree | None = None,
        name: str | None = None,
    ) -> ScriptTestRun:
        """Run the tests of a version, by default the newest, or of files that are not saved.

        With *name* only those whose name contains it. Each test finds what `init()` wrote, and
        nothing of another test.
        Raises Unauthenticated, Forbidden, NotFound, BadUserInput without test files, NotLoadable,
        Conflict before the first version, Unavailable.
        """
        script = await self._scripts.must_be_allowed_to(viewer, Act.RUN, slug)
        if name is not None and len(name) > LONGEST_FILTER:
            raise BadUserInput(f"name: {len(name)} characters; allowed: {LONGEST_FILTER}.")
        source = await self._source(viewer, script, version or script.newest_version, tree)
        files = tuple(sorted(filter(_TEST_FILE.fullmatch, source.files)))
        if not files:
            raise BadUserInput(
                f"{slug} has no tests. Save a file such as main.test.ts, with test(…) in it."
            )
        begun = time.perf_counter()
        async with self._loaded(viewer, source, files) as (process, shared, registered, request_id):
            await shared.mark()
            tests = [
                await self._run(process, shared, index, one, name, begun)
                for index, one in enumerate(registered)
            ]
        counts = Counter(one.status for one in tests)
        return ScriptTestRun(
            request_id=request_id,
            version=source.script.version,
            tests=tests,
            passed=counts[OutcomeOfTest.PASSED],
            failed=counts[OutcomeOfTest.FAILED],
            skipped=counts[OutcomeOfTest.SKIPPED],
            milliseconds=round((time.perf_counter() - begun) * 1_000, 3),
            log=await process.lines(),
        )

    async def evaluate(
        self, viewer: Viewer, slug: str, source: str, *, keep: bool = False
    ) -> ScriptEvaluation:
        """Evaluate JavaScript in the active version: it sees what the entry file sees.

        What it writes is undone unless *keep*. An audit event names the snippet.
        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, NotLoadable, Unavailable, and
        Conflict when no version is active.
        """
        script = await self._scripts.must_be_allowed_to(viewer, Act.RUN, slug)
        if not source.strip() or len(source) > LONGEST_SOURCE:
            raise BadUserInput(
                f"source: found {len(source)} characters; allowed: 1 to {LONGEST_SOURCE}."
            )
        if script.active_version is None:
            raise Conflict(f"No version of {slug} is active. Deploy one first.")
        files = await self._source(viewer, script, script.active_version, None)
        await self._audit.record(
            viewer,
            AuditAction.SCRIPT_EVALUATED,
            target_of(script),
            after={
                "version": script.active_version,
                "kept": keep,
                "source": source[:AUDITED_SOURCE],
            },
        )
        async with self._loaded(viewer, files, ()) as (process, shared, _, request_id):
            head = {"source": source}
            found = await process.call(Kind.EVAL, head, None if keep else shared)
        return ScriptEvaluation(
            request_id=request_id,
            version=files.script.version,
            json=found.value.get("json"),
            text=found.value.get("text"),
            error=found.error,
            milliseconds=found.milliseconds,
            log=await process.lines(),
        )

    @asynccontextmanager
    async def _loaded(
        self, viewer: Viewer, source: Source, tests: tuple[str, ...]
    ) -> AsyncIterator[tuple[TrialProcess, SharedTransaction, list[dict[str, Any]], str]]:
        """A process for one trial, its transaction, its tests and its ID."""
        serving = self.serving
        if serving is None:
            raise Unavailable("Scripts are off: scripts.enabled is false.")
        request_id = token_hex(8)
        async with self._own_turn(viewer), self._turns:
            process = TrialProcess(serving, source, request_id)
            shared = serving.invocations.shared_transaction()
            try:
                registrations = await process.load(self._scripts.trees, tests, shared)
                registered = [one for one in registrations if one.get("kind") == "test"]
                yield process, shared, registered, request_id
            except Failed as error:
                raise NotLoadable([_diagnostic(error)]) from None
            except Lost as error:
                raise Unavailable(f"The script can't be loaded now: {error.message}") from None
            finally:
                await process.end()
                await shared.rollback()

    @asynccontextmanager
    async def _own_turn(self, viewer: Viewer) -> AsyncIterator[None]:
        """One trial of a person at a time: the others of theirs wait for it, and not in front of
        those of other people. Raises LimitExceeded when too many wait.
        """
        name = str(viewer.id or viewer.label)
        waiting = self._people.waiting(name)
        if waiting >= MOST_WAITING_OF_ONE:
            raise LimitExceeded(f"Found {waiting} trials of yours that wait; wait for one of them.")
        busy = LimitExceeded(
            f"Your other trials have taken more than {OWN_WAIT_SECS:.0f} s. Try again."
        )
        async with self._people.turn(name, OWN_WAIT_SECS, busy):
            yield

    async def _run(
        self,
        process: TrialProcess,
        shared: SharedTransaction,
        index: int,
        registered: Mapping[str, Any],
        wanted: str | None,
        begun: float,
    ) -> ScriptTest:
        test = ScriptTest(
            name=str(registered.get("name"))[:500],
            status=OutcomeOfTest.SKIPPED,
            file=registered.get("file"),
            line=registered.get("line"),
            milliseconds=0.0,
        )
        is_late = time.perf_counter() - begun > MOST_RUN_SECS
        is_other = wanted is not None and wanted not in test.name
        if is_late or is_other or registered.get("isSkipped"):
            if is_late:
                test.error = ScriptError(message=f"The run took more than {MOST_RUN_SECS:.0f} s.")
            return test
        found = await process.call(Kind.TEST, {"index": index}, shared)
        await shared.reset()
        failure = found.value.get("failure")
        thrown = None if failure is None else ScriptError(**failure)
        test.milliseconds, test.error = found.milliseconds, found.error or thrown
        test.status = OutcomeOfTest.PASSED if test.error is None else OutcomeOfTest.FAILED
        return test

    async def _source(
        self, viewer: Viewer, script: Script, number: int, tree: Tree | None
    ) -> Source:
        if tree is not None:
            files: Mapping[str, bytes] = tree.files
            digest, entry, dialect, number = tree.digest, tree.entry, tree.dialect, 0
        elif number == 0:
            raise Conflict(f"Nothing is saved in {script.slug} yet. Save a version first.")
        else:
            version = await self._scripts.version(viewer, script.slug, number)
            files = await self._scripts.files_of(script.key, number)
            digest, entry, dialect = version.digest, version.entry, version.dialect
        limits = self._scripts.limits_of(script)
        ref = ScriptRef(script.key, script.slug, number, dialect, limits, script.host)
        return Source(ref, digest, entry, files)


def _diagnostic(error: Failed) -> Diagnostic:
    return Diagnostic(
        severity=Severity.ERROR,
        message=error.message,
        file=error.file,
        line=error.line,
        column=error.column,
    )
