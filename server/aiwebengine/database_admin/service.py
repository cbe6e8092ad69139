"""State of the database, and vacuum."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import TypeAlias, cast

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.core.background import end
from aiwebengine.core.errors import BadUserInput, Conflict, EngineError, Unavailable
from aiwebengine.core.formats import duration, second
from aiwebengine.core.identity import Role, Scope, Viewer
from aiwebengine.core.scalars import BigInt
from aiwebengine.database import Database
from aiwebengine.database_admin import activity_store, store, vacuum_store
from aiwebengine.database_admin.activity_types import (
    DatabaseConnections,
    DatabaseLock,
    DatabaseSession,
    DatabaseStatement,
    DatabaseStatements,
    OwnStatements,
    StatementsSource,
)
from aiwebengine.database_admin.types import (
    DatabaseIndex,
    DatabaseInfo,
    DatabaseSize,
    DatabaseTable,
)
from aiwebengine.database_admin.vacuum_types import (
    VacuumOptions,
    VacuumProgress,
    VacuumRun,
    VacuumState,
)
from aiwebengine.jobs.runs import RunHandle, Runs
from aiwebengine.jobs.types import Only

log = logging.getLogger(__name__)

LARGEST_LIST = 200
HOURLY_UP_TO_DAYS = 7
LONGEST_AGE_SECS = 10 * 365 * 86_400
LOOK_EVERY_SECS = 0.5
VACUUM = "vacuum"
"""The kind of its runs."""
RUNS_KEPT = 100

Watcher: TypeAlias = Callable[[int, int, str, VacuumProgress | None], None]
"""Called twice a second: tables done, number of tables, the current one, PostgreSQL's progress."""

_USUAL = VacuumOptions()
_HOW_TO_ENABLE = (
    "Let PostgreSQL count statements: add pg_stat_statements to shared_preload_libraries in"
    " postgresql.conf, restart PostgreSQL, then run in this database:"
    " create extension pg_stat_statements."
)
_NOT_THERE = (
    "This PostgreSQL comes without pg_stat_statements, as the embedded one does: install it"
    " (Debian: postgresql-contrib), or let repository.database_url point to a server that has it."
)


class VacuumUnderWay(Conflict):
    """Another vacuum is running; there is one at a time."""


class VacuumFailed(Conflict):
    """PostgreSQL refused to vacuum a table."""


