"""Disables the server's timeouts on a connection for long work."""

from __future__ import annotations

from typing import Any

import psycopg

# PostgreSQL 13 has no `idle_session_timeout`, 16 no `transaction_timeout`. Setting an unknown one
# is an error, so only the timeouts in pg_settings are set.
_TIMEOUTS = [
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "transaction_timeout",
]


def lift(connection: psycopg.Connection[Any]) -> None:
    """Disable all timeouts of this session, which server, database and role may have set.

    The connection must be in autocommit mode: a rollback would restore the timeouts.
    """
    connection.execute(
        "select set_config(name, '0', false) from pg_settings where name = any(%s)", (_TIMEOUTS,)
    )
