"""`aiwebengine db shell`: psql on the configured database."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import click
from psycopg.conninfo import conninfo_to_dict

from aiwebengine.core.errors import Conflict
from aiwebengine.database.embedded import EmbeddedFailed, programs
from aiwebengine.terminal.commands import configuration, database_url, errors_reported, say


@click.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--print",
    "prints",
    is_flag=True,
    help="Print the command line without the password, and run nothing.",
)
@click.argument("arguments", metavar="[-- PSQL_ARGUMENT...]", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def shell(context: click.Context, prints: bool, arguments: tuple[str, ...]) -> None:
    """Open psql on the configured or embedded database. Exits with the status of psql.

    Each argument in -- PSQL_ARGUMENT... goes to psql: `aiwebengine db shell -- -c "select now()"`.
    """
    config = configuration(context.obj)
    with errors_reported(), database_url(config) as url:
        command, password = _command(url, _psql())
        if prints:
            say(shlex.join([*command, *arguments]))
            return
        environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
        sys.stdout.flush()
        # psql handles Ctrl-C: it cancels the statement and keeps the shell open.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        ended = subprocess.run(  # noqa: S603 - arguments given by the operator
            [*command, *arguments], env=environment, check=False
        )
    sys.exit(ended.returncode)


def _command(url: str, psql: str) -> tuple[list[str], str | None]:
    """The command line, and the password apart from it: `ps` shows arguments to everybody."""
    parts = conninfo_to_dict(url)
    password = parts.pop("password", None)
    dsn = " ".join(f"{name}={_quoted(str(value))}" for name, value in sorted(parts.items()))
    return [psql, "--dbname", dsn], None if password is None else str(password)


def _quoted(value: str) -> str:
    """A value of a connection string (PostgreSQL, libpq, 34.1.1.1)."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return value if value and value.isascii() and value.isalnum() else f"'{escaped}'"


def _psql() -> str:
    """Path of the bundled psql, else the one in PATH. Raises Conflict."""
    try:
        own = Path(programs(), "psql")
    except EmbeddedFailed:
        own = None
    found = str(own) if own is not None and own.exists() else shutil.which("psql")
    if found is None:
        raise Conflict("psql was not found. Install it with `apt install postgresql-client`.")
    return found
