"""The backup before migrations."""

from __future__ import annotations

from aiwebengine.backups.service import Backups
from aiwebengine.backups.storage import CopyFailed
from aiwebengine.core.identity import Viewer
from aiwebengine.jobs.types import Note


async def backed_up_before_migrating(
    backups: Backups, viewer: Viewer, note: Note = lambda _: None
) -> str:
    """Create the backup before a migration; return a summary, which *note* receives too.

    A failed copy to S3 is not an error, because the local archive is complete. Raises like
    `Backups.create` otherwise.
    """
    note("Creating a backup before the migrations.")
    try:
        backup = await backups.create(viewer, note, why="before a migration")
        summary = f"Backed up first: {backup.name}"
    except CopyFailed as error:
        summary = f"Backed up first. {error.message}"
    note(summary)
    return summary
