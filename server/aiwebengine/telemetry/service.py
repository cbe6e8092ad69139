"""Reads and thins out the metrics of the engine."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import cast

import psutil
import strawberry

from aiwebengine import __version__
from aiwebengine.audit.service import AuditTrail
from aiwebengine.core.caching import Cache
from aiwebengine.core.identity import Role, Viewer
from aiwebengine.core.scalars import BigInt
from aiwebengine.database import Database, Row
from aiwebengine.telemetry import histogram, script_store, store
from aiwebengine.telemetry.counters import SLOT_SECS
from aiwebengine.telemetry.heartbeat import GONE_AFTER_SECS
from aiwebengine.telemetry.histogram import milliseconds, percentile
from aiwebengine.telemetry.samples import Sample, merged
from aiwebengine.telemetry.types import (
    DatabaseStats,
    DiskStats,
    EngineWorker,
    Instance,
    ProcessStats,
    RequestStats,
    StatsPeriod,
    SystemSample,
    TimingStats,
)
from aiwebengine.users.service import Users
from aiwebengine.users.types import UserStats, UserTrendPoint

TREND_DAYS = 30
RECENT_SECS = 15 * 60
_HOUR_SECS, _DAY_SECS, _WEEK_SECS = 3_600, 86_400, 7 * 86_400
PERIODS = {
    StatsPeriod.HOUR: (_HOUR_SECS, SLOT_SECS),
    StatsPeriod.DAY: (_DAY_SECS, 300),
    StatsPeriod.WEEK: (_WEEK_SECS, 3_600),
}
"""Length of each period and of its samples, in seconds."""

# Slightly longer than the period that uses these samples, so that charts have no gap where samples
# were just merged.
THINNED_AFTER_SECS = ((SLOT_SECS, 300, _HOUR_SECS + 300), (300, 3_600, _DAY_SECS + 3_600))
SAMPLES_KEPT_SECS = 35 * _DAY_SECS
TIMINGS_KEPT_SECS = 8 * _DAY_SECS
LOST_WORKERS_KEPT_SECS = 600
# Shows for how long nobody has called a script.
NEWEST_OF_SCRIPTS_KEPT_SECS = 400 * _DAY_SECS


class Telemetry:
    """Metrics of the engine."""

    def __init__(
        self,
        db: Database,
        users: Users,
        audit: AuditTrail,
        cache: Cache,
        data_dir: Path,
    ) -> None:
        self._db = db
        self._users = users
        self._audit = audit
        self._cache = cache
        self._data_dir = data_dir
        self._process = psutil.Process()
        self._process.cpu_percent()

    async def users(self, viewer: Viewer) -> UserStats:
        """Numbers of users and their trend. Raises Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        today = datetime.now(UTC).date()
        first = today - timedelta(days=TREND_DAYS - 1)
        since = datetime(first.year, first.month, first.day, tzinfo=UTC)
        totals, created = await self._users.totals(viewer), await self._users.created_by_day(since)
        changes = await self._cache.get(
            ("audit.role_changes_by_day", since), lambda: self._audit.role_changes_by_day(since)
        )
        gained = {(day, role): number for day, role, number in changes}
        total = totals["total"]
        administrators, editors = totals["administrators"], totals["editors"]
        trend: list[UserTrendPoint] = []
        for back in range(TREND_DAYS):
            day = today - timedelta(days=back)
            trend.append(
                UserTrendPoint(day=day, total=total, administrators=administrators, editors=editors)
            )
            total = max(0, total - created.get(day, 0))
            administrators = max(0, administrators - gained.get((day, "Administrator"), 0))
            editors = max(0, editors - gained.get((day, "Editor"), 0))
        return UserStats(**totals, trend=trend[::-1])

    async def requests(self, viewer: Viewer) -> RequestStats:
        """Requests of all workers. Raises Forbidden, Unavailable."""
        viewer.must_be(Role.ADMINISTRATOR)
        up = [row for row in await store.workers(self._db, GONE_AFTER_SECS) if row["is_up"]]
        _, _, parts = await store.answered_since(self._db, RECENT_SECS)
        buckets = histogram.added(*parts)
        return RequestStats(
            count=cast(BigInt, sum(row["requests"] for row in up)),
            errors=cast(BigInt, sum(row["errors"] for row in up)),
            p50_ms=milliseconds(percentile(buckets, 0.50)),
            p95_ms=milliseconds(percentile(buckets, 0.95)),
            p99_ms=milliseconds(percentile(buckets, 0.99)),
        )

    async def error_rate(self, minutes: int) -> tuple[int, int]:
        """Requests and failed requests of all instances in the last *minutes*, up to now.

        For internal use; accurate to ten seconds at either end. Raises Unavailable.
        """
        requests, errors, _ = await store.answered_since(self._db, 60 * minutes)
        return requests, errors

    async def instances(self, viewer: Viewer) -> list[Instance]:
        """Running instances, and those lost recently. Raises Forbidden, Unavailable."""
        viewer.must_be(Role.ADMINISTRATOR)
        rows = await store.workers(self._db, GONE_AFTER_SECS)
        return [
            _instance(list(group)) for _, group in groupby(rows, lambda row: row["instance_id"])
        ]

    async def latest(self, viewer: Viewer) -> SystemSample | None:
        """The newest complete sample; None if it is old. Raises Forbidden, Unavailable."""
        viewer.must_be(Role.ADMINISTRATOR)
        found = await store.samples(self._db, 3 * SLOT_SECS)
        return _as_system_sample(found[-1]) if found else None

    async def history(self, viewer: Viewer, period: StatsPeriod) -> list[SystemSample]:
        """The samples of a period, oldest first. Raises Forbidden, Unavailable."""
        viewer.must_be(Role.ADMINISTRATOR)
        seconds, step_secs = PERIODS[period]
        found = await store.samples(self._db, seconds)
        return [_as_system_sample(sample) for sample in merged(found, step_secs)]

    async def slowest(
        self, viewer: Viewer, kind: str, period: StatsPeriod, first: int
    ) -> list[TimingStats]:
        """The slowest on average of a kind: `operation` or `statement`.

        Raises Forbidden, Unavailable.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        return [
            TimingStats(
                name=row["name"],
                count=row["count"],
                errors=row["errors"],
                average_ms=round(1_000 * row["seconds"] / row["count"], 3),
                p95_ms=milliseconds(percentile(row["buckets"], 0.95)),
                total_seconds=row["seconds"],
            )
            for row in await store.slowest(self._db, kind, PERIODS[period][0], first)
        ]

    async def thin_out(self) -> None:
        """Merge old samples, drop the oldest. Safe to call from any instance at any time."""
        async with self._db.transaction():
            if not await store.try_thinning_lock(self._db):
                return
            for step_secs, into_secs, after_secs in THINNED_AFTER_SECS:
                taken = await store.take_samples(self._db, step_secs, into_secs, after_secs)
                await store.add_samples(self._db, merged(taken, into_secs))
            await store.forget(
                self._db,
                samples_secs=SAMPLES_KEPT_SECS,
                timings_secs=TIMINGS_KEPT_SECS,
                workers_secs=LOST_WORKERS_KEPT_SECS,
            )
            await script_store.forget(
                self._db,
                timings_secs=TIMINGS_KEPT_SECS,
                newest_secs=NEWEST_OF_SCRIPTS_KEPT_SECS,
            )

    def process(self, viewer: Viewer) -> ProcessStats:
        """This process. Raises Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        with self._process.oneshot():
            started = datetime.fromtimestamp(self._process.create_time(), UTC)
            spent = self._process.cpu_times()
            return ProcessStats(
                version=__version__,
                python_version=platform.python_version(),
                pid=os.getpid(),
                started_at=started,
                uptime_seconds=(datetime.now(UTC) - started).total_seconds(),
                memory_bytes=cast(BigInt, self._process.memory_info().rss),
                cpu_seconds=spent.user + spent.system,
                cpu_percent=self._process.cpu_percent(),
            )

    async def database(self, viewer: Viewer) -> DatabaseStats:
        """The database. Raises Forbidden, Unavailable."""
        viewer.must_be(Role.ADMINISTRATOR)
        pool = self._db.pool_stats()
        return DatabaseStats(
            **await store.database_stats(self._db),
            pool_size=pool.size,
            pool_in_use=pool.in_use,
            pool_maximum=pool.maximum,
        )

    def disk(self, viewer: Viewer) -> DiskStats:
        """The disk that holds the data directory. Raises Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        # The directory does not exist when the database is a server elsewhere.
        there = next(path for path in (self._data_dir, *self._data_dir.parents) if path.exists())
        usage = shutil.disk_usage(there)
        return DiskStats(
            path=str(self._data_dir),
            total_bytes=cast(BigInt, usage.total),
            free_bytes=cast(BigInt, usage.free),
        )


def _instance(rows: Sequence[Row]) -> Instance:
    first = rows[0]
    return Instance(
        id=strawberry.ID(str(first["instance_id"])),
        host=first["host"],
        version=first["version"],
        is_up=any(row["is_up"] for row in rows),
        started_at=first["instance_started_at"],
        last_seen_at=max(row["last_seen_at"] for row in rows),
        workers_configured=first["instance_workers"],
        workers_up=sum(row["is_up"] for row in rows),
        workers=[
            EngineWorker(
                pid=row["pid"],
                is_up=row["is_up"],
                started_at=row["started_at"],
                last_seen_at=row["last_seen_at"],
                requests=row["requests"],
                errors=row["errors"],
                memory_bytes=row["memory_bytes"],
                cpu_percent=round(row["cpu_percent"], 1),
                loop_lag_ms=round(1_000 * row["loop_lag_secs"], 3),
                pool_in_use=row["pool_in_use"],
                pool_maximum=row["pool_maximum"],
                subscriptions=row["subscriptions"],
            )
            for row in rows
        ],
    )


def _as_system_sample(sample: Sample) -> SystemSample:
    return SystemSample(
        at=sample.at,
        seconds=sample.seconds,
        requests=cast(BigInt, sample.requests),
        errors=cast(BigInt, sample.errors),
        requests_per_second=round(sample.requests / sample.seconds, 3),
        errors_per_second=round(sample.errors / sample.seconds, 3),
        p50_ms=milliseconds(percentile(sample.buckets, 0.50)),
        p95_ms=milliseconds(percentile(sample.buckets, 0.95)),
        p99_ms=milliseconds(percentile(sample.buckets, 0.99)),
        cpu_percent=round(100 * sample.cpu_seconds / sample.seconds, 1),
        loop_lag_ms=round(1_000 * sample.loop_lag_secs, 3),
        workers=sample.workers,
        memory_bytes=cast(BigInt | None, sample.memory_bytes),
        pool_in_use=sample.pool_in_use,
        subscriptions=sample.subscriptions,
        connections=sample.connections,
        database_bytes=cast(BigInt | None, sample.database_bytes),
    )
