"""The supported versions of PostgreSQL."""

from __future__ import annotations

import psycopg

from aiwebengine.core.errors import Conflict

# The first version with `gen_random_uuid()`, which the first migration needs.
OLDEST = 13
# The newest version that is tested.
NEWEST = 18
CONNECT_SECS = 5


class UnsupportedServer(Conflict):
    """The server's version of PostgreSQL is too old. The message names the supported ones."""


def must_be_supported(server_version: int) -> None:
    """Raise UnsupportedServer for a server that is too old.

    *server_version* is a number such as 180004 (PostgreSQL's `server_version_num`).
    """
    major = server_version // 10_000
    if major < OLDEST:
        raise UnsupportedServer(f"PostgreSQL {major} is not supported; use {OLDEST} to {NEWEST}.")


def warning_of(server_version: int) -> str | None:
    """A warning for a server that is newer than the tested versions; else None.

    Such a server is not refused, because PostgreSQL is backward compatible and managed servers are
    upgraded by their provider.
    """
    major = server_version // 10_000
    if major <= NEWEST:
        return None
    return (
        f"PostgreSQL {major} is newer than this version of aiwebengine knows;"
        f" it is tested with {OLDEST} to {NEWEST}."
    )


def server_version(url: str) -> int:
    """The version of the server at *url*, as a number. Raises psycopg.OperationalError."""
    with psycopg.connect(url, connect_timeout=CONNECT_SECS) as connection:
        return connection.info.server_version
