"""The list of commands; each feature defines its own."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

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
    current_operator,
    database_url,
    errors_reported,
    json_option,
    print_step,
    progress,
    say,
    show,
)
from aiwebengine.terminal.interruption import Interruption
from aiwebengine.terminal.output import guarded

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine
    from aiwebengine.core.config import Config

# Command to package.
COMMAND_PACKAGES = {
    "alerts": "alerts",
    "audit": "audit",
    "backup": "backups",
    "db": "database_admin",
    "demo": "demo",
    "health": "health",
    "logs": "logs",
    "maintenance": "maintenance",
    "migrate": "migrations",
    "scripts": "scripts",
    "secrets": "signing_keys",
    "sessions": "auth",
    "tokens": "auth",
    "upgrade": "upgrades",
    "users": "users",
}

# Subcommands of a command that other packages have, which its own package can't import.
SUBCOMMAND_PACKAGES = {"scripts": {"messages": "script_messages", "schedules": "script_schedules"}}


@contextmanager
def _loading() -> Iterator[None]:
    """Load modules without garbage collection, and exclude their objects from later collections.

    Modules stay loaded, and repeated collections took an eighth of the start time. About a thousand
    unreachable objects are kept because of this.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


class _LazyGroup(click.Group):
    """Loads a package when its command is called: all of them together take a second to load."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        """Run a command. An output that can't be written to ends it with one line."""
        with guarded():
            return super().main(*arguments, **options)

    def list_commands(self, context: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted([*super().list_commands(context), *COMMAND_PACKAGES])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Return the command with this name, or None."""
        if name not in COMMAND_PACKAGES:
            return super().get_command(context, name)
        with _loading():
            module = import_module(f"aiwebengine.{COMMAND_PACKAGES[name]}.cli")
            command: click.Command = getattr(module, name)
            for subcommand, package in SUBCOMMAND_PACKAGES.get(name, {}).items():
                others = import_module(f"aiwebengine.{package}.cli")
                cast(click.Group, command).add_command(getattr(others, subcommand))
        return command


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Configuration file (default: config.toml if it exists).",
)
@click.version_option(__version__, prog_name="aiwebengine")
@click.pass_context
def main(context: click.Context, path: Path | None) -> None:
    """Run and administer aiwebengine: users, roles, health, logs and backups."""
    context.obj = path
    context.meta[BACKUP_FIRST] = _takes_backup
    context.meta[MAKE_ENGINE] = _make_engine
    # Commands print their results; the log is for the server.
    logging.basicConfig(level=logging.CRITICAL)


def _make_engine(config: Config, url: str) -> Engine:
    # Loaded where it is used: `health --url` and `--help` need no engine.
    with _loading():
        from aiwebengine.app.engine import Engine

    return Engine(config, url)


def _takes_backup(config: Config, url: str) -> None:
    """Back up a database without migrating it, so the engine is not prepared."""
    from aiwebengine.backups.before_migrating import backed_up_before_migrating

    async def take() -> None:
        engine = _make_engine(config, url)
        await engine.db.connect()
        try:
            await backed_up_before_migrating(engine.services.backups, current_operator(), progress)
        finally:
            await engine.db.disconnect()

    asyncio.run(take())


@main.command()
@click.option("--host", help="Address to listen on (default: server.host).")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help="Port to listen on, or 0 for any free port (default: server.port).",
)
@click.option("--validate-config", is_flag=True, help="Check the configuration and exit.")
@click.pass_context
def serve(
    context: click.Context, host: str | None, port: int | None, validate_config: bool
) -> None:
    """Start the server."""
    config = configuration(context.obj)
    given = {"host": host, "port": port}
    overrides = {name: value for name, value in given.items() if value is not None}
    config = config.model_copy(update={"server": config.server.model_copy(update=overrides)})
    with errors_reported():
        must_be_complete()
    if validate_config:
        click.echo("The configuration is valid.")
        return
    configure_logging(config.logging)
    # From here on an embedded server may run, which must not outlive the engine.
    interruption = Interruption()
    interruption.install()

    def load() -> None:
        _load_server()
        interruption.check()

    # Uvicorn stops in good order and then passes the signal on.
    with (
        suppress(KeyboardInterrupt),
        errors_reported(),
        database_url(config, creates=True, meanwhile=load, report=print_step) as url,
    ):
        interruption.check()
        _serve(config, url, interruption)


def _load_server() -> None:
    # The web server is for this command alone.
    with _loading():
        import_module("aiwebengine.app.serving")
        import_module("aiwebengine.app.routes")


def _serve(config: Config, url: str, interruption: Interruption) -> None:
    from aiwebengine.app import serving

    try:
        serving.run(config, url, interruption)
    except serving.NotServing as error:
        say(f"Error: {error}", err=True)
        sys.exit(FAILED)


@main.command("check-config")
@json_option
@click.pass_context
def check_config(context: click.Context, as_json: bool) -> None:
    """Check the configuration and the PostgreSQL version. Prints the settings without secrets."""
    config = configuration(context.obj)
    with errors_reported():
        must_be_complete()
        _check_server(config.repository.database_url.get_secret_value())
    settings = masked(config)
    lines = ["The configuration is valid.", ""]
    for section, values in settings.items():
        lines += [f"[{section}]", *(f"{key} = {value!r}" for key, value in values.items()), ""]
    show(as_json, settings, lines)


def _check_server(url: str) -> None:
    """Warn if the server is too new or does not respond. Raises UnsupportedServer."""
    if not url:
        return
    from psycopg import OperationalError

    from aiwebengine.core.errors import in_a_line
    from aiwebengine.database import versions

    try:
        version = versions.server_version(url)
    except OperationalError as error:
        say(f"Can't check the PostgreSQL version: {in_a_line(error)}", err=True)
        return
    versions.must_be_supported(version)
    if warning := versions.warning_of(version):
        say(warning, err=True)


@main.group("schema")
def schema_group() -> None:
    """Print the GraphQL schema."""


@schema_group.command("print")
def schema_print() -> None:
    """Print the GraphQL schema as SDL."""
    from aiwebengine.app.schema import schema

    click.echo(schema.as_str())
