"""Every SQL statement about vacuum. Its runs are in `jobs/store.py`."""

from __future__ import annotations

from aiwebengine.database import Database
from aiwebengine.database_admin.vacuum_types import VacuumOptions, VacuumProgress

MAX_VACUUMS = 50


async def vacuumable(db: Database) -> list[str]:
    """Names of the tables that we may vacuum, as SQL writes them; most dead rows first."""
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
    """Vacuum a table. Its name must come from `vacuumable`."""
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
        most=MAX_VACUUMS,
    )
    return [VacuumProgress(**row) for row in rows]
