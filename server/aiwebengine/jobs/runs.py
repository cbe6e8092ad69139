"""The one engine of runs: how a run begins, shows that it is alive, reports and ends."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from aiwebengine.core.background import end
from aiwebengine.core.errors import Unavailable
from aiwebengine.database import Database
from aiwebengine.jobs import removal_store, store
from aiwebengine.jobs.types import LOCKS, Note, Only, Progress, Run, RunEnded, RunState

log = logging.getLogger(__name__)

Result = TypeVar("Result")

BEAT_EVERY_SECS = 0.5
MAX_LINE = 500


class RunHandle:
    """A run of this process. *also* gets each line of its log.

    *within*: the run of a task that this one is the work of; both are one record.
    """

    def __init__(
        self, number: int, also: Note | None = None, within: RunHandle | None = None
    ) -> None:
        self.number = number
        self.within = within
        self.progress = Progress()
        self.has_ended = False
        """Whether lines come too late."""
        self.seen_at = time.monotonic()
        """When its sign of life was stored last."""
        self.is_locked = False
        """Whether its lock is held now."""
        self._also = also
        self._new_lines: list[str] = []
        self._stop = asyncio.Event()
        # Records of one run are written one after the other, so the newest is the last.
        self.writing: asyncio.Lock = asyncio.Lock() if within is None else within.writing

    def report(self, progress: Progress) -> None:
        """Let the heartbeat store this progress from now on."""
        self.progress = progress
        if self.within is not None:
            self.within.progress = progress

    def note(self, line: str) -> None:
        """Add a line to the log; callable from any thread. Raises RunEnded."""
        if self.has_ended:
            raise RunEnded
        # PostgreSQL can't store a NUL, which must not fail a run.
        kept = " ".join(line.replace("\0", "").split())[:MAX_LINE]
        self._new_lines = [*self._new_lines[-store.MAX_LINES :], kept]
        if self._also is not None:
            self._also(kept)

    def take_lines(self) -> list[str]:
        """The lines that are not stored yet; they count as stored now."""
        lines, self._new_lines = self._new_lines, []
        return lines

    def return_lines(self, lines: list[str]) -> None:
        """Keep lines that could not be stored for the next heartbeat."""
        self._new_lines = [*lines, *self._new_lines][-store.MAX_LINES :]

    def stop(self) -> None:
        """Report that the run should end."""
        self._stop.set()

    async def is_over_before_stop(self, work: asyncio.Future[Any]) -> bool:
        """Wait for the end of the work; False when the run should end before it."""
        stopped = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait([work, stopped], return_when=asyncio.FIRST_COMPLETED)
        finally:
            await end(stopped)
        return work.done()

    def is_locked_now(self, is_locked: bool) -> None:
        """Note whether its lock is held."""
        self.is_locked = is_locked

    async def wait_for_stop(self) -> None:
        """Wait until the run should end."""
        await self._stop.wait()


# The run of a task that this code works for, and the database that has its record.
_current: ContextVar[tuple[RunHandle, Database] | None] = ContextVar("current_run", default=None)


class Runs:
    """Begins runs in one database, keeps their records up to date and ends them."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.instance = f"{platform.node()}:{os.getpid()}"

    async def begin(
        self,
        kind: str,
        by: str,
        *,
        subject: str | None = None,
        facts: dict[str, Any] | None = None,
        lock: Callable[[int], Coroutine[Any, Any, None]] | None = None,
    ) -> RunHandle:
        """Begin a run of this kind. Inside the run of a task it becomes part of that run.

        *lock* takes the lock of the run, by its number, on a connection of the caller's; without
        it `alive` does. Raises Unavailable.
        """
        current = _current.get()
        if current is not None and current[1] is self._db:
            task = current[0]
            if await store.become(self._db, task.number, kind, by, subject, facts):
                return RunHandle(task.number, within=task)
        number = None
        if lock is not None:
            number = await store.next_number(self._db)
            await lock(store.lock_of(number))
        return RunHandle(
            await store.begin(
                self._db, kind, by, self.instance, subject=subject, facts=facts, number=number
            )
        )

    def start(self, run: RunHandle, work: Callable[[], Awaitable[Result]]) -> asyncio.Task[Result]:
        """Start the work of a task's run. A run that it begins is part of this one."""

        async def part() -> Result:
            _current.set((run, self._db))
            return await work()

        return asyncio.create_task(part())

    @asynccontextmanager
    async def alive(self, run: RunHandle, *, has_lock: bool = False) -> AsyncIterator[None]:
        """Hold the run's lock and store its progress meanwhile; `has_lock`: the caller holds it."""
        if run.within is not None:
            yield
            return
        keeping = [asyncio.create_task(self._beat_until_ended(run))]
        if not has_lock:
            lock = store.lock_of(run.number)
            keeping.append(asyncio.create_task(self._db.hold(LOCKS, lock, run.is_locked_now)))
        try:
            yield
        finally:
            await end(*keeping)

    async def end_task(self, run: RunHandle, state: RunState, result: str) -> None:
        """Record the last lines and the result of a task's run. Raises Unavailable."""
        async with run.writing:
            await store.beat(self._db, run.number, run.take_lines(), run.progress)
            await store.end(self._db, run.number, state, result)

    async def end_work(
        self, run: RunHandle, problem: str | None, facts: dict[str, Any] | None = None
    ) -> None:
        """Record the result of a run's work; with a *problem* it has failed. Raises Unavailable.

        The run ends as well, unless it is that of a task.
        """
        outcome = RunState.SUCCEEDED if problem is None else RunState.FAILED
        async with run.writing:
            if facts is not None:
                run.progress.facts = facts
            if problem is None:
                run.progress.done = 1.0
            await store.end_work(self._db, run.number, outcome, problem, facts)

    async def note_facts(self, run: RunHandle, facts: dict[str, Any]) -> None:
        """Record what the work of a run found; the run continues. Raises Unavailable."""
        await store.note_facts(self._db, run.number, facts)

    async def lock_beginnings(self) -> None:
        """Let other processes wait here until this transaction has ended."""
        await store.lock_beginnings(self._db)

    async def keep_newest(self, kind: str, kept: int) -> None:
        """Forget all but the newest runs of a kind; those of tasks have a rule of their own."""
        await removal_store.keep_newest(self._db, kind, kept)

    async def interrupt_silent(self) -> list[str]:
        """Mark the runs whose process is gone as interrupted; the names of their tasks or kinds."""
        return await store.interrupt_silent(self._db)

    async def is_ready(self) -> bool:
        """Whether runs can be recorded: a new, an old or a broken database lacks the table."""
        return await store.is_ready(self._db)

    async def page(self, only: Only, after: int | None, limit: int) -> list[Run]:
        """At most *limit* runs, newest first, that are older than the number *after*."""
        return await store.page(self._db, only, after, limit)

    async def count(self, only: Only) -> int:
        """The number of runs."""
        return await store.count(self._db, only)

    async def newest_of_subjects(self, subjects: Sequence[str], kinds: Sequence[str]) -> list[Run]:
        """Of each subject and kind the newest run whose work has ended."""
        return await store.newest_of_subjects(self._db, subjects, kinds)

    async def find(self, number: int) -> Run | None:
        """The record of the run of this number, or None."""
        return await store.find(self._db, number)

    async def _beat_until_ended(self, run: RunHandle) -> None:
        while not run.has_ended:
            await asyncio.sleep(BEAT_EVERY_SECS)
            async with run.writing:
                if not run.has_ended and not await self._beat(run):
                    run.stop()
                    return

    async def _beat(self, run: RunHandle) -> bool:
        """Store a sign of life; whether the run should continue."""
        lines, asked_at = run.take_lines(), time.monotonic()
        try:
            is_alive = await store.beat(self._db, run.number, lines, run.progress)
            run.seen_at = asked_at
            return is_alive
        except Unavailable:
            run.return_lines(lines)
        except Exception:
            # One failure must not end the heartbeat: the run would count as dead.
            log.exception("schedules.bug")
        return True
