"""The command that goes back to the database before a restore."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from aiwebengine.backups.formatting import Told, preview_lines, restored_as_data, restored_lines
from aiwebengine.backups.going_back import NEWEST
from aiwebengine.backups.offline import with_or_without_database
from aiwebengine.backups.types import Restored
from aiwebengine.core.identity import Viewer
from aiwebengine.terminal.commands import FAILED, json_option, say, show

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine


@click.command("undo-restore")
@click.argument("database", default=NEWEST)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@click.pass_context
def undo_restore(context: click.Context, database: str, yes: bool, as_json: bool) -> None:
    """Go back to the database that a restore replaced.

    DATABASE is its name, as the result of the restore gives it; without it, the newest one that is
    kept. The database of now is kept in turn, so this can be undone as well.
    """

    async def ask(engine: Engine, viewer: Viewer) -> None:
        nonlocal database
        ahead = await engine.services.backups.undo_preview(viewer, database)
        # What was shown is what is taken, whatever another restore keeps meanwhile.
        database = ahead.name
        for line in preview_lines(ahead):
            say(line, err=True)
        if not yes and not click.confirm("Go back to this database?", err=True):
            say("Nothing was changed.", err=True)
            sys.exit(FAILED)

    async def work(engine: Engine, viewer: Viewer) -> Restored:
        with Told(as_json) as told:
            return await engine.services.backups.undo_restore(viewer, database, told)

    done = with_or_without_database(context.obj, work, ask)
    lines = restored_lines(done, f"{done.backup_name} serves again.")
    show(as_json, restored_as_data(done), lines)
