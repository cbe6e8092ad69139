"""Health checks of an instance, apart from the check of the database itself."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime

import psutil

from aiwebengine.core.config import Config
from aiwebengine.core.formats import count, duration
from aiwebengine.database import Database
from aiwebengine.health import network, store
from aiwebengine.health.backups import BackupsSeen, DueTime, backup
from aiwebengine.health.directories import Directories, Thresholds
from aiwebengine.health.types import Check, Finding, failing, ok, unknown, warning
from aiwebengine.migrations.service import due

ErrorRate = Callable[[int], Awaitable[tuple[int, int]]]
"""Requests and failed requests of all instances in the last given number of minutes."""

MIGRATIONS_EVERY_SECS = 30.0
# The statement is cheap; a clock that was changed is noticed within ten seconds.
CLOCK_EVERY_SECS = 4.0
ROLE_EVERY_SECS = 300.0
CLOCK_WARNING_SECS = 2.0
CLOCK_FAILING_SECS = 30.0
LOOP_SAMPLE_SECS = 0.05
LOOP_WARNING_SECS = 0.5
LOOP_FAILING_SECS = 2.0
# A worker that ended unexpectedly is reported for this long, even after it was replaced.
WORKER_REPORTED_SECS = 30.0
# The error rate of fewer requests means nothing.
MIN_REQUESTS = 20


def of_instance(
    config: Config,
    db: Database,
    providers: Iterable[tuple[str, str, str]],
    *,
    backups_seen: BackupsSeen | None = None,
    backup_due: DueTime = lambda _: None,
    error_rate: ErrorRate | None = None,
    thresholds: Thresholds | None = None,
) -> list[Check]:
    """The checks that this configuration needs; *providers*: name, label, address to probe."""
    base_url = config.server.public_url
    checks = [
        migrations(db),
        role(db),
        *_directories(config, Directories(thresholds)),
        backup(backup_due, backups_seen, datetime.now(UTC)),
        clock(db),
    ]
    if (s3 := config.backup.s3) is not None:
        amazon = f"https://{s3.bucket}.s3.{s3.region or 'us-east-1'}.amazonaws.com"
        checks.append(network.storage(str(s3.endpoint or amazon)))
    if base_url.startswith("https:"):
        checks.append(network.certificate(base_url))
    checks += [network.provider(*one) for one in providers]
    parent = multiprocessing.parent_process()
    if config.performance.worker_pool_size > 1 and parent is not None and parent.pid:
        checks.append(workers(parent.pid, config.performance.worker_pool_size))
    checks.append(event_loop())
    if error_rate is not None:
        alerts = config.alerts
        checks.append(errors(error_rate, alerts.error_rate_percent, alerts.error_rate_minutes))
    return checks


def _directories(config: Config, directories: Directories) -> list[Check]:
    space = "Free disk space: remove files that are not needed, or enlarge the file system."
    checks = []
    if not config.repository.database_url.get_secret_value():
        data = config.repository.data_dir
        checks.append(directories.space("disk.data", "Data disk space", data, space))
    if config.logging.file is not None:
        logs = config.logging.file.parent
        checks += [
            directories.space("disk.logs", "Log disk space", logs, space),
            directories.writable(
                "writable.logs",
                "Log directory",
                logs,
                "The log is not written. Free disk space, or give the engine's user write access to"
                f" {logs} (logging.file).",
            ),
        ]
    backups = config.backup.directory
    return [
        *checks,
        directories.space("disk.backups", "Backup disk space", backups, space),
        directories.writable(
            "writable.backups",
            "Backup directory",
            backups,
            "Backups can't be created. Free disk space, or give the engine's user write access to"
            f" {backups} (backup.directory).",
        ),
    ]


def migrations(db: Database) -> Check:
    """Check that the database schema matches this version."""

    async def see() -> Finding:
        pending = await due(db)
        if pending:
            return failing(f"{count(len(pending), 'migration')} pending: {', '.join(pending)}.")
        return ok("All migrations are applied.")

    return Check(
        "migrations",
        "Migrations",
        see,
        "Run `aiwebengine migrate up`, which creates a backup first.",
        every_secs=MIGRATIONS_EVERY_SECS,
        needs_database=True,
        is_shared=True,
        meaning="The database schema matches this version. Fails when a migration is pending.",
    )


def role(db: Database) -> Check:
    """Check that the engine's PostgreSQL role has no more privileges than it needs."""

    async def see() -> Finding:
        if await store.is_superuser(db):
            return warning("The engine's role is a superuser of the database server.")
        return ok("The engine's role is not a superuser.")

    return Check(
        "database_role",
        "Database role",
        see,
        "Use a dedicated role with CREATEDB that owns the engine's database. See"
        " docs/production.md.",
        every_secs=ROLE_EVERY_SECS,
        needs_database=True,
        is_shared=True,
        meaning="The engine's PostgreSQL role has no more privileges than it needs. Warns when it"
        " is a superuser.",
    )


