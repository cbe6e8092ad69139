"""Everything that an instance looks at, beside the database itself."""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime

import psutil

from aiwebengine.core.config import Config
from aiwebengine.core.formats import duration
from aiwebengine.database import Database
from aiwebengine.health import network, store
from aiwebengine.health.backups import BackupsSeen, DueTime, backup
from aiwebengine.health.directories import Directories, Thresholds
from aiwebengine.health.types import Check, Finding, failing, ok, unknown, warning
from aiwebengine.migrations.service import due

ErrorRate = Callable[[int], Awaitable[tuple[int, int]]]
"""Requests, and those among them that failed, of the last so many minutes, over all instances."""

MIGRATIONS_EVERY_SECS = 30.0
# A statement that costs nothing; a clock that was set is seen within ten seconds.
CLOCK_EVERY_SECS = 4.0
ROLE_EVERY_SECS = 300.0
CLOCK_WARNING_SECS = 2.0
CLOCK_FAILING_SECS = 30.0
LOOP_SAMPLE_SECS = 0.05
LOOP_WARNING_SECS = 0.5
LOOP_FAILING_SECS = 2.0
# How long a worker's end is told of, though it was replaced.
WORKER_TOLD_SECS = 30.0
# A rate of a handful of requests says nothing.
FEWEST_REQUESTS = 20


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
    """The checks that this configuration asks for. *providers*: name, label, address to ask."""
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
    space = "Free space there: remove what is not needed, or make the file system larger."
    checks = []
    if not config.repository.database_url.get_secret_value():
        data = config.repository.data_dir
        checks.append(directories.space("disk.data", "Disk of the data directory", data, space))
    if config.logging.file is not None:
        logs = config.logging.file.parent
        checks += [
            directories.space("disk.logs", "Disk of the logs", logs, space),
            directories.writable(
                "writable.logs",
                "Log directory",
                logs,
                f"No log is written. Free space, or let the engine's user write to {logs}"
                " (logging.file).",
            ),
        ]
    backups = config.backup.directory
    return [
        *checks,
        directories.space("disk.backups", "Disk of the backups", backups, space),
        directories.writable(
            "writable.backups",
            "Backup directory",
            backups,
            f"No backup can be made. Free space, or let the engine's user write to {backups}"
            " (backup.directory).",
        ),
    ]


def migrations(db: Database) -> Check:
    """Whether the tables are those that this version needs."""

    async def see() -> Finding:
        pending = await due(db)
        if pending:
            return failing(f"{len(pending)} pending: {', '.join(pending)}.")
        return ok("All are applied.")

    return Check(
        "migrations",
        "Migrations",
        see,
        "Take a backup, then run `aiwebengine migrate up`.",
        every_secs=MIGRATIONS_EVERY_SECS,
        needs_database=True,
        is_shared=True,
        meaning="Whether the tables are those that this version needs. Fails when any migration"
        " is pending.",
    )


def role(db: Database) -> Check:
    """Whether the engine's role in PostgreSQL may do more than it needs."""

    async def see() -> Finding:
        if await store.is_superuser(db):
            return warning("The engine's role is a superuser of the database server.")
        return ok("The engine's role is not a superuser.")

    return Check(
        "database_role",
        "Database role",
        see,
        "Give the engine a role of its own with CREATEDB that owns its database:"
        " see docs/production.md.",
        every_secs=ROLE_EVERY_SECS,
        needs_database=True,
        is_shared=True,
        meaning="Whether the engine's role in PostgreSQL is a superuser, which it need not be."
        " Warns when it is.",
    )


def clock(db: Database) -> Check:
    """Whether this machine and the database agree what time it is."""

    async def see() -> Finding:
        before = datetime.now(UTC)
        theirs = await store.clock(db)
        # The database answered at some time in between, on average in the middle.
        middle = before + (datetime.now(UTC) - before) / 2
        apart = (middle - theirs).total_seconds()
        told = f"This machine and the database are {duration(abs(apart))} apart."
        if abs(apart) >= CLOCK_FAILING_SECS:
            return failing(told)
        return warning(told) if abs(apart) >= CLOCK_WARNING_SECS else ok(told)

    return Check(
        "clock",
        "Clock",
        see,
        "Sessions, tokens and grants end too early or too late. Switch on time synchronisation"
        " (`timedatectl set-ntp true`) on both machines.",
        every_secs=CLOCK_EVERY_SECS,
        needs_database=True,
        meaning="Whether this machine and the database agree what time it is. Warns when they are"
        f" {CLOCK_WARNING_SECS:g} s apart, fails at {CLOCK_FAILING_SECS:g} s.",
    )


