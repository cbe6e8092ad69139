"""The verbs of this room."""

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

# Whoever asks /health (a load balancer, a container engine) gives up after a few seconds: a
# frozen database must be told of before that.
HEALTH_TIMEOUT_SECS = 1.5
# What it saw may be told to others for so long.
TROUBLE_COUNTS_SECS = 1.0
# However many administrators look, the checks run this often.
FRESH_SECS = 4.0
# What is not well is looked at again this soon, however seldom it is looked at otherwise.
AGAIN_SECS = 4.0
# A slow check (a provider that hangs) must not hold up what the others saw.
PATIENCE_SECS = 2.0
# How long a stopped instance is remembered.
REMEMBERED_DAYS = 7

# A first look that takes longer than others wait for it.
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
    """Whether the other workers don't know this state yet."""
    has_agreed: bool = False
    task: asyncio.Task[None] | None = None
    look: asyncio.Task[Finding] | None = None
    """What `see` is doing, also beyond its limit: what hangs must not be begun a second time."""


class Health:
    """Whether all is well, seen from this process.

    *instance* is what all workers of this machine and port are known as.
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
        """Look at this as well, from now on."""
        self._others.append(_Watched(check))

    def look_from_outside(self, engine_trouble: str | None) -> None:
        """Look as a command does, beside the engine: without what is about the own process.

        *engine_trouble*: why the engine does not serve, when it does not.
        """
        self._others = [one for one in self._others if not one.check.of_process]
        self.engine_trouble = lambda: engine_trouble

    async def engine_state(self, viewer: Viewer) -> EngineStatus:
        """The one state of the engine, from fresh checks. Raises Unauthenticated, Forbidden."""
        await self.checks(viewer)
        return await self.status()

    async def status(self) -> EngineStatus:
        """The one state of the engine, for whoever may ask without a role.

        Costs the shared probe of the database at most; all other checks are taken as last seen.
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
        """Why the database does not answer; None while it does.

        Anybody may ask this as often as they like: one probe of the database answers all who ask
        meanwhile, and for a second from its beginning.
        """
        await self._ask_database(TROUBLE_COUNTS_SECS)
        found = self._database.finding
        return None if found.state is HealthState.OK else found.detail

    async def checks(self, viewer: Viewer) -> list[HealthCheck]:
        """Every check, as it was seen a few seconds ago at most. Raises Forbidden.

        Works while the database is down.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        if time.monotonic() - self._looked_at > FRESH_SECS:
            await self.look()
        return self.seen()

    async def look(self) -> list[HealthCheck]:
        """Look at everything that is due, now; whoever asks meanwhile gets the same answer."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), context=of_no_request())
        await asyncio.shield(self._looking)
        return self.seen()

    def seen(self) -> list[HealthCheck]:
        """What the last look saw; nothing before the first."""
        watched = (self._database, *self._others)
        return [_told(one) for one in watched if one.checked_at is not None or one.look is not None]

    def stop(self) -> None:
        """Give up what is being looked at."""
        watched = (self._database, *self._others)
        looks = (task for one in watched for task in (one.task, one.look))
        for task in (self._looking, self._probe, *looks):
            if task is not None:
                task.cancel()

    async def tidy(self) -> None:
        """Forget instances that are gone. Any instance may do this. Raises Unavailable."""
        await store.confirm(self._db, self._instance)
        await store.remove_older(self._db, REMEMBERED_DAYS)

    async def _look(self) -> None:
        until = time.monotonic() + PATIENCE_SECS
        # A frozen database must not hold up what does not need it.
        self._begin(needs_database=False)
        await self._ask_database(0)
        answers = self._database.finding.state is HealthState.OK
        if answers:
            self._begin(needs_database=True)
        else:
            for one in self._others:
                if one.check.needs_database:
                    self._note(one, unknown("Not checked while the database does not answer."))
        running = [one.task for one in self._others if one.task is not None]
        if running:
            await asyncio.wait(running, timeout=max(0.1, until - time.monotonic()))
        if answers:
            await self._agree_since_when()
        self._looked_at = time.monotonic()

    def _begin(self, *, needs_database: bool) -> None:
        """Begin the checks that are due, except those that are still running."""
        now = time.monotonic()
        for one in self._others:
            is_free = one.task is None or one.task.done()
            if one.check.needs_database is needs_database and one.due <= now and is_free:
                one.task = asyncio.create_task(self._see(one))

    async def _ask_database(self, counts_secs: float) -> None:
        """Probe the database; the answer counts for *counts_secs* from here for whoever asks."""
        now = time.monotonic()
        if self._probe is None or (self._probe.done() and now >= self._probe_until):
            self._probe = asyncio.create_task(self._see(self._database), context=of_no_request())
            self._probe_until = now + counts_secs
        await asyncio.shield(self._probe)

    async def _see(self, one: _Watched) -> None:
        """Wait for one check, no longer than its limit; the look itself goes on beyond that."""
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
        """Workers see a change within seconds of each other, and a new one has seen none."""
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
            # The tables may be missing. What the checks found is shown all the same.
            log.warning("health.not_recorded", extra={"error": str(error)})
            return
        for one, told in zip(new, seen, strict=True):
            if one.since == told.since:
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
            # Unlike other checks it is never unknown: without an answer the engine is down.
            log.exception("health.bug", extra={"check": DATABASE})
            return failing(f"query failed: {type(error).__name__}")
        return ok(f"Answers in {1_000 * (time.perf_counter() - began):.0f} ms.")


async def _finding_of(check: Check) -> Finding:
    """What a check finds; whatever happens to it concerns nobody else."""
    try:
        return await check.see()
    except EngineError as error:
        return unknown(error.message)
    except TimeoutError:
        return unknown("No answer in time.")
    except Exception as error:
        log.exception("health.bug", extra={"check": check.name})
        return unknown(f"The check failed with an internal error: {type(error).__name__}.")


def _told(one: _Watched) -> HealthCheck:
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
