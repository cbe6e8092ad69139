"""Heartbeat of a worker: writes its metrics to the database, and so shows that it is alive."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

import psutil

from aiwebengine import __version__
from aiwebengine.core.errors import Unavailable
from aiwebengine.database import Database
from aiwebengine.telemetry import store
from aiwebengine.telemetry.beats import Beat, ThisInstance, ThisWorker
from aiwebengine.telemetry.counters import SLOT_SECS, Counters, Pending

log = logging.getLogger(__name__)

BEAT_EVERY_SECS = 2.0
# Tolerates two missed beats; a dead worker must be detected within ten seconds.
GONE_AFTER_SECS = 6.0
LAG_EVERY_SECS = 0.1
# Limits a beat, so that beats do not pile up while the database is frozen.
BEAT_TIMEOUT_SECS = 5.0
# Timings are dozens of rows, so they are written with every fifth beat.
TIMINGS_EVERY_SECS = 10.0
# Stopping waits for requests, not for an unreachable database.
GOODBYE_TIMEOUT_SECS = 2.0


class Heartbeat:
    """Writes the metrics of this worker to the database every two seconds.

    Uses its own connection, because a worker with an exhausted pool is still alive. Before
    *is_ready* the tables may not exist. *listeners* are called on each beat, whether or not it
    reaches the database.
    """

    def __init__(
        self,
        db: Database,
        observed: Database,
        instance: ThisInstance,
        place: int,
        counters: Counters,
        is_ready: Callable[[], bool],
    ) -> None:
        self._db = db
        self._observed = observed
        self._counters = counters
        self._is_ready = is_ready
        self._process = psutil.Process()
        self._cpu_seconds = self._spent()
        self._at = time.monotonic()
        self._timings_at = self._at
        self._lag = 0.0
        self._is_connected = False
        self.listeners: list[Callable[[Beat], None]] = []
        self.worker = ThisWorker(
            id=uuid4(),
            instance_id=instance.id,
            instance_started_at=instance.started_at,
            instance_workers=instance.workers,
            place=place,
            host=platform.node()[:200],
            pid=os.getpid(),
            version=__version__,
            started_at=datetime.fromtimestamp(self._process.create_time(), UTC),
        )

    async def run(self) -> None:
        """Beat until cancelled, then unregister the worker."""
        watch = asyncio.create_task(self._watch_the_loop())
        try:
            while True:
                began = time.monotonic()
                try:
                    await self.beat()
                except Unavailable:
                    log.debug("heart.postponed")
                except Exception:
                    log.exception("heart.bug")
                await asyncio.sleep(max(0.1, BEAT_EVERY_SECS - (time.monotonic() - began)))
        finally:
            watch.cancel()
            with suppress(Exception):
                async with asyncio.timeout(GOODBYE_TIMEOUT_SECS):
                    await self._leave()

    async def beat(self) -> None:
        """Write the pending metrics. Raises Unavailable; the counts are then kept for the next."""
        beat = self._measure()
        for listener in self.listeners:
            listener(beat)
        if not self._is_ready():
            raise Unavailable("The engine is starting and waits for the database.")
        pending = self._pending()
        try:
            async with asyncio.timeout(BEAT_TIMEOUT_SECS):
                await self._connect()
                asked = time.time()
                now = await store.record(self._db, self.worker, beat, pending, GONE_AFTER_SECS)
        except BaseException as error:
            self._counters.give_back(pending)
            if isinstance(error, TimeoutError):
                raise Unavailable("The database does not answer.") from error
            raise
        # Half the round trip: accurate to a few milliseconds, and slots last seconds.
        self._counters.ahead_secs = now.timestamp() - (asked + time.time()) / 2
        await store.describe_database(self._db, SLOT_SECS)

    def _pending(self) -> Pending:
        are_timings_due = time.monotonic() - self._timings_at >= TIMINGS_EVERY_SECS
        if are_timings_due:
            self._timings_at = time.monotonic()
        return self._counters.take(with_timings=are_timings_due)

    def _measure(self) -> Beat:
        now, spent = time.monotonic(), self._spent()
        used, passed = spent - self._cpu_seconds, max(now - self._at, 0.001)
        lag, self._lag = self._lag, 0.0
        self._at, self._cpu_seconds = now, spent
        self._counters.used(used, lag)
        pool = self._observed.pool_stats()
        return Beat(
            requests=self._counters.requests,
            errors=self._counters.errors,
            memory_bytes=self._process.memory_info().rss,
            cpu_seconds=used,
            cpu_percent=100 * used / passed,
            loop_lag_secs=lag,
            pool_size=pool.size,
            pool_in_use=pool.in_use,
            pool_maximum=pool.maximum,
            pool_waiting=pool.waiting,
            subscriptions=self._counters.subscriptions,
        )

    def _spent(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    async def _watch_the_loop(self) -> None:
        """Measure event-loop lag: how late short sleeps end, which delays requests as well."""
        while True:
            began = time.perf_counter()
            await asyncio.sleep(LAG_EVERY_SECS)
            self._lag = max(self._lag, time.perf_counter() - began - LAG_EVERY_SECS)

    async def _connect(self) -> None:
        if not self._is_connected:
            await self._db.connect()
            self._is_connected = True

    async def _leave(self) -> None:
        if self._is_connected:
            with suppress(Unavailable):
                beat = self._measure()
                pending = self._counters.take()
                await store.record(self._db, self.worker, beat, pending, GONE_AFTER_SECS)
                await store.remove_worker(self._db, self.worker.id)
            await self._db.disconnect()
