"""Monitors health and triggers alerts, in one process per instance."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from pathlib import Path

from aiwebengine.alerts.outage import Outage
from aiwebengine.alerts.outage_log import OutageLog
from aiwebengine.alerts.service import ENOUGH_TIMES, Alerts
from aiwebengine.core.config import Alerts as AlertSettings
from aiwebengine.health.service import Health
from aiwebengine.health.state import DATABASE
from aiwebengine.health.types import HealthState

# A database that this process has not reached yet may be starting or migrating.
STARTING_SECS = 10.0


class LeaderLock:
    """Leader lock of an instance, based on flock; released when its process dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def is_mine(self) -> bool:
        """Acquire the lock if it is free; whether this process holds it now."""
        if self._file is not None:
            return True
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            file = os.open(self._path, flags, 0o600)
        except OSError:
            # No lock file can be created: a duplicate alert is better than none.
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        if not self._is_there(file):
            # The previous holder has just removed the file; another file may be in its place.
            os.close(file)
            return False
        self._file = file
        return True

    def give_up(self) -> None:
        """Release the lock and remove its file."""
        if self._file is not None:
            if self._is_there(self._file):
                self._path.unlink(missing_ok=True)
            os.close(self._file)
            self._file = None

    def _is_there(self, file: int) -> bool:
        try:
            return os.path.samestat(os.fstat(file), self._path.lstat())
        except OSError:
            return False


class AlertMonitor:
    """Background work of each process for health and alerts."""

    def __init__(
        self, health: Health, alerts: Alerts, settings: AlertSettings, instance: str, data_dir: Path
    ) -> None:
        self._health = health
        self._alerts = alerts
        folder = data_dir if data_dir.is_dir() else Path(tempfile.gettempdir())
        name = f"aiwebengine-{os.getuid()}-{instance.rpartition(':')[2]}"
        self._lock = LeaderLock(folder / f"{name}.watch")
        self._outage = Outage(folder / f"{name}.outage", alerts, settings, instance)
        self._outage_log = OutageLog()
        self._is_leader = False
        self._began = time.monotonic()
        self._was_ok = False

    async def look(self) -> None:
        """Run the checks once; the leader opens and closes alerts. Raises Unavailable."""
        checks = await self._health.look()
        if not self._lead():
            return
        database = next(one for one in checks if one.name == DATABASE)
        if database.state is HealthState.OK:
            self._outage_log.is_over()
            self._was_ok = True
            await self._outage.is_over(database)
            await self._alerts.observe(checks)
            await self._alerts.report_events()
        elif database.times >= ENOUGH_TIMES:
            self._outage_log.lasts(database)
            # A database that is starting as well raises no alert.
            if not self._was_ok and time.monotonic() - self._began <= STARTING_SECS:
                return
            self._outage.lasts(database, [one for one in checks if one is not database])

    async def deliver(self) -> None:
        """Send pending notifications. Raises Unavailable."""
        if self._is_leader:
            await self._alerts.deliver()

    async def tidy(self) -> None:
        """Remove old states and alerts. Raises Unavailable."""
        if self._is_leader:
            await self._health.tidy()
            await self._alerts.tidy()

    def stop(self) -> None:
        """Hand over to another process."""
        self._outage.stop()
        self._health.stop()
        self._lock.give_up()
        self._is_leader = False

    def _lead(self) -> bool:
        had_it, self._is_leader = self._is_leader, self._lock.is_mine()
        if self._is_leader and not had_it:
            self._outage.resume()
        return self._is_leader