def event_loop() -> Check:
    """Whether this process comes round to what it has to do."""

    async def see() -> Finding:
        began = time.perf_counter()
        await asyncio.sleep(LOOP_SAMPLE_SECS)
        late = max(0.0, time.perf_counter() - began - LOOP_SAMPLE_SECS)
        told = f"Work waits {1_000 * late:.0f} ms for its turn."
        if late >= LOOP_FAILING_SECS:
            return failing(told)
        return warning(told) if late >= LOOP_WARNING_SECS else ok(told)

    return Check(
        "event_loop",
        "Event loop",
        see,
        "The processor is too busy: look at its load, and raise performance.worker_pool_size.",
        limit_secs=30.0,
        of_process=True,
        meaning="Whether the process comes round to what it has to do. Warns when work waits"
        f" {LOOP_WARNING_SECS:g} s for its turn, fails at {LOOP_FAILING_SECS:g} s.",
    )


def workers(parent: int, expected: int) -> Check:
    """Whether all worker processes are there, and whether one of them ended a moment ago."""
    known: set[int] = set()
    ended: dict[int, float] = {}
    were_all_there = False

    def look() -> set[int]:
        children = psutil.Process(parent).children()
        return {child.pid for child in children if child.status() != psutil.STATUS_ZOMBIE}

    async def see() -> Finding:
        nonlocal were_all_there
        try:
            now = {pid for pid in await asyncio.to_thread(look) if pid in known or _works(pid)}
        except psutil.Error as error:
            return unknown(f"The worker processes can't be seen: {error}.")
        moment = time.monotonic()
        ended.update(dict.fromkeys(known - now, moment))
        known.clear()
        known.update(now)
        for pid in [pid for pid, at in ended.items() if moment - at > WORKER_TOLD_SECS]:
            del ended[pid]
        told = f"{len(now)} of {expected} worker processes run"
        if ended:
            names = ", ".join(map(str, sorted(ended)))
            return failing(f"{told}; ended unexpectedly a moment ago: {names}.")
        were_all_there = were_all_there or len(now) >= expected
        if not were_all_there:
            return unknown(f"{told}; the others are starting.")
        return failing(f"{told}.") if len(now) < expected else ok(f"{told}.")

    return Check(
        "workers",
        "Worker processes",
        see,
        "It was replaced, what it was doing was lost. Look in the log for `worker.died`, and in"
        " the system's (`journalctl -k`) whether memory ran out.",
        of_process=True,
        meaning="Whether all worker processes are there; looked at when there are several. Fails"
        f" when one is missing, or ended within the last {WORKER_TOLD_SECS:g} s.",
    )


def errors(rate: ErrorRate, percent: float, minutes: int) -> Check:
    """Whether more than *percent* of the requests of the last *minutes* failed."""

    async def see() -> Finding:
        requests, failed = await rate(minutes)
        share = 100 * failed / requests if requests else 0.0
        told = f"{failed} of {requests} requests of the last {minutes} min failed ({share:.1f}%)."
        return failing(told) if requests >= FEWEST_REQUESTS and share > percent else ok(told)

    return Check(
        "error_rate",
        "Failed requests",
        see,
        "Look for the errors in the log: `aiwebengine logs search --level error`.",
        needs_database=True,
        is_shared=True,
        meaning="Whether requests are answered. Fails when more than `alerts.error_rate_percent` of"
        f" the last `alerts.error_rate_minutes` failed, of {FEWEST_REQUESTS} requests at least.",
    )


def _works(pid: int) -> bool:
    """Whether the process is a worker, and not the helper that counts shared resources."""
    try:
        return "spawn_main" in " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return False
