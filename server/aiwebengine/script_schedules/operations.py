"""What `env.schedule` asks the engine for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from aiwebengine.core.errors import BadUserInput, Conflict, LimitExceeded
from aiwebengine.database import Database
from aiwebengine.script_calls.invocation import Invocation
from aiwebengine.script_calls.operations import Operations
from aiwebengine.script_schedules import plans, store
from aiwebengine.script_schedules.plans import Plan
from aiwebengine.script_schedules.types import MOST_SCHEDULES, Wanted
from aiwebengine.script_schedules.wanted import checked, checked_name, declared

MOST_LISTED = 1_000
"""Schedules that `list` returns."""


class ScheduleOperations:
    """Sets, cancels and lists the schedules of the script that asks.

    *wake_in* gets in how many seconds a schedule that was set is due.
    """

    def __init__(self, db: Database, wake_in: Callable[[float], None]) -> None:
        self._db = db
        self._wake_in = wake_in

    def add_to(self, operations: Operations) -> None:
        """Offer the operations."""
        operations.add("schedule.once", self.once)
        operations.add("schedule.every", self.every)
        operations.add("schedule.cron", self.cron)
        operations.add("schedule.cancel", self.cancel)
        operations.add("schedule.list", self.list)
        operations.add("schedule.register", self.register)
        operations.add("schedule.clear", self.clear)

    async def once(
        self,
        invocation: Invocation,
        name: str,
        at: Any,
        retries: int | None = None,
        *,
        body: bytes = b"",
    ) -> dict[str, Any]:
        """Run once at a time. Raises BadUserInput, Conflict, LimitExceeded."""
        now = await store.now(self._db)
        plan = plans.once_plan("schedule.once", at, now)
        return await self._set(invocation, "once", name, plan, body, retries, now)

    async def every(
        self,
        invocation: Invocation,
        name: str,
        interval: Any,
        start_at: Any = None,
        retries: int | None = None,
        *,
        body: bytes = b"",
    ) -> dict[str, Any]:
        """Run at equal intervals. Raises as `once` does."""
        now = await store.now(self._db)
        plan = plans.every_plan("schedule.every", interval, start_at)
        return await self._set(invocation, "every", name, plan, body, retries, now)

    async def cron(
        self,
        invocation: Invocation,
        name: str,
        expression: str,
        time_zone: str = "UTC",
        retries: int | None = None,
        *,
        body: bytes = b"",
    ) -> dict[str, Any]:
        """Run by the local time of a zone. Raises as `once` does."""
        now = await store.now(self._db)
        plan = plans.cron_plan("schedule.cron", expression, time_zone)
        return await self._set(invocation, "cron", name, plan, body, retries, now)

    async def cancel(self, invocation: Invocation, name: str) -> bool:
        """Cancel a schedule; False if there is none. Raises BadUserInput, Conflict."""
        checked_name("schedule.cancel", name)
        script_id = invocation.script.id
        async with invocation.writes():
            if await store.is_declared(self._db, script_id, name):
                raise _declared(name)
            return await store.cancel(self._db, script_id, name)

    async def list(self, invocation: Invocation, prefix: str = "") -> list[dict[str, Any]]:
        """The script's schedules whose names begin with *prefix*, at most 1,000, by name."""
        found = await store.stored(self._db, invocation.script.id, prefix, MOST_LISTED)
        return [one.as_json() for one in found]

    async def register(self, invocation: Invocation, entry: dict[str, Any]) -> dict[str, Any]:
        """Set a schedule of the classic form while a handler runs. Raises BadUserInput, Conflict,
        LimitExceeded.
        """
        now = await store.now(self._db)
        found = declared([entry], now)
        if not found or entry.get("kind") == "schedule":
            raise BadUserInput(
                f"schedule: found {entry.get('kind')!r:.100}; allowed: once, recurring."
            )
        return await self._keep(invocation, found[0], now)

    async def clear(self, invocation: Invocation) -> None:
        """Remove all schedules that handlers have set."""
        async with invocation.writes():
            await store.remove_set(self._db, invocation.script.id)

    async def _set(
        self,
        invocation: Invocation,
        operation: str,
        name: str,
        plan: Plan,
        body: bytes,
        retries: int | None,
        now: datetime,
    ) -> dict[str, Any]:
        data = body.decode("utf-8", "replace") or None
        wanted = checked(f"schedule.{operation}", name, plan, data, retries)
        return await self._keep(invocation, wanted, now)

    async def _keep(self, invocation: Invocation, wanted: Wanted, now: datetime) -> dict[str, Any]:
        async with invocation.writes():
            due = await self._store(invocation, wanted, now)
            seconds = (due - now).total_seconds()
            self._db.after_commit(lambda: self._wake_in(seconds))
        return {"name": wanted.name, "next": due.isoformat().replace("+00:00", "Z")}

    async def _store(self, invocation: Invocation, wanted: Wanted, now: datetime) -> datetime:
        script_id = invocation.script.id
        if await store.is_declared(self._db, script_id, wanted.name):
            raise _declared(wanted.name)
        due = await store.set_schedule(self._db, script_id, wanted, now, is_declared=False)
        if due is None:
            raise LimitExceeded(
                f"The script has {MOST_SCHEDULES:,} schedules; more are not allowed. Cancel some."
            )
        return due


def _declared(name: str) -> Conflict:
    return Conflict(
        f"The schedule {name} is declared by the script; it changes only with a deployment."
    )
