"""SQL statements that read schedules and their runs for people, and ask for a run."""

from __future__ import annotations

from uuid import UUID

import strawberry

from aiwebengine.core.formats import duration
from aiwebengine.database import Database, Row
from aiwebengine.script_schedules.plans import CRON, EVERY
from aiwebengine.script_schedules.types import (
    ScriptRunState,
    ScriptSchedule,
    ScriptScheduleRun,
    ScriptScheduleState,
)

_RUN = """
  r.id as number, r.name, r.version, r.due_at, r.attempt, r.state, r.started_by, r.started_at,
  r.ended_at, r.request_id, r.problem
"""


_SCHEDULES = f"""
  select d.name as schedule, d.kind, d.cron, d.time_zone, d.every_ms, d.is_declared, d.next_at,
    d.attempt as tries, d.retries, r.*,
    case
      when d.runner is not null then 'running'
      when s.suspended_at is not null or s.deleted_at is not null or s.active_version is null
        then 'paused'
      when d.attempt > 0 then 'retrying'
      when d.next_at <= now() then 'due'
      else 'waiting'
    end as schedule_state
  from script_schedules d
  join scripts s on s.id = d.script_id
  left join lateral (
    select {_RUN} from script_schedule_runs r
    where r.script_id = d.script_id and r.name = d.name
    order by r.id desc limit 1
  ) r on true
"""


async def schedules(
    db: Database, script_id: UUID, after: str | None, limit: int
) -> list[ScriptSchedule]:
    """At most *limit* schedules by name, with names after *after*."""
    rows = await db.all(
        f"""
        {_SCHEDULES}
        where d.script_id = :script_id and not d.is_cancelled
          and d.name > coalesce(cast(:after as text), '')
        order by d.name
        limit :limit
        """,
        script_id=script_id,
        after=after,
        limit=limit,
    )
    return [_schedule(row) for row in rows]


async def count_schedules(db: Database, script_id: UUID) -> int:
    """Number of schedules of a script."""
    return int(
        await db.value(
            """
            select count(*) from script_schedules
            where script_id = :script_id and not is_cancelled
            """,
            script_id=script_id,
        )
    )


async def runs(
    db: Database, script_id: UUID, name: str | None, before: int | None, limit: int
) -> list[ScriptScheduleRun]:
    """At most *limit* runs, newest first, with a number below *before*."""
    condition = "" if name is None else "and r.name = :name"
    rows = await db.all(
        f"""
        select {_RUN} from script_schedule_runs r
        where r.script_id = :script_id {condition}
          and (cast(:before as bigint) is null or r.id < :before)
        order by r.id desc
        limit :limit
        """,
        **{
            "script_id": script_id,
            "before": before,
            "limit": limit,
            **({} if name is None else {"name": name}),
        },
    )
    return [_run(row) for row in rows]


async def count_runs(db: Database, script_id: UUID, name: str | None) -> int:
    """Number of runs."""
    return int(
        await db.value(
            """
            select count(*) from script_schedule_runs
            where script_id = :script_id and (cast(:name as text) is null or name = :name)
            """,
            script_id=script_id,
            name=name,
        )
    )


async def ask_for_run(db: Database, script_id: UUID, name: str, by: str) -> bool:
    """Make a schedule due now, outside of its plan; False if its run is in progress."""
    return bool(
        await db.value(
            """
            update script_schedules
            set next_at = now(), attempt = 0, asked_by = :by
            where script_id = :script_id and name = :name and runner is null
            returning true
            """,
            script_id=script_id,
            name=name,
            by=by,
        )
    )


async def find(db: Database, script_id: UUID, name: str) -> ScriptSchedule | None:
    """One schedule, or None."""
    rows = await db.all(
        f"""
        {_SCHEDULES}
        where d.script_id = :script_id and d.name = :name and not d.is_cancelled
        """,
        script_id=script_id,
        name=name,
    )
    return _schedule(rows[0]) if rows else None


def _schedule(row: Row) -> ScriptSchedule:
    return ScriptSchedule(
        name=row["schedule"],
        plan=_plan(row),
        time_zone=row["time_zone"] if row["kind"] == CRON else None,
        is_declared=row["is_declared"],
        state=ScriptScheduleState(row["schedule_state"]),
        next_run_at=row["next_at"],
        attempt=row["tries"],
        retries=row["retries"],
        last_run=None if row["number"] is None else _run(row),
    )


def _plan(row: Row) -> str:
    if row["kind"] == CRON:
        return str(row["cron"])
    return f"every {duration(row['every_ms'] / 1_000)}" if row["kind"] == EVERY else "once"


def _run(row: Row) -> ScriptScheduleRun:
    return ScriptScheduleRun(
        id=strawberry.ID(str(row["number"])),
        name=row["name"],
        version=row["version"],
        due_at=row["due_at"],
        attempt=row["attempt"],
        state=ScriptRunState(row["state"]),
        started_by=row["started_by"],
        started_at=row["started_at"],
        ended_at=row["ended_at"],
        request_id=row["request_id"],
        problem=row["problem"],
        number=row["number"],
    )
