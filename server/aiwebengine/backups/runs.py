"""Runs of backups: one at a time among all instances, recorded by the engine of runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, ExitStack, suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

import psycopg

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.backups import cluster_store, store
from aiwebengine.backups.storage import failures_told
from aiwebengine.backups.types import BackupRun, BackupRunKind, Note, Progress, Stopped
from aiwebengine.core.background import end
from aiwebengine.core.errors import Conflict, EngineError, Unavailable
from aiwebengine.core.identity import Viewer
from aiwebengine.database import Database
from aiwebengine.jobs import runs as jobs

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class AnotherRuns(Conflict):
    """Backups are made, restored, checked and removed one at a time."""


class RunHandle:
    """A run of this process. Its connection holds its locks: its own and the one of all backups."""

    def __init__(self, viewer: Viewer, kind: BackupRunKind, name: str, note: Note) -> None:
        self.viewer = viewer
        self.kind = kind
        self.name = name
        self.progress = Progress(note=note)
        self.began = datetime.now(UTC)
        self.record: jobs.RunHandle | None = None
        """Its record; None while the database has no place for it."""
        self.is_in_old_table = False
        """Whether its end is recorded in the table of the version before."""
        self.has_ended = False
        self.holds = ExitStack()

    @property
    def number(self) -> int | None:
        """The number of its record."""
        return None if self.record is None else self.record.number

    @property
    def is_recorded(self) -> bool:
        """Whether there is a database with a place for its record and its audit events."""
        return self.record is not None or self.is_in_old_table

    def mark_ended(self) -> None:
        """Record nothing more: its end is recorded, or another database has the record of it."""
        self.has_ended = True
        if self.record is not None:
            self.record.has_ended = True

    async def in_thread(self, verb: Callable[..., Result], *arguments: Any) -> Result:
        """Do blocking work in a thread; it ends when this is cancelled."""

        def reporting() -> Result:
            with failures_told():
                return verb(*arguments)

        work = asyncio.ensure_future(asyncio.to_thread(reporting))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            self.progress.stop()
            await asyncio.wait([work])
            # Retrieved, so that asyncio does not log it: it ends because of the cancellation.
            work.exception()
            raise


class Runs:
    """Begins and ends runs, with their records and audit events."""

    def __init__(self, db: Database, audit: AuditTrail, url: str) -> None:
        self._db = db
        self._audit = audit
        self._url = url
        self._runs = jobs.Runs(db)
        self._background: set[asyncio.Task[object]] = set()

    async def begin(
        self,
        viewer: Viewer,
        kind: BackupRunKind,
        name: str,
        note: Note = lambda _: None,
        *,
        needs_database: bool = True,
    ) -> RunHandle:
        """Begin a run. Raises AnotherRuns, Unavailable when the database is needed but away."""
        live = RunHandle(viewer, kind, name, note)
        try:
            connection = await asyncio.to_thread(self._held, live)
            await self._record(live, connection)
        except Unavailable:
            if needs_database:
                live.holds.close()
                raise
        except BaseException:
            live.holds.close()
            raise
        return live

    async def finish(
        self, live: RunHandle, work: Callable[[RunHandle], Awaitable[Result]]
    ) -> Result:
        """Do the work of a run and record its end.

        What the work raises is recorded as the run's failure. Work that returns has succeeded,
        whether it recorded its end itself, with details, or not.
        """
        try:
            async with AsyncExitStack() as stack:
                if live.record is not None:
                    alive = self._runs.alive(live.record, has_lock=True)
                    await stack.enter_async_context(alive)
                return await self._done(live, work)
        finally:
            # The server may have closed the connection; the locks are released either way.
            with suppress(psycopg.Error, EngineError):
                await asyncio.to_thread(live.holds.close)

    async def _done(
        self, live: RunHandle, work: Callable[[RunHandle], Awaitable[Result]]
    ) -> Result:
        try:
            result = await work(live)
            # Without a database to record it in, the work is done all the same.
            with suppress(Unavailable):
                await self.end(live)
        except BaseException as error:
            await self._failed(live, error)
            raise
        return result

    async def in_background(self, work: Coroutine[Any, Any, object]) -> None:
        """Continue a run after the request that began it."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._ended)
        # A task that is cancelled before its first step does nothing: the run would never end.
        await asyncio.sleep(0)

    async def stop(self) -> None:
        """Stop the runs in the background; they count as failed."""
        await end(*self._background)

    async def made(self, live: RunHandle, name: str, after: dict[str, Any]) -> None:
        """Record that an archive is written and only lacks its final name. The run continues.

        Raises Unavailable.
        """
        if not live.is_recorded:
            return
        async with self._db.transaction():
            if name == live.name and live.record is not None:
                await self._runs.note_facts(live.record, after)
            await self._audit.record(
                live.viewer, AuditAction.BACKUP_CREATED, Target("backup", None, name), after=after
            )

    async def succeeded(
        self,
        live: RunHandle,
        action: AuditAction,
        after: dict[str, Any],
        *,
        problem: str | None = None,
    ) -> None:
        """Record the result of a run together with its audit event. Raises Unavailable.

        With a *problem* the run did its work, and the backup failed the check.
        """
        if not live.is_recorded:
            return
        async with self._db.transaction():
            await self._end(live, problem, after)
            await self._audit.record(
                live.viewer, action, Target("backup", None, live.name), after=after
            )
        live.mark_ended()

    async def end(
        self, live: RunHandle, problem: str | None = None, details: dict[str, Any] | None = None
    ) -> None:
        """Record the end of a run, once; with a *problem* it has failed. Raises Unavailable."""
        if not live.is_recorded or live.has_ended:
            return
        await self._end(live, problem, details)
        live.mark_ended()

    async def can_record(self) -> bool:
        """Whether there is a database that records runs."""
        try:
            return await store.is_ready(self._db)
        except Unavailable:
            return False

    async def run(self, number: int | None) -> BackupRun | None:
        """The run of this number, or None."""
        return None if number is None else await store.find(self._db, number)

    async def _record(self, live: RunHandle, connection: cluster_store.Connection) -> None:
        """Record that a run begins, where the database has a place for it. Raises Unavailable."""

        async def lock(number: int) -> None:
            await asyncio.to_thread(cluster_store.hold_run, connection, number)

        if await self.can_record():
            live.record = await self._runs.begin(
                store.kind_of(live.kind), live.viewer.label, subject=live.name, lock=lock
            )
            live.record.report(live.progress)
        else:
            with suppress(Unavailable):
                live.is_in_old_table = await store.has_old_table(self._db)

    async def _end(
        self, live: RunHandle, problem: str | None, details: dict[str, Any] | None
    ) -> None:
        if live.record is not None:
            await self._runs.end_work(live.record, problem, details)
        else:
            await store.add_to_old_table(
                self._db, live.kind, live.name, live.viewer.label, live.began, problem, details
            )

    def _held(self, live: RunHandle) -> cluster_store.Connection:
        connection = live.holds.enter_context(cluster_store.connection(self._url))
        if not cluster_store.hold(connection):
            live.holds.close()
            raise AnotherRuns(
                "Another backup, check, drill or restore is running. Wait until it has ended."
            )
        live.holds.callback(self._let_go, connection)
        return connection

    def _let_go(self, connection: cluster_store.Connection) -> None:
        # The server may have closed the connection; the lock is released either way.
        with suppress(psycopg.Error):
            cluster_store.let_go(connection)

    async def _failed(self, live: RunHandle, error: BaseException) -> None:
        if isinstance(error, EngineError):
            problem = error.message
        elif isinstance(error, asyncio.CancelledError | Stopped | KeyboardInterrupt):
            problem = "It was stopped."
        else:
            problem = "Something went wrong; the log says what."
        # When this can't be recorded either, the lock that is gone shows it.
        with suppress(Unavailable, asyncio.CancelledError):
            await asyncio.shield(self.end(live, problem))

    def _ended(self, task: asyncio.Task[object]) -> None:
        self._background.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, EngineError):
            log.error("backup.failed", extra={"error": error.message})
        elif error is not None:
            log.error("backup.bug", exc_info=error)
