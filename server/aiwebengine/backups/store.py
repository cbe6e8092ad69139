"""Every SQL statement about runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import strawberry

from aiwebengine.backups.types import BackupRun, BackupRunKind, BackupRunState
from aiwebengine.database import Database, Row

# A run holds an advisory lock under its number for as long as its process lives: of a row that
# says "running" without it the process is gone. 1650549611 is the room's half of the key.
# The kind of an upload or download stands in a column of its own, which an engine of the version
# before does not know and a database that is backed up before its migrations does not have.
_KIND = "coalesce(to_jsonb(r) ->> 'transfer', r.kind)"
_TRANSFERS = (BackupRunKind.UPLOAD, BackupRunKind.DOWNLOAD)
_RUNS = f"""
  select r.id, {_KIND} as kind, r.backup_name, r.actor_label, r.started_at, r.ended_at, r.progress,
    r.step, r.details,
    case when r.state = 'running' and l.objid is null then 'failed' else r.state end as state,
    case when r.state = 'running' and l.objid is null
      then 'The process that did this has ended.' else r.problem end as problem
  from backup_runs r
  left join (
    select distinct objid from pg_locks
    where locktype = 'advisory' and classid = 1650549611 and objsubid = 2
      and database = (select oid from pg_database where datname = current_database())
  ) l on l.objid::bigint = r.id
"""


async def is_ready(db: Database) -> bool:
    """Whether runs can be recorded: a new or a broken database lacks the table."""
    return await db.value("select to_regclass('backup_runs')") is not None


async def begin(db: Database, kind: BackupRunKind, backup_name: str, actor_label: str) -> int:
    """Record that a run begins; its number."""
    named = {"backup_name": backup_name, "actor_label": actor_label}
    if kind in _TRANSFERS:
        return int(
            await db.value(
                """
                insert into backup_runs (kind, transfer, backup_name, actor_label)
                values ('create', :transfer, :backup_name, :actor_label)
                returning id
                """,
                transfer=kind.value,
                **named,
            )
        )
    return int(
        await db.value(
            """
            insert into backup_runs (kind, backup_name, actor_label)
            values (:kind, :backup_name, :actor_label)
            returning id
            """,
            kind=kind.value,
            **named,
        )
    )


async def tell(db: Database, number: int, progress: float, step: str) -> None:
    """Record how far a run is."""
    await db.execute(
        """
        update backup_runs set progress = :progress, step = :step
        where id = :number and state = 'running'
        """,
        number=number,
        progress=progress,
        step=step,
    )


async def made(db: Database, number: int, details: dict[str, Any]) -> None:
    """Record that the archive of a run is written; the run goes on."""
    await db.execute(
        "update backup_runs set details = :details where id = :number",
        number=number,
        details=details,
    )


async def end(
    db: Database, number: int, problem: str | None, details: dict[str, Any] | None
) -> None:
    """Record what came of a run; with a problem it has failed. Details are never lost again."""
    await db.execute(
        """
        update backup_runs
        set state = case when cast(:problem as text) is null then 'succeeded' else 'failed' end,
          problem = :problem, details = coalesce(:details, details), ended_at = clock_timestamp(),
          progress = case when cast(:problem as text) is null then 1 else progress end
        where id = :number
        """,
        number=number,
        problem=problem,
        details=details,
    )


async def run(db: Database, number: int) -> BackupRun | None:
    """The run of this number."""
    row = await db.one(f"{_RUNS} where r.id = :number", number=number)
    return None if row is None else _run(row)


async def page(
    db: Database, kinds: Sequence[BackupRunKind], before: int | None, limit: int
) -> list[BackupRun]:
    """At most *limit* runs of these kinds, newest first, older than the number *before*."""
    rows = await db.all(
        f"""
        {_RUNS}
        where {_KIND} = any(:kinds)
          and (cast(:before as integer) is null or r.id < :before)
        order by r.id desc
        limit :limit
        """,
        kinds=[kind.value for kind in kinds],
        before=before,
        limit=limit,
    )
    return [_run(row) for row in rows]


async def count(db: Database, kinds: Sequence[BackupRunKind]) -> int:
    """How many runs of these kinds there are."""
    return int(
        await db.value(
            f"select count(*) from backup_runs r where {_KIND} = any(:kinds)",
            kinds=[kind.value for kind in kinds],
        )
    )


async def newest_checks(db: Database, names: Sequence[str]) -> list[BackupRun]:
    """Of each of these backups the newest verification and the newest drill that have ended."""
    rows = await db.all(
        """
        select distinct on (backup_name, kind)
          id, kind, backup_name, actor_label, started_at, ended_at, progress, step, details, state,
          problem
        from backup_runs
        where backup_name = any(:names) and kind in ('verify', 'drill') and state <> 'running'
        order by backup_name, kind, id desc
        """,
        names=list(names),
    )
    return [_run(row) for row in rows]


async def replaced_by(db: Database, kept: Sequence[str]) -> dict[str, str]:
    """Which backup or database took the place of each of these kept databases."""
    rows = await db.all(
        """
        select details->>'kept_database' as kept, max(backup_name) as by
        from backup_runs
        where kind = 'restore' and details->>'kept_database' = any(:kept)
        group by 1
        """,
        kept=list(kept),
    )
    return {row["kept"]: row["by"] for row in rows}


async def was_made(db: Database, name: str) -> bool:
    """Whether a run tells that it wrote the archive of this name, whatever came after."""
    return bool(
        await db.value(
            """
            select exists (
              select from backup_runs
              where backup_name = :name and kind = 'create' and details is not null
            )
            """,
            name=name,
        )
    )


def _run(row: Row) -> BackupRun:
    values = dict(row)
    values["id"] = strawberry.ID(str(values["id"]))
    values["kind"] = BackupRunKind(values["kind"])
    values["state"] = BackupRunState(values["state"])
    return BackupRun(**values)
