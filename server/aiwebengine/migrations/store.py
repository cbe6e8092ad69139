"""Every SQL statement about what was applied, beside those of yoyo itself."""

from __future__ import annotations

from typing import Any

import psycopg

from aiwebengine.database import Database

Connection = psycopg.Connection[Any]

# Any number will do, as long as nothing else takes it.
_LOCK = 0x6177_655F_6D69_6772


def lock(connection: Connection) -> None:
    """Wait until no other runner works on this database; held as long as the connection."""
    connection.execute("select pg_advisory_lock(%s)", (_LOCK,))


def prepare(connection: Connection) -> None:
    """Make the table of checksums; yoyo's own keeps no trace of what a file said."""
    connection.execute(
        """
        create table if not exists migration_checksums (
          migration_id text primary key,
          checksum text not null,
          applied_at timestamptz not null default now()
        )
        """
    )


def checksums(connection: Connection) -> dict[str, tuple[str, Any]]:
    """Checksum and time of each applied migration, by id; empty before the first."""
    found = connection.execute("select to_regclass('migration_checksums')").fetchone()
    if found is None or found[0] is None:
        return {}
    rows = connection.execute(
        "select migration_id, checksum, applied_at from migration_checksums"
    ).fetchall()
    return {row[0]: (row[1], row[2]) for row in rows}


async def applied(db: Database) -> set[str]:
    """The ids of what is applied, for somebody who has a pool."""
    return {
        row["migration_id"] for row in await db.all("select migration_id from migration_checksums")
    }


def remember(connection: Connection, migration_id: str, checksum: str) -> None:
    """Note what was applied."""
    connection.execute(
        """
        insert into migration_checksums (migration_id, checksum) values (%s, %s)
        on conflict (migration_id) do update set checksum = excluded.checksum, applied_at = now()
        """,
        (migration_id, checksum),
    )


def forget(connection: Connection, migration_id: str) -> None:
    """Note that it was rolled back."""
    connection.execute("delete from migration_checksums where migration_id = %s", (migration_id,))
