"""A hundred thousand schedules: what looks for due ones reads only those."""

import json

import pytest
from tests.script_schedules.working import finished, worker

from aiwebengine.jobs.queues import MOST_AT_ONCE, Capacity
from aiwebengine.script_schedules import queue_store

pytestmark = pytest.mark.slow

SCRIPTS = 200
OF_EACH = 500


@pytest.fixture
async def db(engine):
    """Half of the scripts are suspended, and everything of theirs has been due for long."""
    await engine.db.execute(
        """
        insert into scripts (slug, created_by, active_version, suspended_at)
        select 'script-' || n, 'tests', 1, case when n % 2 = 0 then now() end
        from generate_series(1, :scripts) n
        """,
        scripts=SCRIPTS,
    )
    await engine.db.execute(
        """
        insert into script_schedules (
          script_id, name, kind, every_ms, anchor, handler, retries, next_at, due_at
        )
        select s.id, 'tick ' || n, 'every', 60000, now(), 'scheduled', 0, due.at, due.at
        from scripts s, generate_series(1, :of_each) n,
          lateral (
            select now() + case when s.suspended_at is null then interval '1 hour'
              else interval '-1 hour' end as at
          ) due
        """,
        of_each=OF_EACH,
    )
    await engine.db.execute("analyze script_schedules")
    return engine.db


def rows_read(plan):
    """The most rows that a part of a plan has read of schedules."""
    own = 0
    if plan.get("Relation Name") == "script_schedules":
        own = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
    return max([own, *(rows_read(part) for part in plan.get("Plans", []))])


async def explained(db, sql, **values):
    text = await db.value(f"explain (analyze, format json) {sql}", **values)
    return json.loads(text)[0]


async def test_nothing_is_read_while_nothing_is_due(db):
    capacity = Capacity(MOST_AT_ONCE, 4, {})
    found = await explained(
        db, f"select exists ({queue_store._DUE})", **queue_store._values(capacity)
    )

    assert rows_read(found["Plan"]) == 0
    print(f"is_due: {found['Execution Time']} ms")


async def test_due_schedules_of_all_active_scripts_get_their_turn(db):
    await db.execute(
        """
        update script_schedules d set next_at = now() - interval '1 s'
        from scripts s where s.id = d.script_id and s.suspended_at is null
        """
    )
    await db.execute("analyze script_schedules")
    capacity = Capacity(MOST_AT_ONCE, 4, {})
    found = await explained(
        db,
        f"{queue_store._DUE} order by d.next_at limit :total",
        **queue_store._values(capacity),
        total=MOST_AT_ONCE,
    )
    print(f"due: {found['Execution Time']} ms")
    assert rows_read(found["Plan"]) <= SCRIPTS * 4

    served = []

    async def handler(script, handler, head, request_id):
        served.append(script)

    async with worker(db, handler) as one:
        for _ in range(20):
            assert await one.look() == MOST_AT_ONCE
            await finished(one)
    assert len(served) == 20 * MOST_AT_ONCE
