"""One run at a time, among all instances: held, told of, and ended as what it was."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import ExitStack, suppress
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

log = logging.getLogger(__name__)

Result = TypeVar("Result")

TELL_EVERY_SECS = 0.5


class AnotherRuns(Conflict):
    """Backups are made, restored, checked and removed one at a time."""


class RunHandle:
    """A run that goes on. Its connection shows that the process lives, and keeps others out."""

    def __init__(self, viewer: Viewer, kind: BackupRunKind, name: str, note: Note) -> None:
        self.viewer = viewer
        self.kind = kind
        self.name = name
        self.progress = Progress(note)
        self.number: int | None = None
        self.has_ended = False
        """Whether its end is recorded, or is another database's business."""
        self.holds = ExitStack()

    async def in_thread(self, verb: Callable[..., Result], *arguments: Any) -> Result:
        """Do what would block the others in a thread; when we are cancelled it ends, too."""

        def told() -> Result:
            with failures_told():
                return verb(*arguments)

        work = asyncio.ensure_future(asyncio.to_thread(told))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            self.progress.stop()
            await asyncio.wait([work])
            # Retrieved, so that nobody complains of it: we end because we are told to.
            work.exception()
            raise


class Runs:
    """Begins runs, keeps the table and the trail informed, ends them."""

    def __init__(self, db: Database, audit: AuditTrail, url: str) -> None:
        self._db = db
        self._audit = audit
        self._url = url
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
            if await self.can_record():
                live.number = await store.begin(self._db, kind, name, viewer.label)
                await asyncio.to_thread(cluster_store.hold_run, connection, live.number)
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
        telling = asyncio.create_task(self._tell(live))
        try:
            result = await work(live)
            # Without a database to record it in, the work is done all the same.
            with suppress(Unavailable):
                await self.end(live)
            return result
        except BaseException as error:
            await self._failed(live, error)
            raise
        finally:
            await end(telling)
            # The server may have cut the connection; it is gone either way.
            with suppress(psycopg.Error, EngineError):
                await asyncio.to_thread(live.holds.close)

    async def in_background(self, work: Coroutine[Any, Any, object]) -> None:
        """Let a run go on after the request that began it."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._ended)
        # A task that is cancelled before its first step takes none: the run would never end.
        await asyncio.sleep(0)

    async def stop(self) -> None:
        """End what runs in the background; it counts as failed."""
        await end(*self._background)

    async def made(self, live: RunHandle, name: str, after: dict[str, Any]) -> None:
        """Record that an archive is written, and only lacks its name. The run goes on.

        Raises Unavailable.
        """
        if live.number is None:
            return
        async with self._db.transaction():
            if name == live.name:
                await store.made(self._db, live.number, after)
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
        """Record what came of a run together with its audit event. Raises Unavailable.

        With a *problem* the run did its work, and the backup failed it.
        """
        if live.number is None:
            return
        async with self._db.transaction():
            await store.end(self._db, live.number, problem, after)
            await self._audit.record(
                live.viewer, action, Target("backup", None, live.name), after=after
            )
        live.has_ended = True

    async def end(
        self, live: RunHandle, problem: str | None = None, details: dict[str, Any] | None = None
    ) -> None:
        """Record the end of a run, once; with a *problem* it has failed. Raises Unavailable."""
        if live.number is None or live.has_ended:
            return
        await store.end(self._db, live.number, problem, details)
        live.has_ended = True

    async def can_record(self) -> bool:
        """Whether there is a database that can be told."""
        try:
            return await store.is_ready(self._db)
        except Unavailable:
            return False

    async def run(self, number: int | None) -> BackupRun | None:
        """The run of this number."""
        return None if number is None else await store.run(self._db, number)

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
        # The server may have cut the connection; the place is given up either way.
        with suppress(psycopg.Error):
            cluster_store.let_go(connection)

    async def _tell(self, live: RunHandle) -> None:
        """Keep the table informed for as long as the run lasts."""
        told: tuple[float, str] = (0.0, "")
        while live.number is not None and not live.has_ended:
            await asyncio.sleep(TELL_EVERY_SECS)
            now = (min(1.0, live.progress.done), live.progress.step)
            if now != told:
                with suppress(Unavailable):
                    await store.tell(self._db, live.number, *now)
                told = now

    async def _failed(self, live: RunHandle, error: BaseException) -> None:
        if isinstance(error, EngineError):
            problem = error.message
        elif isinstance(error, asyncio.CancelledError | Stopped | KeyboardInterrupt):
            problem = "It was stopped."
        else:
            problem = "Something went wrong; the log says what."
        # When this can't be told either, the lock that is gone tells it.
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
