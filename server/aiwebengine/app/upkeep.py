"""What rooms do together that know nothing of each other: tasks, evidence, a backup's age."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from aiwebengine.backups.service import Backups
from aiwebengine.backups.storage import CopyFailed, StorageFailed
from aiwebengine.backups.types import BackupRun, BackupRunKind, BackupRunState
from aiwebengine.core.config import Config
from aiwebengine.core.formats import count, duration, instant, size
from aiwebengine.core.identity import Viewer, engine
from aiwebengine.database_admin.activity_types import OwnStatements
from aiwebengine.database_admin.service import Care
from aiwebengine.health.backups import BackupHistory, BackupsSeen
from aiwebengine.jobs.service import Schedules
from aiwebengine.jobs.types import Note, Task, TaskFailed
from aiwebengine.logs.service import Logs
from aiwebengine.logs.types import LogFilter, LogLevel
from aiwebengine.maintenance.evidence import by_schedule
from aiwebengine.maintenance.service import Maintenance
from aiwebengine.maintenance.types import Evidence, Finding, MaintenanceState

# More runs of one kind than can be running at the same time.
RUNS_AT_ONCE = 3
# Each manifest is read, and the storage's list: not with every look.
READ_ARCHIVES_EVERY_SECS = 30.0


def tasks(config: Config, backups: Backups, care: Care) -> list[Task]:
    """What looks after the data: backups, drills, vacuum."""

    async def backed_up(note: Note) -> str:
        made = await backups.create(engine(), note)
        return f"{made.name}, {size(made.size_bytes)}."

    async def pruned(note: Note) -> str:
        gone = await backups.prune(engine(), note)
        if gone.failed:
            raise TaskFailed("; ".join(f"{name}: {why}" for name, why in gone.failed.items()))
        archives = len({*gone.local, *gone.remote})
        return f"{archives} archives and {len(gone.databases)} replaced databases removed."

    async def drilled(note: Note) -> str:
        run = await backups.drill(engine(), note)
        if run.state is not BackupRunState.SUCCEEDED:
            raise TaskFailed(f"{run.backup_name} can't be restored: {run.problem}")
        return f"{run.backup_name} was restored, and holds what its manifest says."

    async def vacuumed(note: Note) -> str:
        run = await care.vacuum(engine(), None, note)
        return f"{len(run.tables)} tables vacuumed and analyzed."

    return [
        Task(
            "backup",
            "Back up",
            "Makes an archive of the database, the configuration and the newest logs.",
            config.backup.schedule,
            backed_up,
        ),
        Task(
            "prune-backups",
            "Remove old backups",
            "Removes the archives that the rules of retention do not keep.",
            "30 3 * * *",
            pruned,
        ),
        Task(
            "drill",
            "Prove the newest backup",
            "Restores it into a scratch database, compares it with its manifest, drops it.",
            "0 5 * * 0",
            drilled,
        ),
        Task(
            "vacuum",
            "Vacuum the database",
            "Makes the room of dead rows usable again, and the planner's statistics up to date.",
            "0 4 * * 6",
            vacuumed,
        ),
    ]


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


def newest_backup(backups: Backups) -> Callable[[], Awaitable[datetime | None]]:
    """When the newest good backup on this machine was made; None before the first."""

    async def look() -> datetime | None:
        newest = await backups.newest()
        return None if newest is None else newest.created_at

    return look


def backups_seen(backups: Backups, schedules: Schedules) -> BackupsSeen:
    """The history of backups, for health. The archives are read again after a run, or in time."""
    newest: datetime | None = None
    read_after: str | None = None
    read_at = float("-inf")

    async def look() -> BackupHistory:
        nonlocal newest, read_after, read_at
        run = await _newest_ended(backups, BackupRunKind.CREATE)
        latest = None if run is None else str(run.id)
        if latest != read_after or time.monotonic() - read_at >= READ_ARCHIVES_EVERY_SECS:
            newest = await newest_backup(backups)()
            read_after, read_at = latest, time.monotonic()
        changed_at = await schedules.changed_at("backup")
        if run is None or run.state is not BackupRunState.FAILED:
            return BackupHistory(newest, changed_at)
        return BackupHistory(newest, changed_at, run.ended_at or run.started_at, run.problem)

    return look


async def _newest_ended(backups: Backups, kind: BackupRunKind) -> BackupRun | None:
    """The newest run of this kind that is over: one that is running has no result yet."""
    runs = await backups.runs(engine(), [kind], None, RUNS_AT_ONCE)
    return next((run for run in runs if run.state is not BackupRunState.RUNNING), None)


def backup_age(backups: Backups) -> Callable[[], Awaitable[float | None]]:
    """The seconds since then."""

    async def look() -> float | None:
        try:
            made = await newest_backup(backups)()
        except StorageFailed:
            # A health check says so; the other metrics are there all the same.
            return None
        return None if made is None else (datetime.now(UTC) - made).total_seconds()

    return look


def backed_up(backups: Backups, schedules: Schedules) -> Evidence:
    """The newest good backup, and whether the newest run failed."""

    async def look() -> Finding:
        run = await _newest_ended(backups, BackupRunKind.CREATE)
        if run is not None and run.state is BackupRunState.FAILED:
            return Finding(f"The newest run failed: {run.problem}", MaintenanceState.ATTENTION)
        newest, others = await backups.newest(), await _unsigned(backups)
        if newest is None:
            return by_schedule(schedules, f"There is no backup yet.{others}", None, "backup")
        saw = f"{newest.name}, {size(newest.size_bytes)}.{others}"
        return by_schedule(schedules, saw, newest.created_at, "backup")

    return look


def drilled(backups: Backups, schedules: Schedules) -> Evidence:
    """The newest restore drill."""

    async def look() -> Finding:
        newest = await _newest_ended(backups, BackupRunKind.DRILL)
        others = await _unsigned(backups)
        if newest is None:
            return by_schedule(schedules, f"No restore drill has run yet.{others}", None, "drill")
        if newest.state is BackupRunState.FAILED:
            saw = f"{newest.backup_name} can't be restored: {newest.problem}{others}"
            return Finding(saw, MaintenanceState.ATTENTION)
        saw = f"{newest.backup_name} was restored, and holds what its manifest says.{others}"
        return by_schedule(schedules, saw, newest.ended_at, "drill")

    return look


async def _unsigned(backups: Backups) -> str:
    """A sentence on the archives that no drill takes; empty when there are none."""
    skipped = await backups.unsigned()
    return f" Not signed by this engine, so skipped: {len(skipped)}." if skipped else ""


def errors_logged(logs: Logs, maintenance: Callable[[], Maintenance]) -> Evidence:
    """How many errors the log has had since somebody last ticked the review off."""

    async def look() -> Finding:
        since = await maintenance().last_ticked("error-logs")
        found = await logs.count(engine(), LogFilter(level=LogLevel.ERROR, since=since))
        errors = "More errors than can be counted" if found is None else count(found, "error")
        when = "in the log" if since is None else f"since {instant(since)}"
        return Finding(f"{errors} {when}.")

    return look


def slow_statements(worst: OwnStatements) -> Evidence:
    """What this process has spent most time on in the database since it started."""

    async def look() -> Finding:
        slowest = max(worst(200), key=lambda one: one.longest_secs, default=None)
        if slowest is None:
            return Finding("No statement has run yet.")
        return Finding(f"The slowest took {duration(slowest.longest_secs)}: {slowest.sql[:120]}")

    return look
