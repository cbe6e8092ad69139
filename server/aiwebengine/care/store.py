"""Every SQL statement about the database itself. None reads a table's rows: all are estimates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import strawberry

from aiwebengine.care.statements import without_values
from aiwebengine.care.types import (
    DatabaseConnectionGroup,
    DatabaseIndex,
    DatabaseInfo,
    DatabaseLock,
    DatabaseSession,
    DatabaseSize,
    DatabaseStatement,
    DatabaseTable,
    VacuumOptions,
    VacuumProgress,
    VacuumRun,
    VacuumState,
)
from aiwebengine.database import Database, Row

MOST_GROUPS = 100
MOST_VACUUMS = 50
DAYS_KEPT = 400
RUNS_KEPT = 100
# A run says that it lives twice a second; a busy machine may be late.
SILENT_SECS = 30

# To ask a size PostgreSQL opens the table, and so queues behind whoever has it to itself: of
# those the size at the last vacuum must do, or this would hang just when somebody looks why.
_LOCKED = """
  locked as materialized (
    select relation from pg_locks
    where mode = 'AccessExclusiveLock' and relation is not null
      and database = (select oid from pg_database where datname = current_database())
  ),
  page as materialized (select cast(current_setting('block_size') as bigint) as bytes)
"""

_SESSION = """
  a.pid, coalesce(a.usename, '') as user_name, a.application_name as application,
  host(a.client_addr) as address, coalesce(a.state, '') as state,
  a.wait_event_type || ': ' || a.wait_event as waits_for,
  a.xact_start as transaction_started_at,
  cast(extract(epoch from clock_timestamp() - a.xact_start) as float8) as transaction_seconds,
  coalesce(a.query, '') as statement
"""

_RUN = f"""
  id, started_at, started_by, ended_at, tables, tables_done, current_table, phase, percent, message,
  case when state = 'running' and seen_at < now() - make_interval(secs => {SILENT_SECS})
    then 'interrupted' else state end as state
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


async def connection_limits(db: Database) -> Row:
    """How many are connected, may be, and are kept for superusers."""
    row = await db.one(
        """
        select
          (select cast(count(*) as integer) from pg_stat_activity
            where backend_type = 'client backend') as used,
          cast(current_setting('max_connections') as integer) as maximum,
          cast(current_setting('superuser_reserved_connections') as integer) as reserved
        """
    )
    assert row is not None  # noqa: S101 - a select without from always returns a row
    return row


async def connection_groups(db: Database) -> list[DatabaseConnectionGroup]:
    """The connections to this database, alike ones together, the most first."""
    rows = await db.all(
        """
        select coalesce(state, 'not shown to us') as state, application_name as application,
          coalesce(usename, '') as user_name, cast(count(*) as integer) as count,
          cast(extract(epoch from clock_timestamp() - min(state_change)) as float8)
            as longest_seconds
        from pg_stat_activity
        where datname = current_database() and backend_type = 'client backend'
        group by 1, 2, 3
        order by count desc, state, application, user_name
        limit :most
        """,
        most=MOST_GROUPS,
    )
    return [DatabaseConnectionGroup(**row) for row in rows]


async def old_transactions(db: Database, first: int, seconds: int) -> list[DatabaseSession]:
    """Transactions that began at least so many seconds ago, the oldest first."""
    rows = await db.all(
        f"""
        select {_SESSION}
        from pg_stat_activity a
        where a.datname = current_database() and a.pid <> pg_backend_pid()
          and a.backend_type = 'client backend'
          and a.xact_start <= clock_timestamp() - make_interval(secs => :seconds)
        order by a.xact_start, a.pid
        limit :first
        """,
        first=first,
        seconds=float(seconds),
    )
    return [_session(row) for row in rows]


async def lock_waits(db: Database, first: int) -> list[DatabaseLock]:
    """Who waits for whom, the longest wait first."""
    # `pg_blocking_pids` stops the lock table for a moment: asked only of those that wait.
    waiting = await db.all(
        f"""
        with waiting as materialized (
          select a.*, pg_blocking_pids(a.pid) as holders from pg_stat_activity a
          where a.wait_event_type = 'Lock' and a.datname = current_database()
        )
        select {_SESSION}, a.holders, coalesce(l.mode, '') as mode,
          cast(cast(l.relation as regclass) as text) as "table",
          cast(extract(epoch from clock_timestamp() - coalesce(l.waitstart, a.query_start))
            as float8) as waited_seconds
        from waiting a
        left join lateral (
          select mode, relation, waitstart from pg_locks
          where pg_locks.pid = a.pid and not granted
          limit 1
        ) l on true
        where cardinality(a.holders) > 0
        order by waited_seconds desc nulls last, a.pid
        limit :first
        """,
        first=first,
    )
    pids = sorted({pid for row in waiting for pid in row["holders"]})
    holders = await db.all(
        f"select {_SESSION} from pg_stat_activity a where a.pid = any(:pids)", pids=pids
    )
    by_pid = {row["pid"]: _session(row) for row in holders}
    return [
        DatabaseLock(
            waiting=_session(row),
            holders=[by_pid[pid] for pid in row["holders"] if pid in by_pid],
            table=row["table"],
            mode=row["mode"],
            waited_seconds=row["waited_seconds"],
        )
        for row in waiting
    ]


async def counts_statements(db: Database) -> bool:
    """Whether PostgreSQL counts statements: the library is loaded and its view is here."""
    return bool(
        await db.value(
            """
            select to_regclass('pg_stat_statements') is not null
              and current_setting('pg_stat_statements.max', true) is not null
            """
        )
    )


async def can_count_statements(db: Database) -> bool:
    """Whether the server has what it takes to count statements, switched on or not."""
    return bool(
        await db.value(
            "select exists (select from pg_available_extensions where name = 'pg_stat_statements')"
        )
    )


async def slowest_statements(db: Database, first: int) -> list[DatabaseStatement]:
    """What PostgreSQL counted, the slowest on average first."""
    rows = await db.all(
        """
        select query, calls, mean_exec_time as mean_ms, max_exec_time as longest_ms,
          total_exec_time as total_ms
        from pg_stat_statements
        where dbid = (select oid from pg_database where datname = current_database())
        order by mean_exec_time desc
        limit :first
        """,
        first=first,
    )
    return [
        DatabaseStatement(
            statement=without_values(row["query"] or ""),
            calls=row["calls"],
            mean_ms=row["mean_ms"],
            longest_ms=row["longest_ms"],
            total_ms=row["total_ms"],
        )
        for row in rows
    ]


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


def _session(row: Row) -> DatabaseSession:
    values = {name: row[name] for name in DatabaseSession.__annotations__}
    return DatabaseSession(**values | {"statement": without_values(values["statement"])})


def _run(row: Row) -> VacuumRun:
    return VacuumRun(
        **dict(row) | {"id": strawberry.ID(str(row["id"])), "state": VacuumState(row["state"])}
    )
