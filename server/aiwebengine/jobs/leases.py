"""The lease of a process: the run by which it marks rows as its own while it works on them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiwebengine.core.background import end
from aiwebengine.core.errors import Unavailable
from aiwebengine.jobs.runs import RunHandle, Runs
from aiwebengine.jobs.store import GONE_SECS, SILENT_SECS

log = logging.getLogger(__name__)

KIND = "lease"
BY = "engine"
KEPT = 100
"""Records of leases that are kept."""
IDLE_SECS = 30.0
"""A lease ends after so long without work; the next work begins another one."""
LOOK_EVERY_SECS = 0.5
# Another process may take over what this one has claimed after GONE_SECS, or after SILENT_SECS
# while the lock is held. This process gives up before that, so that nothing runs twice at a time.
GIVE_UP_SECS = GONE_SECS - 1.0
GIVE_UP_LOCKED_SECS = SILENT_SECS - 10.0


class Lease:
    """A run of this process whose number marks what the process has claimed.

    A claim holds for as long as the run is `running`. Its heartbeat and its advisory lock show
    that the process is alive; when both are missing, another process marks the run as interrupted,
    and what it had claimed is free.
    """

    def __init__(self, runs: Runs) -> None:
        self.on_lost: list[Callable[[], None]] = []
        """Called when the claims of this process no longer hold: its work must end."""
        self._runs = runs
        self._run: RunHandle | None = None
        self._alive: asyncio.Task[None] | None = None
        self._users = 0
        self._idle_since = 0.0
        self._beginning = asyncio.Lock()

    @property
    def number(self) -> int:
        """The number of the run; 0, which marks nothing, while there is none."""
        return 0 if self._run is None else self._run.number

    @asynccontextmanager
    async def used(self) -> AsyncIterator[int]:
        """Keep the lease during the `with` block; the number of its run. Raises Unavailable."""
        self._users += 1
        try:
            yield (await self._begun()).number
        finally:
            self._users -= 1
            self._idle_since = time.monotonic()

    async def free_dead(self) -> None:
        """Mark the leases of processes that are gone as interrupted. Raises Unavailable."""
        await self._runs.interrupt_silent()

    async def stop(self) -> None:
        """End the lease; nothing may use it any more."""
        if self._alive is not None:
            await end(self._alive)

    async def _begun(self) -> RunHandle:
        async with self._beginning:
            if self._run is None:
                await self._runs.keep_newest(KIND, KEPT)
                self._run = await self._runs.begin(KIND, BY)
                self._alive = asyncio.create_task(self._live(self._run))
            return self._run

    async def _live(self, run: RunHandle) -> None:
        """Show that this process is alive until the lease is idle, lost or stopped."""
        stopped = asyncio.create_task(run.wait_for_stop())
        is_lost = False
        try:
            async with self._runs.alive(run):
                while not (is_lost := stopped.done() or _must_give_up(run)):
                    if self._users == 0 and time.monotonic() - self._idle_since > IDLE_SECS:
                        break
                    await asyncio.wait([stopped], timeout=LOOK_EVERY_SECS)
        finally:
            run.has_ended = True
            self._run = None
            if is_lost:
                log.warning("lease.lost", extra={"run": run.number})
                for function in self.on_lost:
                    function()
            await end(stopped)
            await asyncio.shield(self._end(run))

    async def _end(self, run: RunHandle) -> None:
        try:
            await self._runs.end_work(run, None)
        except Unavailable:
            # Another process finds it silent and marks it as interrupted.
            log.debug("lease.end_not_noted")


def _must_give_up(run: RunHandle) -> bool:
    longest = GIVE_UP_LOCKED_SECS if run.is_locked else GIVE_UP_SECS
    return time.monotonic() - run.seen_at > longest
