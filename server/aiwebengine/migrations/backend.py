"""yoyo's backend for PostgreSQL, without the statements that probe the server's features."""

from __future__ import annotations

from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import parse_uri
from yoyo.migrations import default_migration_table


class Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]
    """A backend that leaves no error in the server's log.

    yoyo makes its table of locks whether or not it is there, and drops a table that was rolled
    back to see whether it is gone. Both fail as yoyo expects, with each command, and show
    up as errors in the server's log.
    """

    create_lock_table_sql = PostgresqlPsycopgBackend.create_lock_table_sql.replace(
        "CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1
    )

    def _check_transactional_ddl(self) -> bool:
        """PostgreSQL takes back what a transaction did to tables."""
        return True


def connected(url: str) -> Backend:
    """A backend with a connection of its own, and its table of locks."""
    backend = Backend(parse_uri(url), default_migration_table)
    backend.init_database()
    return backend
