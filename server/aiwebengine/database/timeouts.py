"""Disables the server's timeouts on a connection for long work."""

from __future__ import annotations

from typing import Any

import psycopg

# A server knows those of its version: PostgreSQL 13 refuses to hear of `idle_session_timeout`,
# and 16 of `transaction_timeout`. So only those that it lists are set.
_TIMEOUTS = [
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "transaction_timeout",
]


def lift(connection: psycopg.Connection[Any]) -> None:
    """Set every timeout of this session to none, whatever server, database and role say.

    The connection must commit by itself: a transaction that is rolled back would restore them.
    """
    connection.execute(
        "select set_config(name, '0', false) from pg_settings where name = any(%s)", (_TIMEOUTS,)
    )
