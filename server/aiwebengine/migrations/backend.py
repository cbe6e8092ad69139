"""yoyo's hands on PostgreSQL, without the statements by which it finds out what PostgreSQL can."""

from __future__ import annotations

from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import parse_uri
from yoyo.migrations import default_migration_table


class Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]
    """Leaves no error in the server's log.

    yoyo makes its table of locks whether or not it is there, and drops a table that was rolled
    back to see whether it is gone. Both fail in good order, with each command that is run; who
    looks for errors in the server's log finds these.
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
