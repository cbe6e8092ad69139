"""SQL statements that claim due schedules and record how their runs ended."""

from __future__ import annotations

from aiwebengine.database import Database, Row
from aiwebengine.jobs.queues import Capacity, Result
from aiwebengine.script_schedules.plans import Plan
from aiwebengine.script_schedules.types import KEPT_RUNS, KEPT_RUNS_OF_SCRIPT, Claimed, Upcoming

BY_SCHEDULE = "schedule"

# A lookup in the index for each active script: the due rows of suspended scripts, which may be
# many, are never read, and the rows of one script are not in the way of another's.
_DUE = """
  select d.script_id, d.name, d.next_at
  from scripts s
  left join unnest(cast(:busy as uuid[]), cast(:capacities as integer[])) as b (script_id, capacity)
    on b.script_id = s.id
  cross join lateral (
    select d.script_id, d.name, d.next_at
    from script_schedules d
    where d.script_id = s.id and d.runner is null and d.next_at <= now()
    order by d.next_at
    limit coalesce(b.capacity, cast(:of_each as integer))
  ) d
  where s.active_version is not null and s.suspended_at is null and s.deleted_at is null
"""


async def is_due(db: Database, capacity: Capacity) -> bool:
    """Whether `claim` would find something."""
    return bool(await db.value(f"select exists ({_DUE})", **_values(capacity)))


async def claim(db: Database, runner: int, capacity: Capacity) -> list[Claimed]:
    """Claim what is due for the run *runner*, what is due longest first; each begins a run."""
    rows = await db.all(
        f"""
        with due as ({_DUE} order by d.next_at limit :total),
        free as (
          select d.script_id, d.name
          from script_schedules d join due using (script_id, name)
          where d.runner is null and d.next_at <= now()
          for update of d skip locked
        ),
        claimed as (
          update script_schedules d
          set runner = :runner, attempt = d.attempt + 1,
            due_at = case when d.asked_by is null then d.due_at else now() end
          from free
          where d.script_id = free.script_id and d.name = free.name
          returning d.*
        ),
        begun as (
          insert into script_schedule_runs (
            script_id, name, version, due_at, attempt, started_by, request_id, runner
          )
          select c.script_id, c.name, s.active_version, c.due_at, c.attempt,
            coalesce(c.asked_by, :by), gen_random_uuid()::text, :runner
          from claimed c join scripts s on s.id = c.script_id
          returning id, script_id, name, request_id
        )
        select c.*, begun.id as run_number, begun.request_id, clock_timestamp() as now
        from claimed c join begun using (script_id, name)
        """,
        **_values(capacity),
        total=capacity.total,
        runner=runner,
        by=BY_SCHEDULE,
    )
    return [_claimed(row) for row in rows]


async def end_run(db: Database, run: Claimed, result: Result, problem: str | None) -> bool:
    """Record how a run ended; False if it is no longer this process's.

    The oldest records beyond what is kept are removed.
    """
    ended = await db.value(
        """
        with ended as (
          update script_schedule_runs
          set state = :state, ended_at = clock_timestamp(), problem = :problem
          where id = :id and state = 'running' and runner = :runner
          returning id
        ),
        of_schedule as (
          delete from script_schedule_runs
          where script_id = :script_id and name = :name and state <> 'running' and id <= (
            select o.id from script_schedule_runs o
            where o.script_id = :script_id and o.name = :name
            order by o.id desc offset :kept limit 1
          )
        ),
        of_script as (
          delete from script_schedule_runs
          where script_id = :script_id and state <> 'running' and id <= (
            select o.id from script_schedule_runs o
            where o.script_id = :script_id
            order by o.id desc offset :kept_of_script limit 1
          )
        )
        select id from ended
        """,
        id=run.run_number,
        runner=run.runner,
        state=result.value,
        problem=problem,
        script_id=run.script_id,
        name=run.name,
        kept=KEPT_RUNS,
        kept_of_script=KEPT_RUNS_OF_SCRIPT,
    )
    return ended is not None


async def remove_run(db: Database, run: Claimed) -> None:
    """Forget a run that could not begin."""
    await db.execute(
        "delete from script_schedule_runs where id = :id and state = 'running'", id=run.run_number
    )


async def free(db: Database, run: Claimed, upcoming: Upcoming | None) -> None:
    """Free a schedule for its upcoming run; None: it is done, and is removed.

    A plan that was set meanwhile stays. A schedule that was cancelled meanwhile is removed.
    """
    await db.execute(
        """
        with held as materialized (
          select name, is_cancelled, revision from script_schedules
          where script_id = :script_id and name = :name and runner = :runner
          for update
        ),
        removed as (
          delete from script_schedules d using held h
          where d.script_id = :script_id and d.name = h.name
            and (h.is_cancelled or h.revision = :revision and cast(:next_at as timestamptz) is null)
        )
        update script_schedules d
        set runner = null, asked_by = null,
          next_at = case when h.revision = :revision then :next_at else next_at end,
          due_at = case when h.revision = :revision then :due_at else due_at end,
          attempt = case when h.revision = :revision then cast(:attempt as integer) else 0 end
        from held h
        where d.script_id = :script_id and d.name = h.name
          and not h.is_cancelled
          and (h.revision <> :revision or cast(:next_at as timestamptz) is not null)
        """,
        script_id=run.script_id,
        name=run.name,
        runner=run.runner,
        revision=run.revision,
        next_at=None if upcoming is None else upcoming.next_at,
        due_at=None if upcoming is None else upcoming.due_at,
        attempt=0 if upcoming is None else upcoming.attempt,
    )


async def dead_claims(db: Database, own: int) -> bool:
    """Whether another process has claimed something."""
    return bool(
        await db.value(
            """
            select exists (
              select from script_schedules where runner is not null and runner <> :own
            )
            """,
            own=own,
        )
    )


async def claims_of_the_dead(db: Database, limit: int) -> list[Claimed]:
    """Runs whose process is gone, locked until the end of the transaction."""
    rows = await db.all(
        """
        select d.*, coalesce(r.id, 0) as run_number, coalesce(r.request_id, '') as request_id,
          now() as now
        from script_schedules d
        left join script_schedule_runs r
          on r.script_id = d.script_id and r.name = d.name and r.runner = d.runner
            and r.state = 'running'
        where d.runner is not null
          and not exists (select from runs l where l.id = d.runner and l.state = 'running')
        limit :limit
        for update of d skip locked
        """,
        limit=limit,
    )
    return [_claimed(row) for row in rows]


def _values(capacity: Capacity) -> dict[str, object]:
    return {
        "busy": list(capacity.of_owner),
        "capacities": list(capacity.of_owner.values()),
        "of_each": capacity.of_each,
    }


def plan_of(row: Row) -> Plan:
    """The plan of a row of `script_schedules`."""
    return Plan(row["kind"], row["anchor"], row["every_ms"], row["cron"], row["time_zone"])


def _claimed(row: Row) -> Claimed:
    return Claimed(
        script_id=row["script_id"],
        name=row["name"],
        plan=plan_of(row),
        anchor=row["anchor"],
        handler=row["handler"],
        retries=row["retries"],
        data=row["data"],
        due_at=row["due_at"],
        attempt=row["attempt"],
        revision=row["revision"],
        runner=row["runner"],
        run_number=row["run_number"],
        request_id=row["request_id"],
        now=row["now"],
    )
