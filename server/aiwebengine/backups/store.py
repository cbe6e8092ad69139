"""Runs of backups in the table of all runs, and the SQL that only backups need."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

import strawberry
from strawberry.scalars import JSON

from aiwebengine.backups.types import BackupRun, BackupRunKind, BackupRunState
from aiwebengine.database import Database
from aiwebengine.jobs.runs import Runs
from aiwebengine.jobs.types import Only, Run, RunState

_PREFIX = "backup."
_STATES = {
    RunState.RUNNING: BackupRunState.RUNNING,
    RunState.SUCCEEDED: BackupRunState.SUCCEEDED,
    RunState.FAILED: BackupRunState.FAILED,
    RunState.STOPPED: BackupRunState.FAILED,
    RunState.INTERRUPTED: BackupRunState.FAILED,
}
_TRANSFERS = (BackupRunKind.UPLOAD, BackupRunKind.DOWNLOAD)


def kind_of(kind: BackupRunKind) -> str:
    """The kind of such runs in the table of all runs."""
    return _PREFIX + kind.value


async def is_ready(db: Database) -> bool:
    """Whether runs can be recorded: a new, an old or a broken database lacks the table."""
    return await Runs(db).is_ready()


async def find(db: Database, number: int) -> BackupRun | None:
    """The run of this number, or None."""
    found = await Runs(db).find(number)
    return None if found is None else _backup_run(found)


async def page(
    db: Database, kinds: Sequence[BackupRunKind], before: int | None, limit: int
) -> list[BackupRun]:
    """At most *limit* runs of these kinds, newest first, older than the number *before*."""
    found = await Runs(db).page(Only(kinds=[kind_of(kind) for kind in kinds]), before, limit)
    return [_backup_run(run) for run in found]


async def count(db: Database, kinds: Sequence[BackupRunKind]) -> int:
    """The number of runs of these kinds."""
    return await Runs(db).count(Only(kinds=[kind_of(kind) for kind in kinds]))


async def newest_checks(db: Database, names: Sequence[str]) -> list[BackupRun]:
    """Of each of these backups the newest verification and the newest drill that have ended."""
    kinds = [kind_of(BackupRunKind.VERIFY), kind_of(BackupRunKind.DRILL)]
    return [_backup_run(run) for run in await Runs(db).newest_of_subjects(names, kinds)]


async def replaced_by(db: Database, kept: Sequence[str]) -> dict[str, str]:
    """The backup or database that took the place of each of these kept databases."""
    rows = await db.all(
        """
        select facts->>'kept_database' as kept, max(subject) as by
        from runs
        where kind = :restore and facts->>'kept_database' = any(:kept)
        group by 1
        """,
        restore=kind_of(BackupRunKind.RESTORE),
        kept=list(kept),
    )
    return {row["kept"]: row["by"] for row in rows}


async def was_made(db: Database, name: str) -> bool:
    """Whether a run recorded that it wrote the archive of this name, whatever came after."""
    return bool(
        await db.value(
            """
            select exists (
              select from runs where subject = :name and kind = :create and facts is not null
            )
            """,
            name=name,
            create=kind_of(BackupRunKind.CREATE),
        )
    )


async def has_old_table(db: Database) -> bool:
    """Whether runs are still recorded in the table of the version before.

    That is so for the backup that comes before the migration to the table of all runs.
    """
    return bool(
        await db.value(
            "select to_regclass('runs') is null and to_regclass('backup_runs') is not null"
        )
    )


async def add_to_old_table(
    db: Database,
    kind: BackupRunKind,
    name: str,
    actor_label: str,
    began: datetime,
    problem: str | None,
    details: dict[str, Any] | None,
) -> None:
    """Record a run that has ended in the table of the version before, for its migration."""
    if kind in _TRANSFERS:
        # That table has no kind for them.
        return
    await db.execute(
        """
        insert into backup_runs (kind, state, backup_name, actor_label, started_at, ended_at,
          progress, problem, details)
        values (:kind, case when cast(:problem as text) is null then 'succeeded' else 'failed' end,
          :name, :actor_label, :began, clock_timestamp(),
          case when cast(:problem as text) is null then 1 else 0 end, :problem, :details)
        """,
        kind=kind.value,
        name=name,
        actor_label=actor_label,
        began=began,
        problem=problem,
        details=details,
    )


def _backup_run(run: Run) -> BackupRun:
    state = _STATES[run.work_state]
    return BackupRun(
        id=strawberry.ID(str(run.number)),
        kind=BackupRunKind(run.kind.removeprefix(_PREFIX)),
        state=state,
        backup_name=run.subject or "",
        actor_label=run.actor,
        started_at=run.started_at,
        ended_at=run.work_ended_at,
        progress=run.progress,
        step=run.step,
        problem=_problem_of(run) if state is BackupRunState.FAILED else None,
        details=cast(JSON | None, run.facts),
    )


def _problem_of(run: Run) -> str | None:
    if run.problem is None and run.work_state is RunState.INTERRUPTED:
        return "The process that did this has ended."
    return run.problem or run.result
