"""Schedules of a script whose handler is a function of the test."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from uuid import UUID

from aiwebengine.core.background import end
from aiwebengine.jobs.leases import Lease
from aiwebengine.jobs.queues import QueueRunner
from aiwebengine.jobs.runs import Runs
from aiwebengine.script_schedules import store
from aiwebengine.script_schedules.plans import CRON, EVERY, ONCE, Plan
from aiwebengine.script_schedules.queue import ScheduleQueue
from aiwebengine.script_schedules.types import Wanted


async def add_script(db, slug="hello", **columns) -> UUID:
    """A script that counts as active."""
    values = {"active_version": 1, **columns}
    names = "".join(f", {name}" for name in values)
    given = "".join(f", :{name}" for name in values)
    return await db.value(
        f"insert into scripts (slug, created_by{names}) values (:slug, 'tests'{given})"
        " returning id",
        slug=slug,
        **values,
    )


EVERY_MINUTE = Plan(EVERY, every_ms=60_000)
NIGHTLY = Plan(CRON, cron="0 2 * * *")


async def add_schedule(db, script_id, name="tick", plan=None, *, retries=2, late_secs=0.0):
    """A schedule that has been due for so many seconds; without a plan a run that is due once."""
    now = await store.now(db)
    wanted = Wanted(name, plan or Plan(ONCE, anchor=now), "scheduled", retries)
    await store.set_schedule(db, script_id, wanted, now, is_declared=False)
    await db.execute(
        """
        update script_schedules
        set next_at = now() - make_interval(secs => :late),
          due_at = now() - make_interval(secs => :late)
        where script_id = :script_id and name = :name
        """,
        script_id=script_id,
        name=name,
        late=late_secs,
    )


async def schedule_of(db, name="tick"):
    return await db.one("select * from script_schedules where name = :name", name=name)


async def runs_of(db, name="tick"):
    return await db.all(
        "select * from script_schedule_runs where name = :name order by id", name=name
    )


@asynccontextmanager
async def worker(db, handler):
    """A process that runs schedules by *handler*, without its loop: a test calls `look`."""
    lease = Lease(Runs(db))
    runner = QueueRunner("schedules", ScheduleQueue(db, lease, handler), lease)
    runner.lease = lease
    try:
        yield runner
    finally:
        await end(*runner._working)
        await lease.stop()


async def finished(runner):
    """Wait until the runs of a worker have ended."""
    while runner._working:
        await asyncio.wait(list(runner._working))
        # The worker learns of it by a callback of its own.
        await asyncio.sleep(0)
