"""Creates the extension pg_stat_statements in the engine's database, if the server allows it."""

from __future__ import annotations

import logging
from typing import Any

import psycopg

log = logging.getLogger(__name__)

# The setting exists only if shared_preload_libraries has loaded the extension; else it counts
# nothing.
_IS_MISSING = """
    select exists (select from pg_available_extensions where name = 'pg_stat_statements')
       and not exists (select from pg_extension where extname = 'pg_stat_statements')
       and current_setting('pg_stat_statements.max', true) is not null
"""


def count_statements(url: str) -> bool:
    """Connect to *url* and call `count_statements_by`. Returns whether it created the extension.

    Never raises, because missing statistics must not prevent a start.
    """
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
            return count_statements_by(connection)
    except psycopg.Error as error:
        return _not_counted(error)


def count_statements_by(connection: psycopg.Connection[Any]) -> bool:
    """Create the extension if the server has loaded it and the database does not have it.

    Returns whether the extension was created. Never raises.
    """
    try:
        row = connection.execute(_IS_MISSING).fetchone()
        if row is None or not row[0]:
            return False
        # The extension is not "trusted", so this needs a superuser or a role that may create it.
        connection.execute("create extension if not exists pg_stat_statements")
    except psycopg.Error as error:
        return _not_counted(error)
    log.info("database.statements_counted")
    return True


def _not_counted(error: psycopg.Error) -> bool:
    reason = str(error).strip().partition("\n")[0]
    log.info("database.statements_not_counted", extra={"error": reason})
    return False
