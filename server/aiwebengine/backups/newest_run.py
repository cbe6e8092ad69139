"""The newest run of a kind that is over."""

from __future__ import annotations

from aiwebengine.backups.service import Backups
from aiwebengine.backups.types import BackupRun, BackupRunKind, BackupRunState
from aiwebengine.core.identity import engine

# More runs of one kind than can be running at the same time.
RUNS_AT_ONCE = 3


async def newest_ended(backups: Backups, kind: BackupRunKind) -> BackupRun | None:
    """The newest run of this kind that is over: one that is running has no result yet."""
    runs = await backups.runs(engine(), [kind], None, RUNS_AT_ONCE)
    return next((run for run in runs if run.state is not BackupRunState.RUNNING), None)
