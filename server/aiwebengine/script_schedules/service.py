"""Schedules of scripts: what people see of them, and the runs that they ask for."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction
from aiwebengine.core.errors import Conflict, NotFound
from aiwebengine.core.identity import Viewer
from aiwebengine.database import Database
from aiwebengine.script_schedules import reading_store as store
from aiwebengine.script_schedules.types import ScriptSchedule, ScriptScheduleRun
from aiwebengine.scripts.access import FindsScripts, label_of, target_of
from aiwebengine.scripts.rights import Act


class ScriptSchedules:
    """The schedules of all scripts, for people. All raise Unauthenticated, Forbidden, NotFound."""

    def __init__(self, db: Database, audit: AuditTrail, scripts: FindsScripts) -> None:
        self._db = db
        self._audit = audit
        self._scripts = scripts
        self.wake: Callable[[], None] = lambda: None
        """Called when something is due now."""

    async def page(
        self, viewer: Viewer, slug: str, after: str | None, first: int
    ) -> list[ScriptSchedule]:
        """Schedules by name; one more than *first* when another page follows."""
        script = await self._scripts.must_be_allowed_to(viewer, Act.READ_LOG, slug)
        return await store.schedules(self._db, script.key, after, first + 1)

    async def count(self, viewer: Viewer, slug: str) -> int:
        """Number of schedules of a script."""
        script = await self._scripts.must_be_allowed_to(viewer, Act.READ_LOG, slug)
        return await store.count_schedules(self._db, script.key)

    async def runs(
        self, viewer: Viewer, slug: str, name: str | None, before: int | None, first: int
    ) -> list[ScriptScheduleRun]:
        """Runs below the number *before*, newest first; one more than *first* when another page
        follows.
        """
        script = await self._scripts.must_be_allowed_to(viewer, Act.READ_LOG, slug)
        return await store.runs(self._db, script.key, name, before, first + 1)

    async def count_runs(self, viewer: Viewer, slug: str, name: str | None) -> int:
        """Number of runs whose records are kept."""
        script = await self._scripts.must_be_allowed_to(viewer, Act.READ_LOG, slug)
        return await store.count_runs(self._db, script.key, name)

    async def run_now(self, viewer: Viewer, slug: str, name: str) -> ScriptSchedule:
        """Run a schedule outside of its plan; a run that is due once is done then.

        Raises Conflict if its run is in progress, or the script can't run.
        """
        script = await self._scripts.must_be_allowed_to(viewer, Act.RUN, slug)
        if script.active_version is None or script.suspended_at is not None:
            raise Conflict(
                f"{slug} is {script.current_state.value}; only schedules of active scripts run."
            )
        async with self._db.transaction():
            await self._existing(script.key, slug, name)
            if not await store.ask_for_run(self._db, script.key, name, label_of(viewer)):
                raise Conflict(f"The schedule {name} is running already. Wait for its end.")
            await self._audit.record(
                viewer,
                AuditAction.SCRIPT_SCHEDULE_STARTED,
                target_of(script),
                after={"schedule": name},
            )
            schedule = await self._existing(script.key, slug, name)
        self.wake()
        return schedule

    async def _existing(self, script_id: UUID, slug: str, name: str) -> ScriptSchedule:
        schedule = await store.find(self._db, script_id, name)
        if schedule is None:
            raise NotFound(f"The script {slug} has no schedule {name[:100]!r}.")
        return schedule