class DatabaseAdmin:
    """State of the database, and vacuum.

    *own_statements* returns the slowest statements of this process, for a PostgreSQL that doesn't
    count them.
    """

    def __init__(
        self, db: Database, audit: AuditTrail, own_statements: OwnStatements | None = None
    ) -> None:
        self._db = db
        self._audit = audit
        self._own_statements = own_statements
        self._runs = Runs(db)
        self._tasks: set[asyncio.Task[VacuumRun]] = set()

    async def info(self, viewer: Viewer) -> DatabaseInfo:
        """Version, start and size. Raises Unauthenticated, Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await store.info(self._db)

    async def sample_size(self) -> None:
        """Record the size of the database, once an hour for all callers."""
        await store.add_size(self._db)

    async def growth(self, viewer: Viewer, days: int) -> list[DatabaseSize]:
        """The sizes of the past, oldest first. Raises as `info` does, and BadUserInput."""
        viewer.must_be(Role.ADMINISTRATOR)
        _must_be_within("days", days, 1, store.DAYS_KEPT)
        since = datetime.now(UTC) - timedelta(days=days)
        return await store.sizes(self._db, since, by_day=days > HOURLY_UP_TO_DAYS)

    async def tables(self, viewer: Viewer, first: int) -> list[DatabaseTable]:
        """The largest tables. Raises as `growth` does."""
        viewer.must_be(Role.ADMINISTRATOR)
        _must_be_within("first", first, 1, LARGEST_LIST)
        return await store.tables(self._db, first)

    async def indexes(self, viewer: Viewer, first: int) -> list[DatabaseIndex]:
        """The largest indexes. Raises as `growth` does."""
        viewer.must_be(Role.ADMINISTRATOR)
        _must_be_within("first", first, 1, LARGEST_LIST)
        return await store.indexes(self._db, first)

    async def connections(self, viewer: Viewer) -> DatabaseConnections:
        """Who is connected. Raises as `info` does."""
        viewer.must_be(Role.ADMINISTRATOR)
        limits = await activity_store.connection_limits(self._db)
        return DatabaseConnections(
            **limits, groups=await activity_store.connection_groups(self._db)
        )

    async def transactions(
        self, viewer: Viewer, first: int, older_than_seconds: int
    ) -> list[DatabaseSession]:
        """Transactions that are open for long. Raises as `growth` does."""
        viewer.must_be(Role.ADMINISTRATOR)
        _must_be_within("first", first, 1, LARGEST_LIST)
        _must_be_within("olderThanSeconds", older_than_seconds, 0, LONGEST_AGE_SECS)
        return await activity_store.old_transactions(self._db, first, older_than_seconds)

    async def locks(self, viewer: Viewer, first: int) -> list[DatabaseLock]:
        """Who waits for whom. Raises as `growth` does."""
        viewer.must_be(Role.ADMINISTRATOR)
        _must_be_within("first", first, 1, LARGEST_LIST)
        return await activity_store.lock_waits(self._db, first)

    async def statements(self, viewer: Viewer, first: int) -> DatabaseStatements:
        """The slowest statements, and where they are from. Raises as `growth` does."""
        viewer.must_be(Role.ADMINISTRATOR)
        _must_be_within("first", first, 1, LARGEST_LIST)
        if await activity_store.counts_statements(self._db):
            slowest = await activity_store.slowest_statements(self._db, first)
            return DatabaseStatements(
                source=StatementsSource.PG_STAT_STATEMENTS, how_to_enable=None, slowest=slowest
            )
        is_there = await activity_store.can_count_statements(self._db)
        how = _HOW_TO_ENABLE if is_there else _NOT_THERE
        if self._own_statements is None:
            return DatabaseStatements(source=StatementsSource.NONE, how_to_enable=how, slowest=[])
        own = [
            DatabaseStatement(
                statement=totals.sql,
                calls=cast(BigInt, totals.count),
                mean_ms=1_000 * totals.total_secs / max(1, totals.count),
                longest_ms=1_000 * totals.longest_secs,
                total_ms=1_000 * totals.total_secs,
            )
            for totals in self._own_statements(LARGEST_LIST)
        ]
        own.sort(key=lambda statement: statement.mean_ms, reverse=True)
        return DatabaseStatements(
            source=StatementsSource.OWN, how_to_enable=how, slowest=own[:first]
        )

    async def last_vacuum(self, viewer: Viewer) -> VacuumRun | None:
        """The newest run of ours. Raises as `info` does."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await self._last()

    async def vacuums(self, viewer: Viewer) -> list[VacuumProgress]:
        """Tables that are being vacuumed or analyzed now, also by others. Raises as `info` does."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await vacuum_store.progress(self._db)

    async def vacuum(
        self,
        viewer: Viewer,
        tables: Sequence[str] | None,
        note: Callable[[str], None],
        options: VacuumOptions = _USUAL,
        watcher: Watcher = lambda *_: None,
    ) -> VacuumRun:
        """Vacuum these tables, or all, one after the other, and wait; *note* gets a line for each.

        Raises Unauthenticated, Forbidden, BadUserInput for an unknown table, VacuumUnderWay,
        VacuumFailed, Unavailable.
        """
        run, wanted = await self._begin(viewer, tables, options)
        return await self._run(run, wanted, options, note, watcher)

    async def start_vacuum(
        self, viewer: Viewer, tables: Sequence[str] | None, options: VacuumOptions
    ) -> VacuumRun:
        """`vacuum` without waiting: `last_vacuum` has its progress. Raises as `vacuum` does."""
        run, wanted = await self._begin(viewer, tables, options)
        begun = await self._found(run)
        task = asyncio.create_task(
            self._run(run, wanted, options, lambda line: log.info("vacuum", extra={"line": line}))
        )
        self._tasks.add(task)
        task.add_done_callback(self._is_done)
        return begun

    async def stop(self) -> None:
        """Stop what `start_vacuum` began; completed tables stay vacuumed."""
        await end(*self._tasks)

    async def _begin(
        self, viewer: Viewer, tables: Sequence[str] | None, options: VacuumOptions
    ) -> tuple[RunHandle, list[str]]:
        viewer.must_be(Role.ADMINISTRATOR, Scope.OPS_WRITE)
        known = await vacuum_store.vacuumable(self._db)
        wanted = known if tables is None else list(dict.fromkeys(tables))
        _must_be_known(wanted, known)
        async with self._db.transaction():
            await self._runs.lock_beginnings()
            last = await self._last()
            if last is not None and last.state is VacuumState.RUNNING:
                raise VacuumUnderWay(
                    f"Vacuum is already running: {last.started_by} started it at"
                    f" {second(last.started_at)}. Wait until it has ended."
                )
            facts = {"tables": wanted, "tables_done": 0}
            run = await self._runs.begin(VACUUM, viewer.label, facts=facts)
            run.progress.facts = facts
            await self._runs.keep_newest(VACUUM, RUNS_KEPT)
            await self._audit.record(
                viewer,
                AuditAction.VACUUM_RUN,
                Target("database", None, "all tables" if tables is None else ", ".join(wanted)),
                after={"tables": wanted, "analyze": options.analyze, "full": options.full},
            )
        return run, wanted

    async def _run(
        self,
        run: RunHandle,
        tables: list[str],
        options: VacuumOptions,
        note: Callable[[str], None],
        watcher: Watcher = lambda *_: None,
    ) -> VacuumRun:
        done = 0
        async with self._runs.alive(run):
            try:
                for table in tables:
                    began = time.monotonic()
                    await self._one(run, tables, done, options, watcher)
                    done += 1
                    note(f"{table}: done in {duration(time.monotonic() - began)}")
            except asyncio.CancelledError:
                with suppress(Unavailable):
                    await self._runs.end_work(run, "It was stopped.", _facts(tables, done))
                raise
            except Exception as error:
                failed = f"{tables[done]}: {str(error) or type(error).__name__}"
                note(failed)
                with suppress(Unavailable):
                    at = _facts(tables, done, current_table=tables[done])
                    await self._runs.end_work(run, failed, at)
                if isinstance(error, EngineError):
                    raise
                raise VacuumFailed(f"Vacuum stopped at {failed}.") from error
            await self._runs.end_work(run, None, _facts(tables, done))
        return await self._found(run)

    async def _one(
        self,
        run: RunHandle,
        tables: list[str],
        done: int,
        options: VacuumOptions,
        watcher: Watcher,
    ) -> None:
        """Vacuum one table, and report the progress meanwhile."""
        table = tables[done]
        work = asyncio.create_task(vacuum_store.vacuum(self._db, table, options))
        try:
            while True:
                with suppress(Unavailable):
                    found = await self._progress_of(table)
                    phase, percent = (found.phase, found.percent) if found else (None, None)
                    run.progress.done, run.progress.step = done / len(tables), table
                    run.progress.facts = _facts(
                        tables, done, current_table=table, phase=phase, percent=percent
                    )
                    watcher(done, len(tables), table, found)
                finished, _ = await asyncio.wait([work], timeout=LOOK_EVERY_SECS)
                if finished:
                    return work.result()
        finally:
            await end(work)

    async def _last(self) -> VacuumRun | None:
        newest = await self._runs.page(Only(kinds=[VACUUM]), None, 1)
        return VacuumRun.of(newest[0]) if newest else None

    async def _found(self, run: RunHandle) -> VacuumRun:
        found = await self._runs.find(run.number)
        assert found is not None  # noqa: S101 - only the oldest are ever removed
        return VacuumRun.of(found)

    async def _progress_of(self, table: str) -> VacuumProgress | None:
        running = await vacuum_store.progress(self._db)
        return next((one for one in running if one.table == table and not one.is_automatic), None)

    def _is_done(self, task: asyncio.Task[VacuumRun]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            # The record of the run says so; this is for the log.
            log.warning("vacuum.failed", extra={"error": str(task.exception())})


def _facts(tables: list[str], done: int, **now: object) -> dict[str, object]:
    """What the record of a run keeps."""
    return {"tables": tables, "tables_done": done, **now}


def _must_be_within(name: str, found: int, least: int, most: int) -> None:
    if not least <= found <= most:
        raise BadUserInput(f"{name}: found {found}; allowed: {least} to {most}.")


def _must_be_known(wanted: Sequence[str], known: Sequence[str]) -> None:
    unknown = [name for name in wanted if name not in known]
    if unknown:
        close = sorted({one for name in unknown for one in get_close_matches(name, known)})
        hint = f"Did you mean {' or '.join(close)}? " if close else ""
        raise BadUserInput(
            f"tables: found {', '.join(map(repr, unknown))[:200]}. {hint}"
            f"Allowed: {', '.join(sorted(known))}."
        )
    if not wanted:
        raise BadUserInput(
            "tables: found an empty list. List at least one table, or omit it for all."
        )
