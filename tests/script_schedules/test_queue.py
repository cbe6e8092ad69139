"""What is due runs once in one process, does not overlap itself, and is repeated or continues."""

import asyncio
from datetime import timedelta

import pytest
from tests.script_schedules.working import (
    EVERY_MINUTE,
    NIGHTLY,
    add_schedule,
    add_script,
    finished,
    runs_of,
    schedule_of,
    worker,
)

from aiwebengine.core.errors import EngineError
from aiwebengine.jobs.queues import MOST_AT_ONCE, MOST_OF_ONE, NotStarted, Result
from aiwebengine.script_schedules import queue_store, store
from aiwebengine.script_schedules.outcomes import upcoming
from aiwebengine.script_schedules.plans import EVERY, Plan
from aiwebengine.script_schedules.types import KEPT_RUNS


@pytest.fixture
def db(engine):
    return engine.db


class Handler:
    """Notes its calls; waits for `may_end` while it is cleared."""

    def __init__(self, error=None):
        self.calls = []
        self.error = error
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def __call__(self, script, handler, head, request_id):
        self.calls.append((script, head))
        await self.may_end.wait()
        if self.error is not None:
            raise self.error


async def test_a_run_that_is_due_once_runs_once(db):
    await add_schedule(db, await add_script(db))
    handler = Handler()
    async with worker(db, handler) as one, worker(db, handler) as other:
        assert sum(await asyncio.gather(one.look(), other.look())) == 1
        await finished(one)
        await finished(other)
        assert await one.look() == 0

    assert [head["name"] for _, head in handler.calls] == ["tick"]
    assert await schedule_of(db) is None
    assert [(run["state"], run["attempt"]) for run in await runs_of(db)] == [("succeeded", 1)]


async def test_many_workers_share_many_schedules_and_none_runs_twice(db):
    scripts = [await add_script(db, f"script-{number}") for number in range(3)]
    for number in range(60):
        await add_schedule(db, scripts[number % 3], f"tick {number}")
    handler = Handler()
    async with worker(db, handler) as one, worker(db, handler) as two, worker(db, handler) as three:
        workers = (one, two, three)
        while len(handler.calls) < 60:
            await asyncio.gather(*(each.look() for each in workers))
            await asyncio.gather(*map(finished, workers))

    assert len({head["name"] for _, head in handler.calls}) == len(handler.calls) == 60


async def test_a_recurring_run_does_not_overlap_itself(db):
    await add_schedule(db, await add_script(db), plan=Plan(EVERY, every_ms=100))
    handler = Handler()
    handler.may_end.clear()
    async with worker(db, handler) as one, worker(db, handler) as other:
        assert await one.look() == 1
        # It was due several times since.
        await db.execute("update script_schedules set next_at = now() - interval '1 s'")
        assert await other.look() == await one.look() == 0
        handler.may_end.set()
        await finished(one)

    assert len(handler.calls) == 1


async def test_missed_times_are_made_up_for_once_and_the_plan_does_not_drift(db):
    script = await add_script(db)
    await add_schedule(db, script, plan=EVERY_MINUTE)
    anchor = (await schedule_of(db))["anchor"]
    await db.execute(
        "update script_schedules set anchor = :at, next_at = :at, due_at = :at",
        at=anchor - timedelta(days=1),
    )
    handler = Handler()
    async with worker(db, handler) as one:
        assert await one.look() == 1
        await finished(one)
        assert await one.look() == 0

    row, now = await schedule_of(db), await store.now(db)
    assert row["next_at"] > now
    assert (row["next_at"] - row["anchor"]) % timedelta(minutes=1) == timedelta()
    assert row["next_at"] - now <= timedelta(minutes=1)


async def test_a_run_that_failed_is_repeated_later_and_not_for_ever(db):
    await add_schedule(db, await add_script(db), retries=1)
    handler = Handler(EngineError("no luck"))
    async with worker(db, handler) as one:
        assert await one.look() == 1
        await finished(one)
        row = await schedule_of(db)
        assert row["attempt"] == 1
        assert row["next_at"] > row["due_at"]
        assert await one.look() == 0
        await db.execute("update script_schedules set next_at = now()")
        assert await one.look() == 1
        await finished(one)

    assert await schedule_of(db) is None
    runs = await runs_of(db)
    assert [(run["state"], run["attempt"], run["problem"]) for run in runs] == [
        ("failed", 1, "no luck"),
        ("failed", 2, "no luck"),
    ]
    first, second = handler.calls
    assert first[1]["id"] == second[1]["id"]


async def test_the_next_planned_time_comes_before_a_later_repetition(db):
    await add_schedule(db, await add_script(db), plan=Plan(EVERY, every_ms=500), retries=5)
    async with worker(db, Handler(EngineError("no luck"))) as one:
        await one.look()
        await finished(one)

    row = await schedule_of(db)
    assert (row["attempt"], row["next_at"]) == (0, row["due_at"])


async def test_a_run_that_can_not_begin_is_no_attempt(db):
    await add_schedule(db, await add_script(db), retries=0)
    async with worker(db, Handler(NotStarted("The script is busy."))) as one:
        await one.look()
        await finished(one)

    assert (await schedule_of(db))["attempt"] == 0
    assert await runs_of(db) == []


@pytest.mark.parametrize("state", ["suspended_at", "deleted_at", "active_version"])
async def test_scripts_that_are_not_active_run_nothing(db, state):
    script = await add_script(db)
    await add_schedule(db, script)
    change = "null" if state == "active_version" else "now()"
    await db.execute(f"update scripts set {state} = {change}")
    async with worker(db, Handler()) as one:
        assert await one.look() == 0


