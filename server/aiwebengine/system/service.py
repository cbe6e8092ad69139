"""The verbs of this room."""

from __future__ import annotations

import os
import platform
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import psutil

from aiwebengine import __version__
from aiwebengine.audit.service import AuditTrail
from aiwebengine.database import Database
from aiwebengine.system import store
from aiwebengine.system.requests import RequestFigures
from aiwebengine.system.types import (
    BigInt,
    DatabaseStats,
    DiskStats,
    ProcessStats,
    RequestStats,
)
from aiwebengine.users.service import Users
from aiwebengine.users.types import Role, UserStats, UserTrendPoint
from aiwebengine.viewer import Viewer

TREND_DAYS = 30


class System:
    """How the engine is doing."""

    def __init__(
        self,
        db: Database,
        users: Users,
        audit: AuditTrail,
        figures: RequestFigures,
        data_dir: Path,
    ) -> None:
        self._db = db
        self._users = users
        self._audit = audit
        self._figures = figures
        self._data_dir = data_dir
        self._process = psutil.Process()
        self._process.cpu_percent()

    async def users(self, viewer: Viewer) -> UserStats:
        """How many users there are, and how that changed. Raises Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        today = datetime.now(UTC).date()
        first = today - timedelta(days=TREND_DAYS - 1)
        since = datetime(first.year, first.month, first.day, tzinfo=UTC)
        totals, created = await self._users.totals(viewer), await self._users.created_by_day(since)
        changes = await self._audit.role_changes_by_day(since)
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

    def requests(self, viewer: Viewer) -> RequestStats:
        """What this process answered. Raises Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        return self._figures.stats()

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
            **await store.figures(self._db),
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
