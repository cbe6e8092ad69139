"""Runs the schedules that are due, as a queue of the job engine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

import orjson

from aiwebengine.core.errors import EngineError
from aiwebengine.core.untrusted_text import on_one_line
from aiwebengine.database import Database
from aiwebengine.jobs.leases import Lease
from aiwebengine.jobs.queues import Capacity, NotStarted, Outcome, Result
from aiwebengine.script_schedules import queue_store as store
from aiwebengine.script_schedules.outcomes import upcoming
from aiwebengine.script_schedules.types import Claimed

LONGEST_PROBLEM = 2_000
FREED_AT_ONCE = 500


class Calls(Protocol):
    """What calls handlers; `app/` passes it."""

    async def __call__(
        self, script: UUID, handler: str, head: dict[str, Any], request_id: str
    ) -> None:
        """Call a handler. Raises EngineError; NotStarted when it could not begin."""


class ScheduleQueue:
    """The schedules of all scripts.

    A run is claimed in the same statement in which it becomes due for this process, so each runs in
    one process of all instances. Its schedule is not due again before the run has ended.
    """

    def __init__(self, db: Database, lease: Lease, call: Calls) -> None:
        self._db = db
        self._lease = lease
        self._call = call
        self._claimed_at: dict[int, float] = {}

    async def free(self) -> None:
        """Free what processes had claimed that are gone; their runs are interrupted."""
        if not await store.dead_claims(self._db, self._lease.number):
            return
        await self._lease.free_dead()
        async with self._db.transaction():
            for run in await store.claims_of_the_dead(self._db, FREED_AT_ONCE):
                outcome = Outcome(Result.INTERRUPTED, "The engine that ran it has ended.")
                await self._record(run, outcome)

    async def is_due(self, capacity: Capacity) -> bool:
        """Whether something is due."""
        return await store.is_due(self._db, capacity)

    async def claim(self, runner: int, capacity: Capacity) -> Sequence[Claimed]:
        """Begin runs that are due."""
        claimed = await store.claim(self._db, runner, capacity)
        for run in claimed:
            self._claimed_at[run.run_number] = time.monotonic()
        return claimed

    async def work(self, item: Claimed) -> Outcome:
        """Call the handler."""
        head = {
            "name": item.name,
            "time": item.due_at.isoformat().replace("+00:00", "Z"),
            "id": item.event_id,
            "attempt": item.attempt,
            "data": None if item.data is None else orjson.Fragment(item.data),
        }
        try:
            await self._call(item.script_id, item.handler, head, item.request_id)
        except NotStarted as error:
            return Outcome(Result.POSTPONED, str(error))
        except EngineError as error:
            return Outcome(Result.FAILED, on_one_line(error.message)[:LONGEST_PROBLEM])
        return Outcome(Result.SUCCEEDED)

    async def end(self, item: Claimed, outcome: Outcome) -> float | None:
        """Record how a run ended; in how many seconds its schedule is due again."""
        async with self._db.transaction():
            seconds = await self._record(item, outcome)
        self._claimed_at.pop(item.run_number, None)
        return seconds

    async def _record(self, run: Claimed, outcome: Outcome) -> float | None:
        if outcome.result is Result.POSTPONED:
            await store.remove_run(self._db, run)
        else:
            await store.end_run(self._db, run, outcome.result, outcome.problem)
        # By the database's clock, as the times in the table are.
        elapsed = time.monotonic() - self._claimed_at.get(run.run_number, time.monotonic())
        now = run.now + timedelta(seconds=elapsed)
        due = upcoming(run, outcome.result, now)
        await store.free(self._db, run, due)
        return None if due is None else (due.next_at - now).total_seconds()
