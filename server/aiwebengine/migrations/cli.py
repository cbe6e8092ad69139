"""The command-line door of this room."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from aiwebengine.commands import (
    configuration,
    database_url,
    json_option,
    refusals_printed,
    show,
    table,
)
from aiwebengine.migrations.service import Migrations
from aiwebengine.resources import MIGRATIONS


@click.group()
def migrate() -> None:
    """Look at and apply database migrations."""


@migrate.command()
@json_option
@click.pass_context
def status(context: click.Context, as_json: bool) -> None:
    """List every migration, applied or not."""
    with _migrations(context.obj) as migrations:
        found = migrations.status()
    rows = [
        (
            one.id,
            f"{one.applied_at:%Y-%m-%d %H:%M}" if one.applied_at else "pending",
            "" if one.is_intact else "changed or missing since!",
        )
        for one in found
    ]
    told = [
        {"id": one.id, "applied_at": one.applied_at, "is_intact": one.is_intact} for one in found
    ]
    show(as_json, told, table(("Migration", "Applied", ""), rows))


@migrate.command()
@click.option("--dry-run", is_flag=True, help="Print the SQL that would run.")
@json_option
@click.pass_context
def up(context: click.Context, dry_run: bool, as_json: bool) -> None:
    """Apply every pending migration."""
    with _migrations(context.obj) as migrations:
        if dry_run:
            click.echo(migrations.sql(migrations.pending(), is_up=True))
            return
        done = migrations.up()
    show(as_json, {"applied": done}, "\n".join(done) or "Nothing to do.")


@migrate.command()
@click.option("--to", help="Roll back everything newer than this one.")
@click.option("--dry-run", is_flag=True, help="Print the SQL that would run.")
@json_option
@click.pass_context
def down(context: click.Context, to: str | None, dry_run: bool, as_json: bool) -> None:
    """Roll back the newest migration."""
    with _migrations(context.obj) as migrations:
        if dry_run:
            click.echo(migrations.sql(migrations.newest(to=to), is_up=False))
            return
        done = migrations.down(to=to)
    show(as_json, {"rolled_back": done}, "\n".join(done) or "Nothing to do.")


@contextmanager
def _migrations(path: Path | None) -> Iterator[Migrations]:
    with refusals_printed(), database_url(configuration(path)) as url:
        yield Migrations(url, MIGRATIONS)
