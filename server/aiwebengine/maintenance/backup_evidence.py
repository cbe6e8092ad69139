"""Evidence about backups: the newest one, and the newest restore drill."""

from __future__ import annotations

from aiwebengine.backups.newest_run import newest_ended
from aiwebengine.backups.service import Backups
from aiwebengine.backups.types import BackupRunKind, BackupRunState
from aiwebengine.core.formats import size
from aiwebengine.jobs.service import Jobs
from aiwebengine.maintenance.evidence import by_schedule
from aiwebengine.maintenance.types import Evidence, Finding, MaintenanceState


def backed_up(backups: Backups, schedules: Jobs) -> Evidence:
    """Evidence of the newest good backup, and of a failed last run."""

    async def look() -> Finding:
        run = await newest_ended(backups, BackupRunKind.CREATE)
        if run is not None and run.state is BackupRunState.FAILED:
            return Finding(f"The last backup failed: {run.problem}", MaintenanceState.ATTENTION)
        newest, others = await backups.newest(), await _unsigned(backups)
        if newest is None:
            return by_schedule(schedules, f"There is no backup yet.{others}", None, "backup")
        saw = f"{newest.name}, {size(newest.size_bytes)}.{others}"
        return by_schedule(schedules, saw, newest.created_at, "backup")

    return look


def drilled(backups: Backups, schedules: Jobs) -> Evidence:
    """Evidence of the newest restore drill."""

    async def look() -> Finding:
        newest = await newest_ended(backups, BackupRunKind.DRILL)
        others = await _unsigned(backups)
        if newest is None:
            return by_schedule(schedules, f"No restore drill yet.{others}", None, "drill")
        if newest.state is BackupRunState.FAILED:
            saw = f"{newest.backup_name} can't be restored: {newest.problem}{others}"
            return Finding(saw, MaintenanceState.ATTENTION)
        saw = f"Last drill: {newest.backup_name} was restored and matches its manifest.{others}"
        return by_schedule(schedules, saw, newest.ended_at, "drill")

    return look


async def _unsigned(backups: Backups) -> str:
    """A sentence about archives that drills skip; empty if there are none."""
    skipped = await backups.unsigned()
    return f" Skipped because not signed by this engine: {len(skipped)}." if skipped else ""
