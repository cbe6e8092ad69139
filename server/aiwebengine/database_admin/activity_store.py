"""Every SQL statement about who is connected and what is run."""

from __future__ import annotations

from aiwebengine.database import Database, Row
from aiwebengine.database_admin.activity_types import (
    DatabaseConnectionGroup,
    DatabaseLock,
    DatabaseSession,
    DatabaseStatement,
)
from aiwebengine.database_admin.statements import without_values

MOST_GROUPS = 100

_SESSION = """
  a.pid, coalesce(a.usename, '') as user_name, a.application_name as application,
  host(a.client_addr) as address, coalesce(a.state, '') as state,
  a.wait_event_type || ': ' || a.wait_event as waits_for,
  a.xact_start as transaction_started_at,
  cast(extract(epoch from clock_timestamp() - a.xact_start) as float8) as transaction_seconds,
  coalesce(a.query, '') as statement
"""


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
          cast(extract(epoch from clock_timestamp() - coalesce(
              -- PostgreSQL 13 does not know when a wait began.
              cast(to_jsonb(l) ->> 'waitstart' as timestamptz), a.query_start
            )) as float8) as waited_seconds
        from waiting a
        left join lateral (
          select * from pg_locks
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


def _session(row: Row) -> DatabaseSession:
    values = {name: row[name] for name in DatabaseSession.__annotations__}
    return DatabaseSession(**values | {"statement": without_values(values["statement"])})
