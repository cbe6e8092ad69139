"""Restores the schemas of scripts, whose tables no migration of the engine creates.

Their definitions are statements from the dump. Each schema is restored on a connection that is
logged in as its script's role, which has rights nowhere else, so no dump can do harm with them.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg

from aiwebengine.backups import cluster_store, programs
from aiwebengine.backups.types import Progress
from aiwebengine.core.errors import EngineError, in_a_line
from aiwebengine.database import timeouts
from aiwebengine.script_database import roles
from aiwebengine.script_database.statements import unchecked

SCHEMA = re.compile(r"script_[0-9a-f]{32}")
_COPY = re.compile(rb"COPY .* FROM stdin;", re.DOTALL)
# Commands of psql, and settings that differ between versions of the server.
_IGNORED = re.compile(rb"\\|SET (?:transaction_timeout|default_table_access_method) ")
_END = b"\\."

Dump = Callable[[], Iterator[bytes]]
"""Reads the dump from its start."""


def restore_all(url: str, program: programs.Program, dump: Dump, progress: Progress) -> list[str]:
    """Restore the schema of each script; why it failed for those that could not be restored."""
    with cluster_store.connection(url) as connection:
        row = connection.execute("select exists (select from script_databases)").fetchone()
    if row is None or not row[0]:
        return []
    try:
        logins = asyncio.run(roles.logins(url))
    except EngineError as error:
        return [f"the tables of scripts: {error.message}"]
    failed = []
    for role, password in logins.values():
        progress.at(f"Restoring the tables of {role}")
        try:
            _restore(_login(url, role, password), program, role, dump, progress)
        except (psycopg.Error, EngineError) as error:
            failed.append(f"the tables in {role}: {in_a_line(error)}")
    return failed


def _restore(
    url: str, program: programs.Program, role: str, dump: Dump, progress: Progress
) -> None:
    """All of a schema or nothing."""
    arguments = ["--format=custom", f"--schema={role}", "--no-owner", "--no-privileges"]
    script = programs.converted(program, [*arguments, "--file=-"], dump(), progress)
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        timeouts.lift(connection)
        with connection.transaction(), closing(script):
            _run(connection, _lines(script))


def _run(connection: psycopg.Connection[tuple[object, ...]], lines: Iterator[bytes]) -> None:
    """Run what pg_restore wrote: statements, and rows between COPY and its end."""
    statements: list[bytes] = []
    for line in lines:
        if _IGNORED.match(line):
            continue
        if not _COPY.fullmatch(line):
            statements.append(line)
            continue
        _run_statements(connection, statements)
        statements = []
        with connection.cursor() as cursor, cursor.copy(line.removesuffix(b";")) as rows:
            for row in lines:
                if row == _END:
                    break
                rows.write(row + b"\n")
    _run_statements(connection, statements)


def _run_statements(connection: psycopg.Connection[tuple[object, ...]], lines: list[bytes]) -> None:
    for statement in unchecked(b"\n".join(lines).decode()):
        connection.execute(statement.encode())


def _lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
    if rest:
        yield rest


def _login(url: str, role: str, password: str) -> str:
    """The address with another user."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{role}:{quote(password)}@{place}"))
