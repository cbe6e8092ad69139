"""Looks at the engine's health all the time, and has people told: in one process an instance."""

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

# A database that this process has not found yet may be starting, or be brought up to date.
STARTING_SECS = 10.0


class LeaderLock:
    """A lock that one process of an instance holds, and that falls to another when it dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def is_mine(self) -> bool:
        """Take the turn if nobody has it; whether this process has it now."""
        if self._file is not None:
            return True
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            file = os.open(self._path, flags, 0o600)
        except OSError:
            # No place for a lock: told twice is better than not at all.
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(file)
            return False
        if not self._is_there(file):
            # Who had it has just removed the file; another one may lie in its place.
            os.close(file)
            return False
        self._file = file
        return True

    def give_up(self) -> None:
        """Leave the turn to another process; no file stays behind."""
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
    """What goes on in each process beside the requests, for health and alerts."""

    def __init__(
        self, health: Health, alerts: Alerts, settings: AlertSettings, instance: str, data_dir: Path
    ) -> None:
        self._health = health
        self._alerts = alerts
        folder = data_dir if data_dir.is_dir() else Path(tempfile.gettempdir())
        name = f"aiwebengine-{os.getuid()}-{instance.rpartition(':')[2]}"
        self._turn = LeaderLock(folder / f"{name}.watch")
        self._outage = Outage(folder / f"{name}.outage", alerts, settings, instance)
        self._outage_log = OutageLog()
        self._has_turn = False
        self._began = time.monotonic()
        self._was_well = False

    async def look(self) -> None:
        """Look once; the process whose turn it is tells what is to be told. Raises Unavailable."""
        checks = await self._health.look()
        if not self._is_my_turn():
            return
        database = next(one for one in checks if one.name == DATABASE)
        if database.state is HealthState.OK:
            self._outage_log.is_over()
            self._was_well = True
            await self._outage.is_over(database)
            await self._alerts.observe(checks)
            await self._alerts.tell_of_new_administrators()
        elif database.times >= ENOUGH_TIMES:
            self._outage_log.lasts(database)
            # Nobody is called for a database that is starting, too.
            if not self._was_well and time.monotonic() - self._began <= STARTING_SECS:
                return
            self._outage.lasts(database, [one for one in checks if one is not database])

    async def deliver(self) -> None:
        """Send what waits. Raises Unavailable."""
        if self._has_turn:
            await self._alerts.deliver()

    async def tidy(self) -> None:
        """Forget what is over. Raises Unavailable."""
        if self._has_turn:
            await self._health.tidy()
            await self._alerts.tidy()

    def stop(self) -> None:
        """Leave all this to another process."""
        self._outage.stop()
        self._health.stop()
        self._turn.give_up()
        self._has_turn = False

    def _is_my_turn(self) -> bool:
        had_it, self._has_turn = self._has_turn, self._turn.is_mine()
        if self._has_turn and not had_it:
            self._outage.resume()
        return self._has_turn
