"""What a script's use of its database is limited to."""

from __future__ import annotations

STATEMENT_SECS = 5.0
"""Duration of one statement; `statement_timeout` of a script's connections."""
LOCK_SECS = 3.0
"""Wait for a lock of another transaction; `lock_timeout`."""
IDLE_IN_TRANSACTION_SECS = 30.0
"""The server ends a connection whose transaction does nothing for this long."""
TRANSACTION_SECS = 30.0
"""Duration of a transaction, unless its handler ends before."""
ACQUIRE_SECS = 3.0
"""Wait for one of the script's connections."""

MOST_ROWS = 10_000
"""Rows of one result."""
MOST_RESULT_BYTES = 8 << 20
"""Bytes of one result, as PostgreSQL sends it."""
MOST_SQL_CHARACTERS = 100_000
"""Length of one statement."""
MOST_PARAMETERS = 1_000
"""Parameters of one statement."""
MOST_SAVEPOINTS = 50
"""Open savepoints of one transaction."""

MOST_SCHEMA_BYTES = 1_000_000_000
"""Size of a script's tables and indexes; above it rows can be read and deleted, not added."""
SIZE_SECS = 10.0
"""The size is measured at most this often in each process."""

CONNECTIONS_OF_SCRIPT = 4
"""Connections of one script in each worker process."""
CONNECTIONS_OF_WORKER = 20
"""Connections of all scripts in each worker process."""
CONNECTIONS_OF_ROLE = 40
"""Connections of one script in all processes of all instances; the server's own limit."""
IDLE_CONNECTION_SECS = 60.0
"""A connection that was idle for this long is closed."""

MIGRATION_SECS = 60.0
"""Duration of one statement of a migration."""
MOST_MIGRATIONS = 1_000
"""Migrations of one script."""
MOST_MIGRATION_BYTES = 1 << 20
"""Size of one migration file."""

MOST_TABLES_LISTED = 500
"""Tables of one script in `scriptTables`."""
