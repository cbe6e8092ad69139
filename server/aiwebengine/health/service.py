"""Runs health checks and derives the state of the engine."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from aiwebengine.core.errors import EngineError, Unavailable
from aiwebengine.core.identity import Role, Viewer
from aiwebengine.core.request_record import of_no_request
from aiwebengine.database import Database
from aiwebengine.health import store
from aiwebengine.health.state import DATABASE, status_of
from aiwebengine.health.types import (
    Check,
    EngineState,
    EngineStatus,
    Finding,
    HealthCheck,
    HealthState,
    failing,
    ok,
    unknown,
)

log = logging.getLogger(__name__)

# Clients of /health (load balancers, container engines) time out after a few seconds; a frozen
# database must be reported before that.
HEALTH_TIMEOUT_SECS = 1.5
# A result of the database probe is reused for this long.
TROUBLE_COUNTS_SECS = 1.0
# Minimum interval between runs, independent of the number of administrators who ask.
FRESH_SECS = 4.0
# A check that is not OK runs again after this time, whatever its own interval.
AGAIN_SECS = 4.0
# A slow check (a hanging provider) must not delay the results of the others.
PATIENCE_SECS = 2.0
# States of a stopped instance are kept for this long.
REMEMBERED_DAYS = 7

# Result of a first run that takes longer than PATIENCE_SECS.
_STILL_RUNNING = unknown("No result yet; the check is still running.")


@dataclass
class _Watched:
    """A check and its latest result."""

    check: Check
    finding: Finding = _STILL_RUNNING
    since: datetime | None = None
    checked_at: datetime | None = None
    times: int = 0
    due: float = 0.0
    is_new: bool = False
    """Whether the state is not yet shared with the other workers."""
    has_agreed: bool = False
    task: asyncio.Task[None] | None = None
    look: asyncio.Task[Finding] | None = None
    """The running `see`, also beyond its limit: a hanging check must not be started twice."""


class Health:
    """Health of the engine, as seen from this process.

    *instance* identifies all workers of this machine and port.
    """

    def __init__(self, db: Database, instance: str, checks: Iterable[Check] = ()) -> None:
        self._db = db
        self._instance = instance
        self._database = _Watched(
            Check(
                DATABASE,
                "Database",
                self._see_database,
                "Check that PostgreSQL is running and reachable (repository.database_url), and"
                " check its log. The engine recovers automatically once the database answers.",
                meaning="The database answers. Fails without an answer within"
                f" {HEALTH_TIMEOUT_SECS:g} s; `/health` then returns 503.",
            )
        )
        self._others = [_Watched(check) for check in checks]
        self._looking: asyncio.Task[None] | None = None
        self._looked_at = float("-inf")
        self._probe: asyncio.Task[None] | None = None
        self._probe_until = float("-inf")
        self._status: EngineStatus | None = None
        self._built_at = datetime.now(UTC)
        self.engine_trouble: Callable[[], str | None] = lambda: None
        """Why the engine itself is not ready, such as "is starting"; set by the engine."""

    def watch(self, check: Check) -> None:
        """Add a check."""
        self._others.append(_Watched(check))

    def look_from_outside(self, engine_trouble: str | None) -> None:
        """Run checks from a command, without those that check the own process.

        *engine_trouble*: why the engine is not serving; None if it is.
        """
        self._others = [one for one in self._others if not one.check.of_process]
        self.engine_trouble = lambda: engine_trouble

    async def engine_state(self, viewer: Viewer) -> EngineStatus:
        """State of the engine, from fresh checks. Raises Unauthenticated, Forbidden."""
        await self.checks(viewer)
        return await self.status()

    async def status(self) -> EngineStatus:
        """State of the engine; needs no role.

        Costs at most the shared probe of the database; all other checks use their last result.
        """
        await self.trouble()
        now = datetime.now(UTC)
        found = status_of(self.seen(), self.engine_trouble(), now)
        before = self._status
        if before is not None and before.state is found.state:
            found = replace(found, since=before.since)
        elif before is None and found.state is EngineState.UP:
            found = replace(found, since=self._built_at)
        elif before is not None and not found.reasons:
            # A check may have failed long before the database came back.
            found = replace(found, since=now)
        self._status = found
        return found

    async def trouble(self) -> str | None:
        """Why the database does not answer; None if it does.

        Safe to call at any rate: concurrent callers share one probe of the database, and its result
        is reused for a second.
        """
        await self._ask_database(TROUBLE_COUNTS_SECS)
        found = self._database.finding
        return None if found.state is HealthState.OK else found.detail

    async def checks(self, viewer: Viewer) -> list[HealthCheck]:
        """Every check, at most a few seconds old. Raises Forbidden.

        Works while the database is down.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        if time.monotonic() - self._looked_at > FRESH_SECS:
            await self.look()
        return self.seen()

    async def look(self) -> list[HealthCheck]:
        """Run all checks that are due; concurrent callers share one run."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), context=of_no_request())
        await asyncio.shield(self._looking)
        return self.seen()

    def seen(self) -> list[HealthCheck]:
        """Results of the last run; empty before the first."""
        watched = (self._database, *self._others)
        return [
            _result(one) for one in watched if one.checked_at is not None or one.look is not None
        ]

    def stop(self) -> None:
        """Cancel all running checks."""
        watched = (self._database, *self._others)
        looks = (task for one in watched for task in (one.task, one.look))
        for task in (self._looking, self._probe, *looks):
            if task is not None:
                task.cancel()

    async def tidy(self) -> None:
        """Remove states of instances that are gone. Any instance may do it. Raises Unavailable."""
        await store.confirm(self._db, self._instance)
        await store.remove_older(self._db, REMEMBERED_DAYS)

    async def _look(self) -> None:
        until = time.monotonic() + PATIENCE_SECS
        # A frozen database must not delay checks that don't need it.
        self._begin(needs_database=False)
        await self._ask_database(0)
        answers = self._database.finding.state is HealthState.OK
        if answers:
            self._begin(needs_database=True)
        else:
            for one in self._others:
                if one.check.needs_database:
                    self._note(one, unknown("Not checked: the database does not answer."))
        running = [one.task for one in self._others if one.task is not None]
        if running:
            await asyncio.wait(running, timeout=max(0.1, until - time.monotonic()))
        if answers:
            await self._agree_since_when()
        self._looked_at = time.monotonic()

    def _begin(self, *, needs_database: bool) -> None:
        """Start the checks that are due, except those still running."""
        now = time.monotonic()
        for one in self._others:
            is_free = one.task is None or one.task.done()
            if one.check.needs_database is needs_database and one.due <= now and is_free:
                one.task = asyncio.create_task(self._see(one))

    async def _ask_database(self, counts_secs: float) -> None:
        """Probe the database; later callers reuse the result for *counts_secs*."""
        now = time.monotonic()
        if self._probe is None or (self._probe.done() and now >= self._probe_until):
            self._probe = asyncio.create_task(self._see(self._database), context=of_no_request())
            self._probe_until = now + counts_secs
        await asyncio.shield(self._probe)

    async def _see(self, one: _Watched) -> None:
        """Wait for one check up to its limit; the check itself continues in the background."""
        if one.look is None:
            one.look = asyncio.create_task(_finding_of(one.check))
        await asyncio.wait([one.look], timeout=one.check.limit_secs)
        if one.look.done():
            self._note(one, one.look.result())
            one.look = None
        else:
            self._note(one, unknown(f"No answer within {one.check.limit_secs:g} s."))

    def _note(self, one: _Watched, finding: Finding) -> None:
        now = datetime.now(UTC)
        if one.since is None or finding.state is not one.finding.state:
            one.since, one.times, one.is_new = now, 0, True
        one.finding, one.checked_at, one.times = finding, now, one.times + 1
        is_well = finding.state is HealthState.OK
        pause = one.check.every_secs if is_well else min(one.check.every_secs, AGAIN_SECS)
        one.due = time.monotonic() + pause

    async def _agree_since_when(self) -> None:
        """Agree with other workers on start times: they see a change seconds apart."""
        new = [one for one in (self._database, *self._others) if one.is_new]
        if not new:
            return
        seen = [
            store.Seen(one.check.name, one.finding.state, one.since, not one.has_agreed)
            for one in new
            if one.since is not None
        ]
        try:
            agreed = await store.agree(self._db, self._instance, seen)
        except Unavailable:
            return
        except Exception as error:
            # The tables may be missing. The results are shown anyway.
            log.warning("health.not_recorded", extra={"error": str(error)})
            return
        for one, recorded in zip(new, seen, strict=True):
            if one.since == recorded.since:
                one.since = agreed.get(one.check.name, one.since)
                one.has_agreed, one.is_new = True, False

    async def _see_database(self) -> Finding:
        began = time.perf_counter()
        try:
            async with asyncio.timeout(HEALTH_TIMEOUT_SECS):
                await store.answers(self._db)
        except TimeoutError:
            return failing(f"no answer within {HEALTH_TIMEOUT_SECS} s")
        except Unavailable as error:
            return failing(error.message)
        except Exception as error:
            # Unlike other checks this one is never unknown: without an answer the engine is down.
            log.exception("health.bug", extra={"check": DATABASE})
            return failing(f"query failed: {type(error).__name__}")
        return ok(f"Answers in {1_000 * (time.perf_counter() - began):.0f} ms.")


async def _finding_of(check: Check) -> Finding:
    """Run a check; an error in it becomes an unknown finding."""
    try:
        return await check.see()
    except EngineError as error:
        return unknown(error.message)
    except TimeoutError:
        return unknown("No answer in time.")
    except Exception as error:
        log.exception("health.bug", extra={"check": check.name})
        return unknown(f"The check failed with an internal error: {type(error).__name__}.")


def _result(one: _Watched) -> HealthCheck:
    needs_help = one.finding.state in (HealthState.WARNING, HealthState.FAILING)
    now = datetime.now(UTC)
    return HealthCheck(
        name=one.check.name,
        title=one.check.title,
        state=one.finding.state,
        detail=one.finding.detail,
        since=one.since or now,
        checked_at=one.checked_at or now,
        remedy=(one.finding.remedy or one.check.remedy) if needs_help else None,
        times=one.times,
        is_shared=one.check.is_shared,
    )
