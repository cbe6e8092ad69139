"""The command `aiwebengine backup undo-restore`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from aiwebengine.backups.formatting import (
    ProgressLine,
    preview_lines,
    restored_as_data,
    restored_lines,
)
from aiwebengine.backups.going_back import NEWEST
from aiwebengine.backups.offline import with_or_without_database
from aiwebengine.backups.types import Restored
from aiwebengine.core.identity import Viewer
from aiwebengine.terminal.commands import FAILED, json_option, say, show

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine


@click.command("undo-restore")
@click.argument("database", default=NEWEST)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@json_option
@click.pass_context
def undo_restore(context: click.Context, database: str, yes: bool, as_json: bool) -> None:
    """Switch back to the database that a restore replaced.

    DATABASE is the name that the restore printed (default: the newest database that was kept). The
    current database is kept, so this command can be undone too.
    """

    async def ask(engine: Engine, viewer: Viewer) -> None:
        nonlocal database
        preview = await engine.services.backups.undo_preview(viewer, database)
        # Switch to the database that was shown, even if another restore keeps a newer one
        # meanwhile.
        database = preview.name
        for line in preview_lines(preview):
            say(line, err=True)
        if not yes and not click.confirm("Switch back to this database?", err=True):
            say("Nothing was changed.", err=True)
            sys.exit(FAILED)

    async def work(engine: Engine, viewer: Viewer) -> Restored:
        with ProgressLine(as_json) as progress:
            return await engine.services.backups.undo_restore(viewer, database, progress)

    done = with_or_without_database(context.obj, work, ask)
    lines = restored_lines(done, f"{done.backup_name} is in use again.")
    show(as_json, restored_as_data(done), lines)
