"""The backup that comes before a migration."""

from __future__ import annotations

from aiwebengine.backups.service import Backups
from aiwebengine.backups.storage import CopyFailed
from aiwebengine.core.identity import Viewer
from aiwebengine.jobs.types import Note


async def backed_up_before_migrating(
    backups: Backups, viewer: Viewer, note: Note = lambda _: None
) -> str:
    """Make the backup that comes before a migration; what came of it, which *note* is told, too.

    A copy that does not arrive in the S3 storage stops nothing: the archive here is good. Raises
    as `Backups.create` does otherwise.
    """
    note("A backup comes before the migrations.")
    try:
        made = await backups.create(viewer, note, why="before a migration")
        told = f"Backed up first: {made.name}"
    except CopyFailed as error:
        told = f"Backed up first. {error.message}"
    note(told)
    return told
