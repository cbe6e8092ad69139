"""Every SQL statement about tasks and their runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import strawberry

from aiwebengine.database import Database, Row
from aiwebengine.jobs.types import RunState, TaskRun

# The first half of the advisory locks of runs.
LOCKS = 0x7461_736B
MOST_LINES = 200

_COLUMNS = """
  r.id, r.task, r.state, r.due_at, r.started_at, r.ended_at, r.started_by, r.stopped_by, r.instance,
  r.result, r.lines
"""


@dataclass(frozen=True)
class Due:
    """What is known of a task when one asks whether it is due: *now* is the database's clock."""

    since: datetime
    now: datetime


async def register(db: Database, name: str, schedule: str, time_zone: str) -> None:
    """Note a task. A new one, or one with another schedule, owes nothing of the past."""
    await db.execute(
        """
        insert into scheduled_tasks (name, schedule, time_zone)
        values (:name, :schedule, :time_zone)
        on conflict (name) do update
        set schedule = :schedule, time_zone = :time_zone, since = now()
        where (scheduled_tasks.schedule, scheduled_tasks.time_zone) <> (:schedule, :time_zone)
        """,
        name=name,
        schedule=schedule,
        time_zone=time_zone,
    )


async def dues(db: Database) -> dict[str, Due]:
    """What is known of each task, by name."""
    rows = await db.all("select name, since, now() as now from scheduled_tasks")
    return {row["name"]: Due(row["since"], row["now"]) for row in rows}


async def claim(db: Database, task: str, due_at: datetime, by: str, instance: str) -> int | None:
    """Begin the run that is due; None when another runner did, or the task is at work."""
    number: int | None = await db.value(
        """
        with run as (
          insert into task_runs (task, due_at, started_by, instance)
          values (:task, :due_at, :by, :instance)
          on conflict do nothing
          returning id, task, due_at
        )
        update scheduled_tasks t set since = greatest(t.since, run.due_at)
        from run where t.name = run.task
        returning run.id
        """,
        task=task,
        due_at=due_at,
        by=by,
        instance=instance,
    )
    return number


async def begin(db: Database, task: str, by: str, instance: str) -> int | None:
    """Begin a run that somebody asked for; None when the task is at work."""
    number: int | None = await db.value(
        """
        insert into task_runs (task, started_by, instance)
        values (:task, :by, :instance)
        on conflict do nothing
        returning id
        """,
        task=task,
        by=by,
        instance=instance,
    )
    return number


async def beat(db: Database, number: int, lines: Sequence[str]) -> bool:
    """Say that the run is alive, and what it noted since; whether it shall go on."""
    row = await db.one(
        """
        update task_runs
        set beat_at = now(), lines = (lines || cast(:lines as text[]))
          [greatest(1, cardinality(lines) + cardinality(cast(:lines as text[])) + 1 - :most):]
        where id = :id and state = 'running'
        returning stopped_by
        """,
        id=number,
        lines=list(lines),
        most=MOST_LINES,
    )
    return row is not None and row["stopped_by"] is None


async def end(db: Database, number: int, state: RunState, result: str) -> None:
    """Note what came of a run, unless it was given up before."""
    await db.execute(
        """
        update task_runs set state = :state, ended_at = now(), result = :result
        where id = :id and state = 'running'
        """,
        id=number,
        state=state.value,
        result=result,
    )


def lock_of(number: int) -> int:
    """The number of the advisory lock, beside `LOCKS`, that the runner of a run holds."""
    return number & 0x7FFF_FFFF


async def give_up_silent(db: Database, after_secs: float, gone_secs: float) -> list[str]:
    """End the runs that gave no sign of life for *after_secs*; the tasks' names.

    Of a runner that does not hold its lock any more, *gone_secs* are enough.
    """
    rows = await db.all(
        """
        update task_runs
        set state = 'interrupted', ended_at = now(),
          result = 'No sign of life from ' || instance || ' since '
            || to_char(beat_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC.'
        where state = 'running' and beat_at < now() - make_interval(secs => :gone_secs) and (
          beat_at < now() - make_interval(secs => :after_secs)
          or not exists (
            select from pg_locks l
            where l.locktype = 'advisory' and l.objsubid = 2
              and l.classid::bigint = :locks and l.objid::bigint = task_runs.id & 2147483647
              and l.database = (select oid from pg_database where datname = current_database())
          )
        )
        returning task
        """,
        after_secs=after_secs,
        gone_secs=gone_secs,
        locks=LOCKS,
    )
    return [row["task"] for row in rows]


async def ask_to_stop(db: Database, number: int, by: str) -> bool:
    """Ask the runner to stop; whether it runs and nobody had asked before."""
    asked = await db.value(
        """
        update task_runs set stopped_by = :by
        where id = :id and state = 'running' and stopped_by is null
        returning true
        """,
        id=number,
        by=by,
    )
    return bool(asked)


async def find(db: Database, number: int) -> TaskRun | None:
    """The run, or None."""
    row = await db.one(f"select {_COLUMNS} from task_runs r where r.id = :id", id=number)
    return None if row is None else _run(row)


async def newest_of_each(db: Database, tasks: Sequence[str]) -> dict[str, TaskRun]:
    """The newest run of each task that had any, by name."""
    rows = await db.all(
        f"""
        select r.*
        from unnest(cast(:tasks as text[])) as t (name)
        cross join lateral (
          select {_COLUMNS} from task_runs r where r.task = t.name order by r.id desc limit 1
        ) as r
        """,
        tasks=list(tasks),
    )
    return {row["task"]: _run(row) for row in rows}


async def newest_in_state(db: Database, tasks: Sequence[str], state: RunState) -> TaskRun | None:
    """The newest run of any of the tasks that is in this state, or None."""
    row = await db.one(
        f"""
        select {_COLUMNS} from task_runs r
        where r.task = any(:tasks) and r.state = :state
        order by r.id desc limit 1
        """,
        tasks=list(tasks),
        state=state.value,
    )
    return None if row is None else _run(row)


async def page(db: Database, task: str | None, after: int | None, limit: int) -> list[TaskRun]:
    """At most *limit* runs, newest first, that are older than the number *after*."""
    conditions = ["true"]
    values: dict[str, object] = {}
    if task is not None:
        conditions.append("r.task = :task")
        values["task"] = task
    if after is not None:
        conditions.append("r.id < :after")
        values["after"] = after
    rows = await db.all(
        f"""
        select {_COLUMNS} from task_runs r
        where {" and ".join(conditions)}
        order by r.id desc limit :limit
        """,
        **values,
        limit=limit,
    )
    return [_run(row) for row in rows]


async def count(db: Database, task: str | None) -> int:
    """How many runs there are."""
    return int(
        await db.value(
            "select count(*) from task_runs where cast(:task as text) is null or task = :task",
            task=task,
        )
    )


async def remove_older(db: Database, days: int, batch: int) -> int:
    """Forget at most *batch* runs that ended so long ago; each task's newest stays. How many."""
    rows = await db.all(
        """
        delete from task_runs
        where id in (
          select r.id from task_runs r
          where r.ended_at < now() - make_interval(days => :days)
            and exists (select from task_runs n where n.task = r.task and n.id > r.id)
          limit :batch
        )
        returning id
        """,
        days=days,
        batch=batch,
    )
    return len(rows)


def _run(row: Row) -> TaskRun:
    values = dict(row)
    number = values.pop("id")
    values["state"] = RunState(values["state"])
    return TaskRun(**values, id=strawberry.ID(str(number)), number=number)
