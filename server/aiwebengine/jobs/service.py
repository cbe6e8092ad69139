"""Runs the tasks that are due, each once among all workers and instances."""

from __future__ import annotations

import asyncio
import logging
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
from aiwebengine.jobs import removal_store, schedule_store, store
from aiwebengine.jobs.runs import MAX_LINE, RunHandle, Runs
from aiwebengine.jobs.store import GONE_SECS
from aiwebengine.jobs.types import Note, Only, RunState, ScheduledTask, Task, TaskRun

log = logging.getLogger(__name__)

LOOK_EVERY_SECS = 5.0
BATCH = 5_000
BY_SCHEDULE = "schedule"


class Jobs:
    """Runs *tasks*, each by its own schedule or by that of *schedules*, in the zone *time_zone*.

    Only one runner can insert the row of a due time, so it is run once among all workers and
    instances. One run catches up on the times that were missed while nothing ran. Runs that ended
    more than *keep_days* days ago are removed, by a task of our own.
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
        self._runs = Runs(db)
        self._at_work: set[asyncio.Task[TaskRun]] = set()

    async def run(self) -> None:
        """Run what is due until cancelled; then the runs of this process are interrupted."""
        try:
            is_registered = False
            while True:
                try:
                    if not is_registered:
                        await self.register()
                        is_registered = True
                    await self.look()
                except Unavailable:
                    # The requests report it; this is repeated.
                    log.debug("schedules.postponed")
                except Exception:
                    log.exception("schedules.bug")
                await asyncio.sleep(LOOK_EVERY_SECS)
        finally:
            await self.interrupt()

    async def register(self) -> None:
        """Record the tasks and their schedules. Repeating it is fine."""
        for name, schedule in self._schedules.items():
            await schedule_store.register(self._db, name, schedule, self._zone.key)

    async def look(self) -> list[str]:
        """Begin what is due and no other runner has begun; the tasks' names."""
        for name in await store.interrupt_silent(self._db):
            log.warning("schedules.given_up", extra={"task": name})
        begun = []
        for name, known in (await schedule_store.dues(self._db)).items():
            due = self.last_due(name, known.now) if name in self._tasks else None
            if due is None or due <= known.since:
                continue
            number = await schedule_store.claim(
                self._db, name, due, BY_SCHEDULE, self._runs.instance
            )
            if number is not None:
                self._begin(self._tasks[name], number)
                begun.append(name)
        return begun

    async def interrupt(self) -> None:
        """End the runs of this process, because the process ends."""
        await end(*self._at_work)

    async def tasks(self, viewer: Viewer) -> list[ScheduledTask]:
        """Every task with its next and its newest run. Raises Unauthenticated, Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        newest = await self._newest_of_each(list(self._tasks))
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
        known = (await schedule_store.dues(self._db)).get(task)
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
        runs = await store.page(self._db, Only(task, of_tasks=True), after, first + 1)
        return [TaskRun.of(run) for run in runs]

    async def count(self, viewer: Viewer, task: str | None) -> int:
        """The number of runs. Raises as `page` does."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await store.count(self._db, Only(task, of_tasks=True))

    async def newest_success(self, *tasks: str) -> TaskRun | None:
        """The newest run of any of these tasks that did its work, or None; for evidence."""
        run = await store.newest_in_state(self._db, tasks, RunState.SUCCEEDED)
        return None if run is None else TaskRun.of(run)

    async def newest(self, task: str) -> TaskRun | None:
        """The newest run of a task, or None; for evidence."""
        return (await self._newest_of_each([task])).get(task)

    async def start(self, viewer: Viewer, name: str) -> TaskRun:
        """Begin a run in this process, now; it continues in the background.

        Raises Unauthenticated, Forbidden, ReauthenticationRequired, NotFound, Conflict when the
        task is running already.
        """
        task, number = await self._started_by(viewer, name)
        self._begin(task, number)
        return await self._existing(number)

    async def run_here(self, viewer: Viewer, name: str, also: Note) -> TaskRun:
        """Run a task and wait for its end; *also* gets each line. Raises as `start` does."""
        task, number = await self._started_by(viewer, name)
        return await self._begin(task, number, also)

    async def stop(self, viewer: Viewer, number: int) -> TaskRun:
        """Stop a run, wherever it runs; it ends within seconds. Repeating it is fine.

        A run that has ended already is returned unchanged. Raises Unauthenticated, Forbidden,
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
            while found := await removal_store.remove_older(self._db, self._keep_days, BATCH):
                removed += found
                note(f"{removed} so far")
            return f"{count(removed, 'run')} older than {count(self._keep_days, 'day')} removed."

        return Task(
            "forget-runs",
            "Forget old runs",
            "Removes the records of runs that ended long ago; each task's newest stays.",
            "50 0 * * *",
            run,
        )

    async def _started_by(self, viewer: Viewer, name: str) -> tuple[Task, int]:
        viewer.must_be(Role.ADMINISTRATOR, Scope.OPS_WRITE)
        # Tasks rotate keys or remove backups, as operations do that ask for a recent sign-in.
        viewer.must_have_signed_in_recently(SensitiveAction.RUN_TASK)
        task = self._tasks.get(name)
        if task is None:
            raise NotFound(f"There is no task {name[:50]!r}; there are: {', '.join(self._tasks)}.")
        await store.interrupt_silent(self._db)
        async with self._db.transaction():
            number = await store.begin_task(self._db, name, viewer.label, self._runs.instance)
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
            return f"The task {name} has just ended. Try again."
        return (
            f"The task {name} is already running, since {second(run.started_at)} on"
            f" {run.instance}. Wait for it, or stop it: `aiwebengine maintenance stop {run.id}`."
            f" If its process was killed, the run is marked as interrupted within"
            f" {GONE_SECS:.0f} seconds."
        )

    async def _existing(self, number: int) -> TaskRun:
        run = await store.find(self._db, number)
        if run is None or run.task is None:
            raise NotFound(f"There is no run {number}.")
        return TaskRun.of(run)

    async def _newest_of_each(self, names: Sequence[str]) -> dict[str, TaskRun]:
        found = await store.newest_of_each(self._db, names)
        return {name: TaskRun.of(run) for name, run in found.items()}

    def _begin(self, task: Task, number: int, also: Note | None = None) -> asyncio.Task[TaskRun]:
        work = asyncio.create_task(self._work(task, number, also))
        self._at_work.add(work)
        work.add_done_callback(self._settled)
        return work

    def _settled(self, work: asyncio.Task[TaskRun]) -> None:
        self._at_work.discard(work)
        if not work.cancelled() and (error := work.exception()) is not None:
            # Its end could not be recorded; another runner marks it as interrupted.
            log.warning("schedules.lost", exc_info=error)

    async def _work(self, task: Task, number: int, also: Note | None) -> TaskRun:
        """Run a task and record its result."""
        run = RunHandle(number, also)
        state, result = RunState.INTERRUPTED, "The engine was stopped meanwhile."
        async with self._runs.alive(run):
            work = self._runs.start(run, lambda: task.run(run.note))
            try:
                if await run.is_over_before_stop(work):
                    state, result = _outcome(task, work)
                else:
                    state, result = RunState.STOPPED, "It was stopped."
            finally:
                run.has_ended = True
                await asyncio.shield(self._end(work, run, state, result))
        return await self._existing(number)

    async def _end(
        self, work: asyncio.Future[str], run: RunHandle, state: RunState, result: str
    ) -> None:
        await end(work)
        try:
            await self._runs.end_task(run, state, result)
        except Unavailable:
            # The next runner that looks finds it silent and marks it as interrupted.
            log.warning("schedules.end_not_noted", extra={"run": run.number, "result": result})


def _outcome(task: Task, work: asyncio.Future[str]) -> tuple[RunState, str]:
    if work.cancelled():
        return RunState.FAILED, "It ended itself."
    error = work.exception()
    if error is None:
        return RunState.SUCCEEDED, work.result()[:MAX_LINE]
    if isinstance(error, EngineError):
        log.warning("schedules.failed", extra={"task": task.name, "error": error.message})
        return RunState.FAILED, error.message[:MAX_LINE]
    log.error("schedules.bug", extra={"task": task.name}, exc_info=error)
    return RunState.FAILED, f"{type(error).__name__}; the log has the details."
