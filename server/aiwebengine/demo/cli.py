"""The command `aiwebengine demo`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from aiwebengine.core.formats import count
from aiwebengine.core.identity import Viewer
from aiwebengine.demo.service import Demo
from aiwebengine.terminal.commands import with_engine

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine


@click.command()
@click.option(
    "--users",
    "number",
    default=1_000,
    show_default=True,
    type=click.IntRange(1, 10_000_000),
    help="Number of demo users the database should have.",
)
@click.pass_context
def demo(context: click.Context, number: int) -> None:
    """Add demo users to a development database. Fails if the database has real users."""
    columns = ("Users", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())

    async def work(engine: Engine, _: Viewer) -> tuple[int, int]:
        with Progress(*columns, disable=not sys.stderr.isatty()) as progress:
            task = progress.add_task("users", total=number)

            def report(added: int) -> None:
                progress.update(task, completed=added)

            return await Demo(engine.db, engine.services.audit).fill(number, report)

    added, total = with_engine(context.obj, work, creates=True)
    click.echo(
        f"Added {count(added, 'demo user')}. The database now has {count(total, 'demo user')}."
    )
