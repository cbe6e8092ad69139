"""Every SQL statement about what the database holds. None reads rows: all are estimates."""

from __future__ import annotations

from datetime import datetime

from aiwebengine.database import Database
from aiwebengine.database_admin.types import (
    DatabaseIndex,
    DatabaseInfo,
    DatabaseSize,
    DatabaseTable,
)

DAYS_KEPT = 400

# Reading a size opens the table and waits for an exclusive lock. Locked tables use the size at the
# last vacuum, so that this does not hang while a user looks for the cause of the lock.
_LOCKED = """
  locked as materialized (
    select relation from pg_locks
    where mode = 'AccessExclusiveLock' and relation is not null
      and database = (select oid from pg_database where datname = current_database())
  ),
  page as materialized (select cast(current_setting('block_size') as bigint) as bytes)
"""


async def info(db: Database) -> DatabaseInfo:
    """Version, start and size."""
    row = await db.one(
        """
        select current_setting('server_version') as version,
          pg_postmaster_start_time() as started_at,
          pg_database_size(current_database()) as size_bytes,
          (select stats_reset from pg_stat_database where datname = current_database())
            as stats_since
        """
    )
    assert row is not None  # noqa: S101 - a select without from always returns a row
    return DatabaseInfo(**row)


async def add_size(db: Database) -> None:
    """Note the size, unless somebody did in this hour; forget what is too old to be shown."""
    await db.execute(
        """
        insert into database_sizes (hour, size_bytes)
        select date_trunc('hour', now()), pg_database_size(current_database())
        where not exists (select from database_sizes where hour = date_trunc('hour', now()))
        on conflict (hour) do nothing
        """
    )
    await db.execute(
        "delete from database_sizes where hour < now() - make_interval(days => :days)",
        days=DAYS_KEPT,
    )


async def sizes(db: Database, since: datetime, *, by_day: bool) -> list[DatabaseSize]:
    """The sizes that were noted, oldest first; of each day (UTC) the last, if so wished."""
    rows = await db.all(
        """
        select distinct on (
            case when :by_day then date_trunc('day', hour at time zone 'UTC')
              else hour at time zone 'UTC' end)
          hour as at, size_bytes
        from database_sizes
        where hour >= :since
        order by
          case when :by_day then date_trunc('day', hour at time zone 'UTC')
            else hour at time zone 'UTC' end,
          hour desc
        """,
        since=since,
        by_day=by_day,
    )
    return [DatabaseSize(**row) for row in rows]


async def tables(db: Database, first: int) -> list[DatabaseTable]:
    """The largest tables, the largest first."""
    rows = await db.all(
        f"""
        with {_LOCKED},
        measured as (
          select c.oid, c.reltuples,
            case when c.oid in (select relation from locked)
              then (select bytes from page) * c.relpages
              else coalesce(pg_table_size(c.oid), 0) end as size_bytes,
            case when c.oid in (select relation from locked)
                or exists (
                  select from pg_index i join locked l on l.relation = i.indexrelid
                  where i.indrelid = c.oid)
              then (
                select coalesce(sum((select bytes from page) * x.relpages), 0)
                from pg_index i join pg_class x on x.oid = i.indexrelid
                where i.indrelid = c.oid)
              else coalesce(pg_indexes_size(c.oid), 0) end as index_bytes
          from pg_class c
          join pg_namespace n on n.oid = c.relnamespace
          where c.relkind in ('r', 'm') and c.relpersistence <> 't'
            and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'
        )
        select cast(cast(m.oid as regclass) as text) as name,
          cast(case when m.reltuples >= 0 then m.reltuples else s.n_live_tup end as bigint)
            as estimated_rows,
          m.size_bytes, cast(m.index_bytes as bigint) as index_bytes,
          coalesce(s.n_dead_tup, 0) as dead_rows,
          s.last_vacuum as last_vacuum_at, s.last_autovacuum as last_autovacuum_at,
          s.last_analyze as last_analyze_at, s.last_autoanalyze as last_autoanalyze_at
        from measured m
        left join pg_stat_all_tables s on s.relid = m.oid
        order by m.size_bytes + m.index_bytes desc, m.oid
        limit :first
        """,
        first=first,
    )
    return [DatabaseTable(**row) for row in rows]


async def indexes(db: Database, first: int) -> list[DatabaseIndex]:
    """The largest indexes, the largest first.

    Bloat is the size less what as many entries of the usual width take in pages filled to 90 of
    100, which is how PostgreSQL builds a B-tree.
    """
    rows = await db.all(
        f"""
        with {_LOCKED},
        known as (
          select *, indexrelid in (select relation from locked)
            or indrelid in (select relation from locked) as is_locked
          from pg_index
        ),
        measured as (
          select i.indexrelid, i.indrelid, i.indkey, i.indisunique, i.indisvalid, i.is_locked,
            c.reltuples, c.relam, c.relname, t.relname as table_name, n.nspname,
            coalesce(
              case when i.is_locked then (select bytes from page) * c.relpages
                else pg_relation_size(i.indexrelid) end, 0) as size_bytes
          from known i
          join pg_class c on c.oid = i.indexrelid
          join pg_class t on t.oid = i.indrelid
          join pg_namespace n on n.oid = c.relnamespace
          where t.relkind in ('r', 'm') and c.relkind = 'i' and c.relpersistence <> 't'
            and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'
        ),
        largest as materialized (
          select * from measured order by size_bytes desc, indexrelid limit :first
        )
        select cast(cast(m.indexrelid as regclass) as text) as name,
          cast(cast(m.indrelid as regclass) as text) as "table",
          m.size_bytes, coalesce(s.idx_scan, 0) as scans, m.indisunique as is_unique,
          coalesce(s.idx_scan, 0) = 0 and not m.indisunique as is_unused,
          m.indisvalid as is_valid,
          cast(case when am.amname = 'btree' and m.reltuples >= 0 then
            greatest(0, m.size_bytes - page.bytes * (1 + ceil(
              m.reltuples * (12 + 8 * ceil(key.width / 8.0)) / (0.9 * (page.bytes - 40)))))
            end as bigint) as bloat_bytes,
          case when not m.is_locked then pg_get_indexdef(m.indexrelid) end as definition
        from largest m
        cross join page
        join pg_am am on am.oid = m.relam
        left join pg_stat_all_indexes s on s.indexrelid = m.indexrelid
        cross join lateral (
          select case when bool_and(st.avg_width is not null) then sum(st.avg_width) end as width
          from pg_attribute a
          left join pg_attribute source
            on source.attrelid = m.indrelid and source.attnum = m.indkey[a.attnum - 1]
              and source.attnum > 0
          left join pg_stats st
            on st.schemaname = m.nspname and not st.inherited
              and st.tablename = case when source.attname is null
                then m.relname else m.table_name end
              and st.attname = coalesce(source.attname, a.attname)
          where a.attrelid = m.indexrelid and a.attnum > 0
        ) key
        order by m.size_bytes desc, m.indexrelid
        """,
        first=first,
    )
    return [DatabaseIndex(**row) for row in rows]
