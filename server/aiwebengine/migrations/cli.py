"""The commands `aiwebengine migrate …`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeAlias

import click

from aiwebengine.core.config import Config
from aiwebengine.core.formats import instant
from aiwebengine.core.resources import MIGRATIONS
from aiwebengine.migrations.service import BackupFirst, Migrations
from aiwebengine.migrations.types import Migration, MigrationState
from aiwebengine.terminal.commands import (
    BACKUP_FIRST,
    configuration,
    current_operator,
    database_url,
    errors_reported,
    json_option,
    progress,
    say,
    show,
    table,
)

TakesBackup: TypeAlias = Callable[[Config, str], object]
"""Backs up the database at a URL without migrating it first."""

no_backup_option = click.option(
    "--no-backup", is_flag=True, help="Skip the backup that is taken first if there are users."
)


@click.group()
def migrate() -> None:
    """Show, apply and roll back database migrations."""


@migrate.command()
@json_option
@click.pass_context
def status(context: click.Context, as_json: bool) -> None:
    """List all migrations and when they were applied."""
    with _migrations(context, no_backup=True) as (migrations, _):
        found = migrations.status()
    rows = [(one.id, _when(one), one.title) for one in found]
    data = [
        {
            "id": one.id,
            "title": one.title,
            "applied_at": one.applied_at,
            "state": one.state.name,
            "is_intact": one.is_intact,
        }
        for one in found
    ]
    show(as_json, data, table(("Migration", "Applied", "Description"), rows))


@migrate.command()
@click.option("--dry-run", is_flag=True, help="Print the SQL, and run nothing.")
@no_backup_option
@json_option
@click.pass_context
def up(context: click.Context, dry_run: bool, no_backup: bool, as_json: bool) -> None:
    """Apply all pending migrations. Takes a backup first if there are users."""
    with _migrations(context, no_backup=no_backup) as (migrations, backup_first):
        if dry_run:
            _print_sql(migrations, migrations.pending(), is_up=True, as_json=as_json)
            return
        done = migrations.up(current_operator(), backup_first, progress)
    show(as_json, {"applied": done}, done or "Nothing to do.")


@migrate.command()
@click.option("--to", help="Roll back every migration newer than this one.")
@click.option("--dry-run", is_flag=True, help="Print the SQL, and run nothing.")
@no_backup_option
@json_option
@click.pass_context
def down(
    context: click.Context, to: str | None, dry_run: bool, no_backup: bool, as_json: bool
) -> None:
    """Roll back the newest migration. Takes a backup first if there are users."""
    with _migrations(context, no_backup=no_backup) as (migrations, backup_first):
        if dry_run:
            _print_sql(migrations, migrations.newest(to=to), is_up=False, as_json=as_json)
            return
        done = migrations.down(current_operator(), to, backup_first)
    show(as_json, {"rolled_back": done}, done or "Nothing to do.")


def _print_sql(migrations: Migrations, ids: list[str], *, is_up: bool, as_json: bool) -> None:
    if as_json:
        show(True, {"would_apply" if is_up else "would_roll_back": ids}, "")
    elif ids:
        click.echo(migrations.sql(ids, is_up=is_up))
    else:
        say("Nothing to do.")


@contextmanager
def _migrations(
    context: click.Context, *, no_backup: bool
) -> Iterator[tuple[Migrations, BackupFirst | None]]:
    config, takes_backup = configuration(context.obj), context.meta.get(BACKUP_FIRST)
    with errors_reported(), database_url(config) as url:
        backup_first = None if no_backup or not takes_backup else partial(takes_backup, config, url)
        yield Migrations(url, MIGRATIONS), backup_first


def _when(migration: Migration) -> str:
    match migration.state:
        case MigrationState.PENDING:
            return "pending"
        case MigrationState.CHANGED:
            return "file changed since!"
        case MigrationState.MISSING:
            return "file missing!"
    return "" if migration.applied_at is None else instant(migration.applied_at)
