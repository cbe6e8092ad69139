"""Every SQL statement about the database itself."""

from __future__ import annotations

from aiwebengine.database import Database, Row


async def figures(db: Database) -> Row:
    """Version, size and connections of the database."""
    row = await db.one(
        """
        select
          current_setting('server_version') as version,
          pg_database_size(current_database()) as size_bytes,
          (select count(*) from pg_stat_activity where datname = current_database()) as connections,
          cast(current_setting('max_connections') as integer) as max_connections
        """
    )
    assert row is not None  # noqa: S101 - a select without from always returns a row
    return row