def clock(db: Database) -> Check:
    """Check that the clocks of this machine and the database agree."""

    async def see() -> Finding:
        before = datetime.now(UTC)
        theirs = await store.clock(db)
        # The database answered between the two readings, on average in the middle.
        middle = before + (datetime.now(UTC) - before) / 2
        apart = (middle - theirs).total_seconds()
        detail = f"The clocks of the engine and the database differ by {duration(abs(apart))}."
        if abs(apart) >= CLOCK_FAILING_SECS:
            return failing(detail)
        return warning(detail) if abs(apart) >= CLOCK_WARNING_SECS else ok(detail)

    return Check(
        "clock",
        "Clock",
        see,
        "Sessions, tokens and grants expire too early or too late. Enable time synchronization"
        " (`timedatectl set-ntp true`) on both machines.",
        every_secs=CLOCK_EVERY_SECS,
        needs_database=True,
        meaning="The clocks of the engine and the database agree. Warns when they differ by"
        f" {CLOCK_WARNING_SECS:g} s, fails at {CLOCK_FAILING_SECS:g} s.",
    )


def event_loop() -> Check:
    """Check the event-loop lag of this process."""

    async def see() -> Finding:
        began = time.perf_counter()
        await asyncio.sleep(LOOP_SAMPLE_SECS)
        lag = max(0.0, time.perf_counter() - began - LOOP_SAMPLE_SECS)
        detail = f"Event-loop lag is {1_000 * lag:.0f} ms."
        if lag >= LOOP_FAILING_SECS:
            return failing(detail)
        return warning(detail) if lag >= LOOP_WARNING_SECS else ok(detail)

    return Check(
        "event_loop",
        "Event-loop lag",
        see,
        "The CPU is overloaded. Check its load, and raise performance.worker_pool_size.",
        limit_secs=30.0,
        of_process=True,
        meaning="The process handles work without delay. Warns at an event-loop lag of"
        f" {LOOP_WARNING_SECS:g} s, fails at {LOOP_FAILING_SECS:g} s.",
    )


def workers(parent: int, expected: int) -> Check:
    """Check that all worker processes are running and that none ended unexpectedly."""
    known: set[int] = set()
    ended: dict[int, float] = {}
    were_all_there = False

    def look() -> set[int]:
        children = psutil.Process(parent).children()
        return {child.pid for child in children if child.status() != psutil.STATUS_ZOMBIE}

    async def see() -> Finding:
        nonlocal were_all_there
        try:
            now = {pid for pid in await asyncio.to_thread(look) if pid in known or _is_worker(pid)}
        except psutil.Error as error:
            return unknown(f"The worker processes can't be listed: {error}.")
        moment = time.monotonic()
        ended.update(dict.fromkeys(known - now, moment))
        known.clear()
        known.update(now)
        for pid in [pid for pid, at in ended.items() if moment - at > WORKER_REPORTED_SECS]:
            del ended[pid]
        detail = f"{len(now)} of {expected} worker processes are running"
        if ended:
            names = ", ".join(map(str, sorted(ended)))
            return failing(f"{detail}; ended unexpectedly: {names}.")
        were_all_there = were_all_there or len(now) >= expected
        if not were_all_there:
            return unknown(f"{detail}; the others are starting.")
        return failing(f"{detail}.") if len(now) < expected else ok(f"{detail}.")

    return Check(
        "workers",
        "Worker processes",
        see,
        "The engine replaces a lost worker; its requests in progress are lost. Check the log for"
        " `worker.died`, and the system log (`journalctl -k`) for an out-of-memory kill.",
        of_process=True,
        meaning="All worker processes are running; checked with more than one worker. Fails when a"
        f" worker is missing, or ended unexpectedly within the last {WORKER_REPORTED_SECS:g} s.",
    )


def errors(rate: ErrorRate, percent: float, minutes: int) -> Check:
    """Check that at most *percent* of the requests in the last *minutes* failed."""

    async def see() -> Finding:
        requests, failed = await rate(minutes)
        share = 100 * failed / requests if requests else 0.0
        detail = f"{failed} of {requests} requests failed in the last {minutes} min ({share:.1f}%)."
        return failing(detail) if requests >= MIN_REQUESTS and share > percent else ok(detail)

    return Check(
        "error_rate",
        "Error rate",
        see,
        "Check the errors in the log: `aiwebengine logs search --level error`.",
        needs_database=True,
        is_shared=True,
        meaning="Requests succeed. Fails when more than `alerts.error_rate_percent` of the requests"
        f" in the last `alerts.error_rate_minutes` failed, with at least {MIN_REQUESTS} requests.",
    )


def _is_worker(pid: int) -> bool:
    """Whether the process is a worker, not the resource tracker of multiprocessing."""
    try:
        return "spawn_main" in " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return False
