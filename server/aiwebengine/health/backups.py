"""Health check of backups: the last run succeeded and the newest archive is on time."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aiwebengine.backups.age import newest_backup
from aiwebengine.backups.newest_run import newest_ended
from aiwebengine.backups.service import Backups
from aiwebengine.backups.types import BackupRunKind, BackupRunState
from aiwebengine.core.clocks import is_of_the_future
from aiwebengine.core.formats import instant
from aiwebengine.health.types import Check, Finding, failing, ok, unknown
from aiwebengine.jobs.service import Jobs

BACKUP_EVERY_SECS = 4.0
# Reads every manifest and lists the storage, which is too slow for every run of the check.
READ_ARCHIVES_EVERY_SECS = 30.0
# Time that a backup may take before it counts as late.
BACKUP_GRACE = timedelta(hours=2)


@dataclass(frozen=True)
class BackupHistory:
    """The newest good backup, and the failure of the last run if it failed.

    *schedule_changed_at*: the current schedule does not apply before.
    """

    newest_at: datetime | None
    schedule_changed_at: datetime | None = None
    failed_at: datetime | None = None
    problem: str | None = None


BackupsSeen = Callable[[], Awaitable[BackupHistory]]
"""Reads the history of backups. Raises Unavailable."""

DueTime = Callable[[datetime], datetime | None]
"""Returns the last due time of a backup before an instant; None if the schedule is off."""


def backup(last_due: DueTime, seen: BackupsSeen | None, started: datetime) -> Check:
    """Check that backups are created when `last_due` says so; *started*: start of the engine."""

    async def see() -> Finding:
        if seen is None:
            return unknown("Backups are not available yet.")
        history = await seen()
        newest, changed, now = history.newest_at, history.schedule_changed_at, datetime.now(UTC)
        found = (
            "There is no backup"
            if newest is None
            else f"The newest backup is from {instant(newest)}"
        )
        if history.failed_at is not None:
            # This applies without a schedule too: cron may run `aiwebengine backup create`.
            failed = f"The last backup failed on {instant(history.failed_at)}"
            return failing(f"{failed}: {(history.problem or 'unknown reason').rstrip('.')}.")
        due_at = last_due(now - BACKUP_GRACE)
        if due_at is None:
            return unknown(f"Scheduled backups are disabled. {found}.")
        if newest is not None and is_of_the_future(newest, now):
            return failing(f"{found}, which is in the future: a clock is or was wrong.")
        if newest is not None and (newest >= due_at or (changed is not None and due_at < changed)):
            return ok(f"{found}.")
        if newest is None and due_at < started:
            return unknown(f"{found} yet; none has been due since the engine started.")
        return failing(f"{found}; a backup was due at {instant(due_at)}.")

    return Check(
        "backup",
        "Backup",
        see,
        "Check the log for the reason, then run `aiwebengine backup create`.",
        every_secs=BACKUP_EVERY_SECS,
        is_shared=True,
        meaning="Backups run on schedule (`backup.schedule`, or `maintenance.schedules.backup`, in"
        " `maintenance.timezone`). Fails when the last backup failed, when a scheduled backup is"
        f" more than {BACKUP_GRACE // timedelta(hours=1)} hours late, or when the newest backup is"
        " dated in the future. Unknown while the schedule is off and no backup failed.",
    )


def backups_seen(backups: Backups, schedules: Jobs) -> BackupsSeen:
    """Build a reader of the backup history; it rereads archives after a run and periodically."""
    newest: datetime | None = None
    read_after: str | None = None
    read_at = float("-inf")

    async def look() -> BackupHistory:
        nonlocal newest, read_after, read_at
        run = await newest_ended(backups, BackupRunKind.CREATE)
        latest = None if run is None else str(run.id)
        if latest != read_after or time.monotonic() - read_at >= READ_ARCHIVES_EVERY_SECS:
            newest = await newest_backup(backups)()
            read_after, read_at = latest, time.monotonic()
        changed_at = await schedules.changed_at("backup")
        if run is None or run.state is not BackupRunState.FAILED:
            return BackupHistory(newest, changed_at)
        return BackupHistory(newest, changed_at, run.ended_at or run.started_at, run.problem)

    return look
