"""SQL for the records of applied migrations, except the statements of yoyo itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from aiwebengine.database import Database, timeouts

Connection = psycopg.Connection[Any]

# An arbitrary number that nothing else uses.
_LOCK = 0x6177_655F_6D69_6772


@dataclass(frozen=True)
class Applied:
    """The record of an applied migration."""

    checksum: str
    at: datetime


def lock(connection: Connection) -> None:
    """Wait until no other runner works on this database; held until the connection closes."""
    # The other one may be at a long backup, and so may we be then.
    timeouts.lift(connection)
    connection.execute("select pg_advisory_lock(%s)", (_LOCK,))


def is_settled(connection: Connection) -> bool:
    """Say if the tables of records exist in full and no runner works on this database now.

    The shared lock is released with this statement. A runner that holds its lock, for instance to
    roll back, has to be waited for.
    """
    found = connection.execute(
        """
        select pg_try_advisory_xact_lock_shared(%s)
          and to_regclass('audit_events') is not null
          and to_regclass('_yoyo_migration') is not null
          and exists (
            select from pg_attribute
            where attrelid = to_regclass('migration_checksums') and attname = 'event_id'
              and not attisdropped
          )
        """,
        (_LOCK,),
    ).fetchone()
    return bool(found and found[0])


def complete_records(connection: Connection) -> dict[str, str]:
    """The checksums by id; an empty one where yoyo's mark or the audit event is missing.

    Includes what only yoyo has marked: a runner of an older version was killed in between.
    """
    rows = connection.execute(
        """
        select coalesce(noted.migration_id, marked.migration_id),
          case when noted.event_id is not null and marked.migration_id is not null
            then noted.checksum else '' end
        from migration_checksums noted
        full join _yoyo_migration marked on marked.migration_id = noted.migration_id
        """
    ).fetchall()
    return dict(rows)


def prepare(connection: Connection) -> None:
    """Create the table of checksums; yoyo's own does not record a file's content."""
    connection.execute(
        """
        create table if not exists migration_checksums (
          migration_id text primary key,
          checksum text not null,
          applied_at timestamptz not null default now(),
          event_id bigint
        )
        """
    )
    # Looked up first: `add column if not exists` would wait for every reader, a backup among them.
    if not _has_column(connection, "migration_checksums", "event_id"):
        connection.execute("alter table migration_checksums add column event_id bigint")


def applied(connection: Connection) -> dict[str, Applied]:
    """What was applied, by id; empty before the first."""
    if not has_table(connection, "migration_checksums"):
        return {}
    rows = connection.execute(
        "select migration_id, checksum, applied_at from migration_checksums"
    ).fetchall()
    return {row[0]: Applied(row[1], row[2]) for row in rows}


async def applied_ids(db: Database) -> set[str]:
    """The ids of what is applied, for somebody who has a pool; empty before the first."""
    if not await db.value("select to_regclass('migration_checksums') is not null"):
        return set()
    return {
        row["migration_id"] for row in await db.all("select migration_id from migration_checksums")
    }


def remember(connection: Connection, migration_id: str, checksum: str) -> None:
    """Record that a migration was applied."""
    connection.execute(
        """
        insert into migration_checksums (migration_id, checksum) values (%s, %s)
        on conflict (migration_id) do update
        set checksum = excluded.checksum, applied_at = now(), event_id = null
        """,
        (migration_id, checksum),
    )


def forget(connection: Connection, migration_id: str) -> None:
    """Remove the record of a migration that was rolled back."""
    connection.execute("delete from migration_checksums where migration_id = %s", (migration_id,))


def without_event(connection: Connection) -> list[str]:
    """The ids of applied migrations without an audit event, oldest first."""
    rows = connection.execute(
        "select migration_id from migration_checksums where event_id is null order by migration_id"
    ).fetchall()
    return [row[0] for row in rows]


def set_event(connection: Connection, migration_id: str, event_id: int) -> None:
    """Record which audit event describes the migration."""
    connection.execute(
        "update migration_checksums set event_id = %s where migration_id = %s",
        (event_id, migration_id),
    )


def holds_users(connection: Connection) -> bool:
    """Say if the database holds users, so that a backup is needed."""
    if not has_table(connection, "users"):
        return False
    found = connection.execute("select exists (select from users)").fetchone()
    return bool(found and found[0])


def has_begun(connection: Connection) -> bool:
    """Whether any version of the engine has made tables here."""
    return any(
        has_table(connection, name) for name in ("migration_checksums", "_yoyo_migration", "users")
    )


def has_table(connection: Connection, name: str) -> bool:
    """Whether the database has a table of this name."""
    found = connection.execute("select to_regclass(%s) is not null", (name,)).fetchone()
    return bool(found and found[0])


def _has_column(connection: Connection, table: str, column: str) -> bool:
    found = connection.execute(
        """
        select exists (
          select from pg_attribute
          where attrelid = to_regclass(%s) and attname = %s and not attisdropped
        )
        """,
        (table, column),
    ).fetchone()
    return bool(found and found[0])
