"""The verbs of this room: what is due is run, by one runner among all workers and instances."""

from __future__ import annotations

import asyncio
import logging
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.core.background import end
from aiwebengine.core.cron import OFF, last_due, next_due
from aiwebengine.core.errors import Conflict, EngineError, NotFound, Unavailable
from aiwebengine.core.formats import count, second
from aiwebengine.core.identity import Role, Scope, Viewer
from aiwebengine.core.recent_sign_in import SensitiveAction
from aiwebengine.database import Database
from aiwebengine.jobs import store
from aiwebengine.jobs.types import Note, RunEnded, RunState, ScheduledTask, Task, TaskRun

log = logging.getLogger(__name__)

LOOK_EVERY_SECS = 5.0
BEAT_EVERY_SECS = 1.0
# A runner that is this long silent is dead; a busy machine or a short outage must not look so.
SILENT_SECS = 60.0
# One that has also lost its lock, which ends with its process, is dead at once: a few beats show
# that it has not just lost that connection.
GONE_SECS = 4.0
LONGEST_LINE = 500
BATCH = 5_000
BY_SCHEDULE = "schedule"


class Jobs:
    """Runs *tasks*, each by its own schedule or by that of *schedules*, in the zone *time_zone*.

    A due time is a row that only one runner can insert, so it is run once among all workers and
    instances. Times that were missed while nothing ran are caught up by one run. What ended more
    than *keep_days* days ago is forgotten, by a task of our own.
    """

    def __init__(
        self,
        db: Database,
        audit: AuditTrail,
        tasks: Sequence[Task],
        schedules: Mapping[str, str],
        time_zone: str,
        *,
        keep_days: int,
    ) -> None:
        self._db = db
        self._audit = audit
        self._keep_days = keep_days
        tasks = [*tasks, self._own_task()]
        self._tasks = {task.name: task for task in tasks}
        self._schedules = {task.name: schedules.get(task.name, task.schedule) for task in tasks}
        self._zone = ZoneInfo(time_zone)
        self._instance = f"{platform.node()}:{os.getpid()}"
        self._at_work: set[asyncio.Task[TaskRun]] = set()

    async def run(self) -> None:
        """Run what is due until cancelled; then what is at work here is interrupted."""
        try:
            is_registered = False
            while True:
                try:
                    if not is_registered:
                        await self.register()
                        is_registered = True
                    await self.look()
                except Unavailable:
                    # Said by whoever answers requests; this comes round again.
                    log.debug("schedules.postponed")
                except Exception:
                    log.exception("schedules.bug")
                await asyncio.sleep(LOOK_EVERY_SECS)
        finally:
            await self.interrupt()

    async def register(self) -> None:
        """Note the tasks and their schedules. Doing it again is fine."""
        for name, schedule in self._schedules.items():
            await store.register(self._db, name, schedule, self._zone.key)

    async def look(self) -> list[str]:
        """Begin what is due and nobody else has begun; the tasks' names."""
        for name in await store.give_up_silent(self._db, SILENT_SECS, GONE_SECS):
            log.warning("schedules.given_up", extra={"task": name})
        begun = []
        for name, known in (await store.dues(self._db)).items():
            due = self.last_due(name, known.now) if name in self._tasks else None
            if due is None or due <= known.since:
                continue
            number = await store.claim(self._db, name, due, BY_SCHEDULE, self._instance)
            if number is not None:
                self._begin(self._tasks[name], number)
                begun.append(name)
        return begun

    async def interrupt(self) -> None:
        """End what is at work here, because the process ends."""
        await end(*self._at_work)

    async def tasks(self, viewer: Viewer) -> list[ScheduledTask]:
        """Every task, with its next and its newest run. Raises Unauthenticated, Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        newest = await store.newest_of_each(self._db, list(self._tasks))
        now = datetime.now(UTC)
        return [
            ScheduledTask(
                name=task.name,
                title=task.title,
                description=task.description,
                schedule=self._schedules[task.name],
                time_zone=self._zone.key,
                next_run_at=self.next_due(task.name, now),
                last_run=newest.get(task.name),
                is_running=task.name in newest and newest[task.name].state is RunState.RUNNING,
            )
            for task in self._tasks.values()
        ]

    def last_due(self, task: str, now: datetime | None = None) -> datetime | None:
        """When *task* was due last, at *now* at the latest; None when it is switched off.

        With `next_due` and `is_off` the only source of due times: it knows the configured
        schedule and time zone.
        """
        return last_due(self._schedules[task], self._zone, now or datetime.now(UTC))

    def next_due(self, task: str, now: datetime | None = None) -> datetime | None:
        """When *task* is due next, after *now*; None when it is switched off."""
        return next_due(self._schedules[task], self._zone, now or datetime.now(UTC))

    def is_off(self, task: str) -> bool:
        """Whether *task* runs only when asked for."""
        return self._schedules[task] == OFF

    async def changed_at(self, task: str) -> datetime | None:
        """When *task* got its present schedule; None once a run was due by it. Raises Unavailable.

        What was due before, by the present schedule, is not owed.
        """
        known = (await store.dues(self._db)).get(task)
        if known is None or self.last_due(task, known.since) == known.since:
            return None
        return known.since

    async def page(
        self, viewer: Viewer, task: str | None, after: int | None, first: int
    ) -> list[TaskRun]:
        """Runs, newest first; one more than *first* when another page follows.

        Raises Unauthenticated, Forbidden.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        return await store.page(self._db, task, after, first + 1)

    async def count(self, viewer: Viewer, task: str | None) -> int:
        """How many runs there are. Raises as `page` does."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await store.count(self._db, task)

    async def newest_success(self, *tasks: str) -> TaskRun | None:
        """The newest run of any of these tasks that did its work, or None; for evidence."""
        return await store.newest_in_state(self._db, tasks, RunState.SUCCEEDED)

    async def newest(self, task: str) -> TaskRun | None:
        """The newest run of a task, or None; for evidence."""
        return (await store.newest_of_each(self._db, [task])).get(task)

    async def start(self, viewer: Viewer, name: str) -> TaskRun:
        """Begin a run in this process, now; it goes on beside the requests.

        Raises Unauthenticated, Forbidden, ReauthenticationRequired, NotFound, Conflict when the
        task is running already.
        """
        task, number = await self._started_by(viewer, name)
        self._begin(task, number)
        return await self._existing(number)

    async def run_here(self, viewer: Viewer, name: str, also: Note) -> TaskRun:
        """Run a task and wait for its end; *also* hears each line. Raises as `start` does."""
        task, number = await self._started_by(viewer, name)
        return await self._begin(task, number, also)

    async def stop(self, viewer: Viewer, number: int) -> TaskRun:
        """Ask for the end of a run, wherever it runs; it ends within seconds. Twice is fine.

        A run that has ended already is returned as it is. Raises Unauthenticated, Forbidden,
        NotFound.
        """
        viewer.must_be(Role.ADMINISTRATOR, Scope.OPS_WRITE)
        async with self._db.transaction():
            run = await self._existing(number)
            if await store.ask_to_stop(self._db, number, viewer.label):
                await self._audit.record(
                    viewer,
                    AuditAction.MAINTENANCE_TASK_STOPPED,
                    Target("task", None, run.task),
                    before={"run": number},
                )
        return await self._existing(number)

    def _own_task(self) -> Task:
        async def run(note: Note) -> str:
            removed = 0
            while found := await store.remove_older(self._db, self._keep_days, BATCH):
                removed += found
                note(f"{removed} so far")
            return f"{count(removed, 'run')} older than {count(self._keep_days, 'day')} removed."

        return Task(
            "forget-runs",
            "Forget old runs",
            "Removes what is remembered of runs that ended long ago; each task's newest stays.",
            "50 0 * * *",
            run,
        )

    async def _started_by(self, viewer: Viewer, name: str) -> tuple[Task, int]:
        viewer.must_be(Role.ADMINISTRATOR, Scope.OPS_WRITE)
        # A task rotates keys, restores in a drill or removes backups: what its operation asks for.
        viewer.must_have_signed_in_recently(SensitiveAction.RUN_TASK)
        task = self._tasks.get(name)
        if task is None:
            raise NotFound(f"There is no task {name[:50]!r}; there are: {', '.join(self._tasks)}.")
        await store.give_up_silent(self._db, SILENT_SECS, GONE_SECS)
        async with self._db.transaction():
            number = await store.begin(self._db, name, viewer.label, self._instance)
            if number is None:
                raise Conflict(await self._why_not(name))
            await self._audit.record(
                viewer,
                AuditAction.MAINTENANCE_TASK_STARTED,
                Target("task", None, name),
                after={"run": number},
            )
        return task, number

    async def _why_not(self, name: str) -> str:
        run = await self.newest(name)
        if run is None or run.state is not RunState.RUNNING:
            return f"The task {name} was at work until now. Try again."
        return (
            f"The task {name} is at work already, since {second(run.started_at)} on"
            f" {run.instance}. Wait for it, or stop it: `aiwebengine maintenance stop {run.id}`."
            f" If its process was killed, it is given up within {GONE_SECS:.0f} seconds."
        )

    async def _existing(self, number: int) -> TaskRun:
        run = await store.find(self._db, number)
        if run is None:
            raise NotFound(f"There is no run {number}.")
        return run

    def _begin(self, task: Task, number: int, also: Note | None = None) -> asyncio.Task[TaskRun]:
        work = asyncio.create_task(self._work(task, number, also))
        self._at_work.add(work)
        work.add_done_callback(self._settled)
        return work

    def _settled(self, work: asyncio.Task[TaskRun]) -> None:
        self._at_work.discard(work)
        if not work.cancelled() and (error := work.exception()) is not None:
            # Its end could not be written down; whoever looks next gives the run up.
            log.warning("schedules.lost", exc_info=error)

    async def _work(self, task: Task, number: int, also: Note | None) -> TaskRun:
        """Run a task, say every now and then that it is alive, and note what came of it."""
        lines = _Lines(also)
        holding = asyncio.create_task(self._db.hold(store.LOCKS, store.lock_of(number)))
        verb = asyncio.ensure_future(task.run(lines.note))
        state, result = RunState.INTERRUPTED, "The engine was stopped meanwhile."
        try:
            while not verb.done():
                await asyncio.wait([verb], timeout=BEAT_EVERY_SECS)
                if not verb.done() and not await self._goes_on(number, lines):
                    state, result = RunState.STOPPED, "It was stopped."
                    lines.ended = True
                    await end(verb)
                    break
            else:
                state, result = _outcome(task, verb)
        finally:
            lines.ended = True
            await asyncio.shield(self._end(verb, number, lines, state, result))
            await end(holding)
        return await self._existing(number)

    async def _goes_on(self, number: int, lines: _Lines) -> bool:
        told = lines.untold()
        try:
            return await store.beat(self._db, number, told)
        except Unavailable:
            lines.put_back(told)
            return True

    async def _end(
        self,
        verb: asyncio.Future[str],
        number: int,
        lines: _Lines,
        state: RunState,
        result: str,
    ) -> None:
        await end(verb)
        try:
            await store.beat(self._db, number, lines.untold())
            await store.end(self._db, number, state, result)
        except Unavailable:
            # Whoever looks next finds it silent and gives it up.
            log.warning("schedules.end_not_noted", extra={"run": number, "result": result})


class _Lines:
    """What a run noted and nobody has stored yet."""

    def __init__(self, also: Note | None) -> None:
        self._also = also
        self._waiting: list[str] = []
        self.ended = False

    def note(self, line: str) -> None:
        if self.ended:
            raise RunEnded
        # A NUL can't be stored, and must not fail a run.
        kept = " ".join(line.replace("\0", "").split())[:LONGEST_LINE]
        self._waiting = [*self._waiting[-store.MOST_LINES :], kept]
        if self._also is not None:
            self._also(kept)

    def untold(self) -> list[str]:
        told, self._waiting = self._waiting, []
        return told

    def put_back(self, told: list[str]) -> None:
        self._waiting = [*told, *self._waiting][-store.MOST_LINES :]


def _outcome(task: Task, verb: asyncio.Future[str]) -> tuple[RunState, str]:
    if verb.cancelled():
        return RunState.FAILED, "It ended itself."
    error = verb.exception()
    if error is None:
        return RunState.SUCCEEDED, verb.result()[:LONGEST_LINE]
    if isinstance(error, EngineError):
        log.warning("schedules.failed", extra={"task": task.name, "error": error.message})
        return RunState.FAILED, error.message[:LONGEST_LINE]
    log.error("schedules.bug", extra={"task": task.name}, exc_info=error)
    return RunState.FAILED, f"{type(error).__name__}; the log has the details."
