"""Every SQL statement about runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiwebengine.database import Database, Row
from aiwebengine.jobs.types import LOCKS, TASK, Only, Progress, Run, RunState

MAX_LINES = 200
# A runner that is silent for so long is dead; a busy machine or a short outage must not look so.
SILENT_SECS = 60.0
# One that has also lost its lock is dead: a few missing heartbeats show that it did not only lose
# the connection that holds the lock.
GONE_SECS = 4.0

_HAS_NO_LOCK = f"""
  not exists (
    select from pg_locks l
    where l.locktype = 'advisory' and l.objsubid = 2
      and l.classid::bigint = {LOCKS} and l.objid::bigint = r.id & 2147483647
      and l.database = (select oid from pg_database where datname = current_database())
  )
"""
_IS_SILENT = f"""
  r.beat_at < now() - make_interval(secs => {GONE_SECS})
  and (r.beat_at < now() - make_interval(secs => {SILENT_SECS}) or {_HAS_NO_LOCK})
"""
_NO_SIGN = """
  'No sign of life from ' || r.instance || ' since '
    || to_char(r.beat_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC.'
"""
# A reader learns of a lost process at once when the run had its lock from the beginning.
_IS_INTERRUPTED = f"""
  r.state = 'running' and ({_IS_SILENT} or r.is_locked and {_HAS_NO_LOCK})
"""
_COLUMNS = f"""
  r.id as number, r.kind, r.task, r.due_at, r.subject,
  case when {_IS_INTERRUPTED} then 'interrupted' else r.state end as state,
  r.outcome, r.started_at, r.beat_at,
  case when {_IS_INTERRUPTED} then r.beat_at else r.ended_at end as ended_at,
  r.started_by, r.actor, r.instance, r.stopped_by,
  case when {_IS_INTERRUPTED} then {_NO_SIGN} else r.result end as result,
  r.problem, r.progress, r.step, r.lines, r.facts
"""


# --- the life of a run


async def is_ready(db: Database) -> bool:
    """Whether runs can be recorded: a new, an old or a broken database lacks the table."""
    return await db.value("select to_regclass('runs')") is not None


async def begin_task(db: Database, task: str, by: str, instance: str) -> int | None:
    """Begin a run that somebody asked for; None when the task is running."""
    number: int | None = await db.value(
        """
        insert into runs (kind, task, started_by, actor, instance)
        values (:kind, :task, :by, :by, :instance)
        on conflict do nothing
        returning id
        """,
        kind=TASK,
        task=task,
        by=by,
        instance=instance,
    )
    return number


async def next_number(db: Database) -> int:
    """A number for a run that takes its lock before it is recorded."""
    return int(await db.value("select nextval(pg_get_serial_sequence('runs', 'id'))"))


async def begin(
    db: Database,
    kind: str,
    by: str,
    instance: str,
    *,
    subject: str | None = None,
    facts: dict[str, Any] | None = None,
    number: int | None = None,
) -> int:
    """Begin a run without a task; its number. A given *number* is one whose lock is held."""
    return int(
        await db.value(
            """
            insert into runs (id, is_locked, kind, subject, started_at, beat_at, started_by, actor,
              instance, facts)
            overriding system value
            values (
              coalesce(cast(:number as bigint), nextval(pg_get_serial_sequence('runs', 'id'))),
              cast(:number as bigint) is not null, :kind, :subject, clock_timestamp(),
              clock_timestamp(), :by, :by, :instance, :facts
            )
            returning id
            """,
            number=number,
            kind=kind,
            subject=subject,
            by=by,
            instance=instance,
            facts=facts,
        )
    )


async def become(
    db: Database,
    number: int,
    kind: str,
    actor: str,
    subject: str | None,
    facts: dict[str, Any] | None,
) -> bool:
    """Record that the run of a task does work of this kind; False when it has one already."""
    row = await db.one(
        """
        update runs set kind = :kind, actor = :actor, subject = :subject, facts = :facts
        where id = :number and kind = :task and state = 'running'
        returning id
        """,
        number=number,
        kind=kind,
        actor=actor,
        subject=subject,
        facts=facts,
        task=TASK,
    )
    return row is not None


async def beat(db: Database, number: int, lines: Sequence[str], progress: Progress) -> bool:
    """Record that the run is alive, its new lines and its progress; whether it should continue."""
    row = await db.one(
        """
        update runs
        set beat_at = now(), progress = :progress, step = :step, facts = coalesce(:facts, facts),
          lines = (lines || cast(:lines as text[]))
            [greatest(1, cardinality(lines) + cardinality(cast(:lines as text[])) + 1 - :most):]
        where id = :id and state = 'running'
        returning stopped_by
        """,
        id=number,
        lines=list(lines),
        most=MAX_LINES,
        progress=min(1.0, progress.done),
        step=progress.step,
        facts=progress.facts,
    )
    return row is not None and row["stopped_by"] is None


async def end(db: Database, number: int, state: RunState, result: str) -> None:
    """Record the result of a task's run, unless it was marked as interrupted before."""
    await db.execute(
        """
        update runs set state = :state, ended_at = now(), result = :result
        where id = :id and state = 'running'
        """,
        id=number,
        state=state.value,
        result=result,
    )


async def note_facts(db: Database, number: int, facts: dict[str, Any]) -> None:
    """Record what the work of a run found; the run continues."""
    await db.execute(
        "update runs set facts = :facts where id = :number", number=number, facts=facts
    )


async def end_work(
    db: Database,
    number: int,
    outcome: RunState,
    problem: str | None,
    facts: dict[str, Any] | None,
) -> None:
    """Record the result of a run's work. Without a task the run ends as well.

    That also holds for a run that was marked as interrupted: its work shows that it was not. Facts
    are never lost.
    """
    await db.execute(
        """
        update runs
        set outcome = :outcome, problem = :problem, facts = coalesce(:facts, facts),
          progress = case when :outcome = 'succeeded' then 1 else progress end,
          beat_at = clock_timestamp(),
          state = case when task is null then :outcome else state end,
          ended_at = case when task is null then clock_timestamp() else ended_at end
        where id = :number
        """,
        number=number,
        outcome=outcome.value,
        problem=problem,
        facts=facts,
    )


def lock_of(number: int) -> int:
    """The number of the advisory lock, beside `LOCKS`, that the runner of a run holds."""
    return number & 0x7FFF_FFFF


async def interrupt_silent(db: Database) -> list[str]:
    """Mark the runs whose process is gone as interrupted; the names of their tasks or kinds."""
    rows = await db.all(
        f"""
        update runs r
        set state = 'interrupted', ended_at = now(),
          result = {_NO_SIGN}
        where state = 'running' and {_IS_SILENT}
        returning coalesce(task, kind) as name
        """
    )
    return [row["name"] for row in rows]


async def ask_to_stop(db: Database, number: int, by: str) -> bool:
    """Ask the runner to stop; False when the run has ended or was asked before."""
    asked = await db.value(
        """
        update runs set stopped_by = :by
        where id = :id and state = 'running' and stopped_by is null
        returning true
        """,
        id=number,
        by=by,
    )
    return bool(asked)


async def lock_beginnings(db: Database) -> None:
    """Let others wait before `lock_beginnings` until this transaction has ended."""
    await db.execute("select pg_advisory_xact_lock(:locks, -1)", locks=LOCKS)


# --- reading


async def find(db: Database, number: int) -> Run | None:
    """The run of this number, or None."""
    row = await db.one(f"select {_COLUMNS} from runs r where r.id = :id", id=number)
    return None if row is None else _run(row)


async def newest_of_each(db: Database, tasks: Sequence[str]) -> dict[str, Run]:
    """The newest run of each task that had any, by name."""
    rows = await db.all(
        f"""
        select r.*
        from unnest(cast(:tasks as text[])) as t (name)
        cross join lateral (
          select {_COLUMNS} from runs r where r.task = t.name order by r.id desc limit 1
        ) as r
        """,
        tasks=list(tasks),
    )
    return {row["task"]: _run(row) for row in rows}


async def newest_in_state(db: Database, tasks: Sequence[str], state: RunState) -> Run | None:
    """The newest run of any of the tasks that is in this state, or None."""
    row = await db.one(
        f"""
        select {_COLUMNS} from runs r
        where r.task = any(:tasks) and r.state = :state
        order by r.id desc limit 1
        """,
        tasks=list(tasks),
        state=state.value,
    )
    return None if row is None else _run(row)


async def page(db: Database, only: Only, after: int | None, limit: int) -> list[Run]:
    """At most *limit* runs, newest first, that are older than the number *after*."""
    rows = await db.all(
        f"""
        select {_COLUMNS} from runs r
        where {only.condition} and (cast(:after as bigint) is null or r.id < :after)
        order by r.id desc limit :limit
        """,
        **only.values,
        after=after,
        limit=limit,
    )
    return [_run(row) for row in rows]


async def count(db: Database, only: Only) -> int:
    """The number of runs."""
    return int(await db.value(f"select count(*) from runs r where {only.condition}", **only.values))


async def newest_of_subjects(
    db: Database, subjects: Sequence[str], kinds: Sequence[str]
) -> list[Run]:
    """Of each subject and kind the newest run whose work has ended."""
    rows = await db.all(
        f"""
        select distinct on (r.subject, r.kind) {_COLUMNS}
        from runs r
        where r.subject = any(:subjects) and r.kind = any(:kinds)
          and (r.state <> 'running' or r.outcome is not null)
        order by r.subject, r.kind, r.id desc
        """,
        subjects=list(subjects),
        kinds=list(kinds),
    )
    return [_run(row) for row in rows]


def _run(row: Row) -> Run:
    values = dict(row)
    values["state"] = RunState(values["state"])
    values["outcome"] = None if values["outcome"] is None else RunState(values["outcome"])
    return Run(**values)