async def test_one_script_does_not_delay_the_others(db):
    greedy, other = await add_script(db, "greedy"), await add_script(db, "other")
    for number in range(30):
        await add_schedule(db, greedy, f"greedy {number}", late_secs=3_600)
    await add_schedule(db, other)
    handler = Handler()
    handler.may_end.clear()
    async with worker(db, handler) as one:
        assert await one.look() == MOST_OF_ONE + 1
        assert await one.look() == 0
        handler.may_end.set()
        await finished(one)

    assert MOST_OF_ONE < MOST_AT_ONCE


async def test_work_of_a_worker_that_stops_is_interrupted_and_repeated(db):
    await add_schedule(db, await add_script(db))
    handler = Handler()
    handler.may_end.clear()
    async with worker(db, handler) as one:
        await one.look()
        await asyncio.sleep(0)
    handler.may_end.set()
    assert [run["state"] for run in await runs_of(db)] == ["interrupted"]
    async with worker(db, handler) as two:
        assert await two.look() == 1
        await finished(two)

    assert [run["state"] for run in await runs_of(db)] == ["interrupted", "succeeded"]


async def test_without_repetitions_an_interrupted_run_is_not_begun_again(db):
    await add_schedule(db, await add_script(db), retries=0)
    handler = Handler()
    handler.may_end.clear()
    async with worker(db, handler) as one:
        await one.look()
        await asyncio.sleep(0)

    assert await schedule_of(db) is None
    assert [run["state"] for run in await runs_of(db)] == ["interrupted"]


async def test_claims_of_a_dead_process_are_free(db):
    await add_schedule(db, await add_script(db))
    handler = Handler()
    async with worker(db, handler) as one:
        # A process that claimed, and died.
        number = await one.lease._runs.begin("lease", "engine")
        await queue_store.claim(db, number.number, one._capacity())
        assert await one.look() == 0
        await db.execute(
            "update runs set beat_at = now() - interval '10 s' where id = :id", id=number.number
        )
        one._next_free = 0
        assert await one.look() == 1
        await finished(one)

    assert [run["state"] for run in await runs_of(db)] == ["interrupted", "succeeded"]


async def test_a_process_that_lost_its_lease_records_nothing(db):
    await add_schedule(db, await add_script(db))
    handler = Handler()
    handler.may_end.clear()
    async with worker(db, handler) as one, worker(db, Handler()) as two:
        await one.look()
        await db.execute("update runs set state = 'interrupted', ended_at = now()")
        assert await two.look() == 1
        await finished(two)
        handler.may_end.set()
        await asyncio.gather(*one._working, return_exceptions=True)

    assert [run["state"] for run in await runs_of(db)] == ["interrupted", "succeeded"]


async def test_a_plan_that_is_set_during_a_run_stays(db):
    script = await add_script(db)
    await add_schedule(db, script)
    handler = Handler()
    handler.may_end.clear()
    async with worker(db, handler) as one:
        await one.look()
        await add_schedule(db, script, plan=NIGHTLY)
        handler.may_end.set()
        await finished(one)

    row = await schedule_of(db)
    assert (row["kind"], row["runner"], row["attempt"]) == ("cron", None, 0)


async def test_a_schedule_that_is_cancelled_during_its_run_does_not_run_again(db):
    script = await add_script(db)
    await add_schedule(db, script, plan=EVERY_MINUTE)
    handler = Handler()
    handler.may_end.clear()
    async with worker(db, handler) as one:
        await one.look()
        assert await store.cancel(db, script, "tick")
        assert not await store.cancel(db, script, "tick")
        assert await store.stored(db, script, "", 10) == []
        handler.may_end.set()
        await finished(one)

    assert await schedule_of(db) is None


async def test_records_of_runs_are_bounded(db):
    script = await add_script(db)
    await add_schedule(db, script, plan=NIGHTLY)
    await db.execute(
        """
        insert into script_schedule_runs (script_id, name, due_at, attempt, state, started_by,
          ended_at, request_id, runner)
        select :script, 'tick', now(), 1, 'succeeded', 'schedule', now(), '', 0
        from generate_series(1, 200)
        """,
        script=script,
    )
    async with worker(db, Handler()) as one:
        await one.look()
        await finished(one)

    assert len(await runs_of(db)) <= KEPT_RUNS + 1


async def waiting_for_a_lock(db):
    async with asyncio.timeout(60):
        while not await db.value("select count(*) from pg_locks where not granted"):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("how", ["cancel", "remove_set", "remove_declared"])
async def test_a_schedule_that_is_removed_while_its_run_ends_is_gone(db, how):
    script = await add_script(db)
    await add_schedule(db, script, plan=EVERY_MINUTE)
    is_declared = how == "remove_declared"
    await db.execute(
        "update script_schedules set runner = 1, is_declared = :declared", declared=is_declared
    )
    rest = {"cancel": ["tick"], "remove_set": [], "remove_declared": [[]]}[how]
    ending = await db.open_transaction()
    async with ending.entered():
        await db.execute("update script_schedules set runner = null")

    removing = asyncio.create_task(getattr(store, how)(db, script, *rest))
    await waiting_for_a_lock(db)
    await ending.commit()
    await removing

    assert await schedule_of(db) is None


async def test_a_run_that_ends_while_its_schedule_is_removed_removes_it(db):
    script = await add_script(db)
    await add_schedule(db, script, plan=EVERY_MINUTE)
    await db.execute("update script_schedules set runner = 1")
    [run] = await queue_store.claims_of_the_dead(db, 1)
    removing = await db.open_transaction()
    async with removing.entered():
        await store.remove_set(db, script)

    ending = asyncio.create_task(
        queue_store.free(db, run, upcoming(run, Result.SUCCEEDED, run.now))
    )
    await waiting_for_a_lock(db)
    await removing.commit()
    await ending

    assert await schedule_of(db) is None
