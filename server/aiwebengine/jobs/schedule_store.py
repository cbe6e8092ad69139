"""Every SQL statement about the schedules of tasks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aiwebengine.database import Database
from aiwebengine.jobs.types import TASK


@dataclass(frozen=True)
class Due:
    """The schedule state of a task: what was due up to *since* is done; *now* is the database's."""

    since: datetime
    now: datetime


async def register(db: Database, name: str, schedule: str, time_zone: str) -> None:
    """Record a task. A new one, or one with another schedule, owes nothing of the past."""
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
    """The schedule state of each task, by name."""
    rows = await db.all("select name, since, now() as now from scheduled_tasks")
    return {row["name"]: Due(row["since"], row["now"]) for row in rows}


async def claim(db: Database, task: str, due_at: datetime, by: str, instance: str) -> int | None:
    """Begin the run that is due; None when another runner did, or the task is running.

    The row of the schedule is locked: an engine of the version before, which writes its runs to
    another table, claims by the same row.
    """
    number: int | None = await db.value(
        """
        with due as (
          select name from scheduled_tasks where name = :task and since < :due_at for update
        ),
        run as (
          insert into runs (kind, task, due_at, started_by, actor, instance)
          select :kind, name, :due_at, :by, :by, :instance from due
          on conflict do nothing
          returning id, task, due_at
        )
        update scheduled_tasks t set since = greatest(t.since, run.due_at)
        from run where t.name = run.task
        returning run.id
        """,
        kind=TASK,
        task=task,
        due_at=due_at,
        by=by,
        instance=instance,
    )
    return number
