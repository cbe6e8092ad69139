"""The list of commands; each room brings its own."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aiwebengine import __version__
from aiwebengine.core.config_loader import masked
from aiwebengine.core.resources import must_be_complete
from aiwebengine.logs.setup import configure_logging
from aiwebengine.terminal.commands import (
    BACKUP_FIRST,
    FAILED,
    MAKE_ENGINE,
    configuration,
    database_url,
    json_option,
    progress,
    refusals_printed,
    say,
    show,
    somebody,
)
from aiwebengine.terminal.output import guarded

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine
    from aiwebengine.core.config import Config

# The command of a room, and the room.
ROOMS = {
    "alerts": "alerts",
    "audit": "audit",
    "backup": "backups",
    "db": "database_admin",
    "demo": "demo",
    "health": "health",
    "logs": "logs",
    "maintenance": "maintenance",
    "migrate": "migrations",
    "secrets": "signing_keys",
    "sessions": "auth",
    "tokens": "auth",
    "upgrade": "upgrades",
    "users": "users",
}


class _Rooms(click.Group):
    """Loads a room when its command is asked for: all of them together take a second to load."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run a command; what its output can't take ends it with a line."""
        with guarded():
            return super().main(*arguments, **options)

    def list_commands(self, context: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted([*super().list_commands(context), *ROOMS])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The command of this name, or None."""
        if name not in ROOMS:
            return super().get_command(context, name)
        command: click.Command = getattr(import_module(f"aiwebengine.{ROOMS[name]}.cli"), name)
        return command


@click.group(cls=_Rooms, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Configuration file; default: config.toml, when there is one.",
)
@click.version_option(__version__, prog_name="aiwebengine")
@click.pass_context
def main(context: click.Context, path: Path | None) -> None:
    """The administration service of a web engine: users, roles, health, logs, backups."""
    context.obj = path
    context.meta[BACKUP_FIRST] = _takes_backup
    context.meta[MAKE_ENGINE] = _made_engine
    # Commands print what they have to say; the log is for the server.
    logging.basicConfig(level=logging.CRITICAL)


def _made_engine(config: Config, url: str) -> Engine:
    # Loaded where it is used: `health --url` and `--help` can do without.
    from aiwebengine.app.engine import Engine

    return Engine(config, url)


def _takes_backup(config: Config, url: str) -> None:
    """Back up a database as it is. The engine is not prepared: that would migrate first."""
    from aiwebengine.backups.before_migrating import backed_up_before_migrating

    async def take() -> None:
        engine = _made_engine(config, url)
        await engine.db.connect()
        try:
            await backed_up_before_migrating(engine.services.backups, somebody(), progress)
        finally:
            await engine.db.disconnect()

    asyncio.run(take())


@main.command()
@click.option("--host", help="Address to listen on; default: server.host.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help="Port to listen on, 0 for a free one; default: server.port.",
)
@click.option("--validate-config", is_flag=True, help="Check the configuration and stop.")
@click.pass_context
def serve(
    context: click.Context, host: str | None, port: int | None, validate_config: bool
) -> None:
    """Start the engine."""
    # The web server is for this command alone. What is loaded stays: looking through it for garbage
    # again and again would take an eighth of the time.
    gc.disable()
    from aiwebengine.app import serving

    gc.enable()
    config = configuration(context.obj)
    given = {"host": host, "port": port}
    said = {name: value for name, value in given.items() if value is not None}
    config = config.model_copy(update={"server": config.server.model_copy(update=said)})
    with refusals_printed():
        must_be_complete()
    if validate_config:
        click.echo("The configuration is fine.")
        return
    configure_logging(config.logging)
    try:
        with refusals_printed(), database_url(config, creates=True) as url:
            serving.run(config, url)
    except serving.NotServing as error:
        say(f"Error: {error}", err=True)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        # Uvicorn has stopped in good order and passes the signal on.
        pass


@main.command("check-config")
@json_option
@click.pass_context
def check_config(context: click.Context, as_json: bool) -> None:
    """Check the configuration and the server's version; print what is in force, without secrets."""
    config = configuration(context.obj)
    with refusals_printed():
        must_be_complete()
        _check_server(config.repository.database_url.get_secret_value())
    shown = masked(config)
    lines = ["The configuration is fine.", ""]
    for section, values in shown.items():
        lines += [f"[{section}]", *(f"{key} = {value!r}" for key, value in values.items()), ""]
    show(as_json, shown, lines)


def _check_server(url: str) -> None:
    """Warn of a server that is too new or does not answer. Raises UnsupportedServer."""
    if not url:
        return
    from psycopg import OperationalError

    from aiwebengine.core.errors import in_a_line
    from aiwebengine.database import versions

    try:
        version = versions.server_version(url)
    except OperationalError as error:
        say(f"The version of PostgreSQL was not checked: {in_a_line(error)}", err=True)
        return
    versions.must_be_supported(version)
    if warning := versions.warning_of(version):
        say(warning, err=True)


@main.group("schema")
def schema_group() -> None:
    """The GraphQL schema."""


@schema_group.command("print")
def schema_print() -> None:
    """Print the schema."""
    from aiwebengine.app.schema import schema

    click.echo(schema.as_str())
