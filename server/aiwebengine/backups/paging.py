"""Cursor positions in the lists of backups and runs."""

from __future__ import annotations

from aiwebengine.core.errors import BadUserInput

BACKUPS = "backups"
RUNS = "backupRuns"
DRILLS = "drills"


def name_of(decoded: tuple[object, ...] | None) -> str | None:
    """A decoded cursor as the name of a backup. Raises BadUserInput."""
    match decoded:
        case None:
            return None
        case (str() as name,):
            return name
    raise BadUserInput("`after` is not a cursor of this list.")


def number_of(decoded: tuple[object, ...] | None) -> int | None:
    """A decoded cursor as the number of a run. Raises BadUserInput."""
    match decoded:
        case None:
            return None
        case (int() as number,):
            return number
    raise BadUserInput("`after` is not a cursor of this list.")
