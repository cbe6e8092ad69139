"""The beat by which the others know that this worker lives, and how it is doing."""

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
from aiwebengine.telemetry.figures import SLOT_SECS, Figures, Pending

log = logging.getLogger(__name__)

BEAT_EVERY_SECS = 2.0
# Two beats may be lost; that a worker died shall be seen within ten seconds.
GONE_AFTER_SECS = 6.0
LAG_EVERY_SECS = 0.1
# A frozen database must not make the beats pile up.
BEAT_TIMEOUT_SECS = 5.0
# There are dozens of them, each a row: told with every fifth beat.
TIMINGS_EVERY_SECS = 10.0
# A stop waits for requests, not for a database that is gone.
GOODBYE_TIMEOUT_SECS = 2.0


class Heartbeat:
    """Tells the database every two seconds how this worker is doing, and what it did since.

    It has a connection of its own: a worker whose pool is exhausted lives all the same. Before
    *is_ready* there may be no tables to tell. *listeners* are told of each beat, whether or not
    the database hears of it.
    """

    def __init__(
        self,
        db: Database,
        observed: Database,
        instance: ThisInstance,
        place: int,
        figures: Figures,
        is_ready: Callable[[], bool],
    ) -> None:
        self._db = db
        self._observed = observed
        self._figures = figures
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
        """Beat until cancelled, then say goodbye."""
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
        """Tell the database what it does not know yet. Raises Unavailable; nothing is lost then."""
        beat = self._taken()
        for listener in self.listeners:
            listener(beat)
        if not self._is_ready():
            raise Unavailable("The engine is starting: it waits for the database.")
        untold = self._untold()
        try:
            async with asyncio.timeout(BEAT_TIMEOUT_SECS):
                await self._connect()
                asked = time.time()
                now = await store.tell(self._db, self.worker, beat, untold, GONE_AFTER_SECS)
        except BaseException as error:
            self._figures.give_back(untold)
            if isinstance(error, TimeoutError):
                raise Unavailable("The database does not answer.") from error
            raise
        # Half of the way there and back: good to a few milliseconds, and slots last seconds.
        self._figures.ahead_secs = now.timestamp() - (asked + time.time()) / 2
        await store.describe_database(self._db, SLOT_SECS)

    def _untold(self) -> Pending:
        are_timings_due = time.monotonic() - self._timings_at >= TIMINGS_EVERY_SECS
        if are_timings_due:
            self._timings_at = time.monotonic()
        return self._figures.take(with_timings=are_timings_due)

    def _taken(self) -> Beat:
        now, spent = time.monotonic(), self._spent()
        used, passed = spent - self._cpu_seconds, max(now - self._at, 0.001)
        lag, self._lag = self._lag, 0.0
        self._at, self._cpu_seconds = now, spent
        self._figures.used(used, lag)
        pool = self._observed.pool_stats()
        return Beat(
            requests=self._figures.requests,
            errors=self._figures.errors,
            memory_bytes=self._process.memory_info().rss,
            cpu_seconds=used,
            cpu_percent=100 * used / passed,
            loop_lag_secs=lag,
            pool_size=pool.size,
            pool_in_use=pool.in_use,
            pool_maximum=pool.maximum,
            pool_waiting=pool.waiting,
            subscriptions=self._figures.subscriptions,
        )

    def _spent(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    async def _watch_the_loop(self) -> None:
        """Sleep a little, again and again: what comes late on top is what requests wait, too."""
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
                beat = self._taken()
                await store.tell(self._db, self.worker, beat, self._figures.take(), GONE_AFTER_SECS)
                await store.remove_worker(self._db, self.worker.id)
            await self._db.disconnect()
