"""Every SQL statement about vacuum and its runs."""

from __future__ import annotations

from collections.abc import Sequence

import strawberry

from aiwebengine.database import Database, Row
from aiwebengine.database_admin.vacuum_types import (
    VacuumOptions,
    VacuumProgress,
    VacuumRun,
    VacuumState,
)

MOST_VACUUMS = 50
RUNS_KEPT = 100
# A run says that it lives twice a second; a busy machine may be late.
SILENT_SECS = 30

_RUN = f"""
  id, started_at, started_by, ended_at, tables, tables_done, current_table, phase, percent, message,
  case when state = 'running' and seen_at < now() - make_interval(secs => {SILENT_SECS})
    then 'interrupted' else state end as state
"""


async def vacuumable(db: Database) -> list[str]:
    """The names of the tables that we may vacuum, as SQL writes them; most dead rows first."""
    rows = await db.all(
        """
        select cast(cast(c.oid as regclass) as text) as name
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        left join pg_stat_all_tables s on s.relid = c.oid
        where c.relkind in ('r', 'm') and c.relpersistence <> 't'
          and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'
          and pg_has_role(c.relowner, 'usage')
        order by coalesce(s.n_dead_tup, 0) desc, name
        """
    )
    return [row["name"] for row in rows]


async def vacuum(db: Database, table: str, options: VacuumOptions) -> None:
    """Vacuum a table, whose name comes from `vacuumable` and from nowhere else."""
    await db.maintain(f"vacuum {options} {table}")


async def progress(db: Database) -> list[VacuumProgress]:
    """The tables of this database that are being vacuumed or analyzed."""
    rows = await db.all(
        """
        select p.pid, cast(cast(p.relid as regclass) as text) as "table", p.phase,
          cast(least(100.0, 100.0 * p.done / nullif(p.total, 0)) as float8) as percent,
          coalesce(a.backend_type = 'autovacuum worker', false) as is_automatic
        from (
          select pid, datname, relid, phase, heap_blks_scanned as done, heap_blks_total as total
          from pg_stat_progress_vacuum
          union all
          select pid, datname, relid, phase, sample_blks_scanned, sample_blks_total
          from pg_stat_progress_analyze
          union all
          select pid, datname, relid, phase, heap_blks_scanned, heap_blks_total
          from pg_stat_progress_cluster
        ) p
        left join pg_stat_activity a on a.pid = p.pid
        where p.datname = current_database()
        order by p.pid
        limit :most
        """,
        most=MOST_VACUUMS,
    )
    return [VacuumProgress(**row) for row in rows]


async def lock_runs(db: Database) -> None:
    """Let one at a time begin a run."""
    await db.execute("lock table vacuum_runs in exclusive mode")


async def last_run(db: Database) -> VacuumRun | None:
    """The newest run; None before the first."""
    row = await db.one(f"select {_RUN} from vacuum_runs order by id desc limit 1")
    return None if row is None else _run(row)


async def add_run(db: Database, started_by: str, tables: Sequence[str]) -> VacuumRun:
    """Note that a run begins; forget the oldest ones."""
    row = await db.one(
        f"""
        insert into vacuum_runs (started_by, tables) values (:started_by, :tables)
        returning {_RUN}
        """,
        started_by=started_by,
        tables=list(tables),
    )
    assert row is not None  # noqa: S101 - an insert without conflict clause always returns
    await db.execute("delete from vacuum_runs where id <= :id", id=row["id"] - RUNS_KEPT)
    return _run(row)


async def note_progress(
    db: Database, number: int, table: str, done: int, phase: str | None, percent: float | None
) -> None:
    """Say that the run lives, and where it is."""
    await db.execute(
        """
        update vacuum_runs
        set seen_at = now(), current_table = :table, tables_done = :done, phase = :phase,
          percent = :percent
        where id = :number and state = 'running'
        """,
        number=number,
        table=table,
        done=done,
        phase=phase,
        percent=percent,
    )


async def end_run(
    db: Database, number: int, state: VacuumState, done: int, message: str | None
) -> VacuumRun:
    """Note how the run ended."""
    row = await db.one(
        f"""
        update vacuum_runs
        set state = :state, ended_at = now(), seen_at = now(), tables_done = :done,
          current_table = case when :state = 'failed' then current_table end,
          phase = null, percent = null, message = :message
        where id = :number
        returning {_RUN}
        """,
        number=number,
        state=state.value,
        done=done,
        message=message,
    )
    assert row is not None  # noqa: S101 - only the oldest are ever removed
    return _run(row)


def _run(row: Row) -> VacuumRun:
    return VacuumRun(
        **dict(row) | {"id": strawberry.ID(str(row["id"])), "state": VacuumState(row["state"])}
    )
