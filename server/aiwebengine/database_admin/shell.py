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
from aiwebengine.terminal.commands import configuration, database_url, refusals_printed, say


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--print", "prints", is_flag=True, help="Print the command line, without password.")
@click.argument("arguments", metavar="[-- PSQL_ARGUMENT...]", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def shell(context: click.Context, prints: bool, arguments: tuple[str, ...]) -> None:
    """Open psql on the configured database, embedded or not. Exits as psql does.

    Each argument of -- PSQL_ARGUMENT... goes to psql: `aiwebengine db shell -- -c "select now()"`.
    """
    config = configuration(context.obj)
    with refusals_printed(), database_url(config) as url:
        command, password = _command(url, _psql())
        if prints:
            say(shlex.join([*command, *arguments]))
            return
        environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
        sys.stdout.flush()
        # Ctrl-C is psql's: it ends a statement, not the shell.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        ended = subprocess.run(  # noqa: S603 - the operator's own words
            [*command, *arguments], env=environment, check=False
        )
    sys.exit(ended.returncode)


def _command(url: str, psql: str) -> tuple[list[str], str | None]:
    """The command line, whose password would be seen by all of the machine, and the password."""
    parts = conninfo_to_dict(url)
    password = parts.pop("password", None)
    told = " ".join(f"{name}={_quoted(str(value))}" for name, value in sorted(parts.items()))
    return [psql, "--dbname", told], None if password is None else str(password)


def _quoted(value: str) -> str:
    """A value of a connection string (PostgreSQL, libpq, 34.1.1.1)."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return value if value and value.isascii() and value.isalnum() else f"'{escaped}'"


def _psql() -> str:
    """Where psql lies: the wheel's own, else the one in PATH. Raises Conflict."""
    try:
        own = Path(programs(), "psql")
    except EmbeddedFailed:
        own = None
    found = str(own) if own is not None and own.exists() else shutil.which("psql")
    if found is None:
        raise Conflict("psql is not installed. Install it: `apt install postgresql-client`.")
    return found
