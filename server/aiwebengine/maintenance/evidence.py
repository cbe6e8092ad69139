"""Evidence for the items of the maintenance board.

Each function builds an `Evidence` for `Maintenance(…, evidence={"disk": disk(system), …})`. An item
without evidence is UNKNOWN until a person marks it done. To give an item evidence, add an entry to
that dictionary in `app/services.py`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiwebengine.access_reviews.service import AccessReviews
from aiwebengine.config_history.service import ConfigHistory
from aiwebengine.core.formats import count, day, duration, instant, size
from aiwebengine.core.identity import engine
from aiwebengine.database_admin.activity_types import OwnStatements
from aiwebengine.health.service import Health
from aiwebengine.health.types import EngineState, HealthState
from aiwebengine.jobs.service import Jobs
from aiwebengine.jobs.types import RunState
from aiwebengine.logs.service import Logs
from aiwebengine.logs.types import LogFilter, LogLevel
from aiwebengine.maintenance.service import Maintenance
from aiwebengine.maintenance.types import Evidence, Finding, MaintenanceState
from aiwebengine.sessions.tokens import Tokens
from aiwebengine.signing_keys.service import SigningKeys
from aiwebengine.telemetry.service import Telemetry
from aiwebengine.upgrades.packages import older_than_tested

OK = MaintenanceState.OK
ATTENTION = MaintenanceState.ATTENTION
MIN_FREE_SHARE = 0.10
MIN_FREE_BYTES = 1 << 30
MAX_SECRET_AGE = timedelta(days=90)


def health(checks: Health) -> Evidence:
    """Evidence of the state of the engine."""

    async def look() -> Finding:
        found = await checks.engine_state(engine())
        if found.state is EngineState.DOWN:
            why = "; ".join(f"{name}: {reason}" for name, reason in found.reasons.items())
            return Finding(f"Down. {why}.", ATTENTION)
        if found.state is EngineState.DEGRADED:
            failing = " ".join(f"{one.title}: {one.detail}" for one in found.failing)
            return Finding(f"Degraded. {failing}", ATTENTION)
        seen = Counter(one.state for one in checks.seen())
        return Finding(
            f"Healthy. {count(seen[HealthState.OK], 'check')} OK,"
            f" {count(seen[HealthState.WARNING], 'warning')}, {seen[HealthState.UNKNOWN]} unknown.",
            OK,
        )

    return look


def disk(system: Telemetry) -> Evidence:
    """Evidence of free disk space."""

    async def look() -> Finding:
        found = system.disk(engine())
        share = found.free_bytes / found.total_bytes
        is_low = share < MIN_FREE_SHARE or found.free_bytes < MIN_FREE_BYTES
        saw = f"{size(found.free_bytes)} of {size(found.total_bytes)} free ({share:.0%})"
        return Finding(f"{saw} at {found.path}.", ATTENTION if is_low else OK)

    return look


def database_size(system: Telemetry) -> Evidence:
    """Evidence that the disk has space for the second copy of the database that a restore needs."""

    async def look() -> Finding:
        taken = int((await system.database(engine())).size_bytes)
        free = int(system.disk(engine()).free_bytes)
        saw = f"The database uses {size(taken)}; {size(free)} of disk space is free."
        return Finding(saw, ATTENTION if taken > free else OK)

    return look


def performance(system: Telemetry) -> Evidence:
    """Evidence of request numbers since the start; a person reviews them."""

    async def look() -> Finding:
        found = await system.requests(engine())
        if not found.count or found.p95_ms is None:
            return Finding("No requests since the engine started.", MaintenanceState.UNKNOWN)
        saw = f"{count(found.count, 'request')} since the engine started, {found.errors} failed;"
        return Finding(f"{saw} p95 latency {duration(found.p95_ms / 1_000)}.", OK)

    return look


def task_done(schedules: Jobs, *names: str) -> Evidence:
    """Evidence of the last success of any of these tasks, or of a failed last run."""

    async def look() -> Finding:
        for name in names:
            newest = await schedules.newest(name)
            if newest is not None and newest.has_failed:
                when = day(newest.started_at)
                return Finding(f"{name} failed on {when}: {newest.result}", ATTENTION)
            if newest is not None and newest.state is RunState.RUNNING:
                break
        done = await schedules.newest_success(*names)
        if done is None:
            saw = f"Not done yet: {' or '.join(names)} has never run successfully."
            return by_schedule(schedules, saw, None, *names)
        saw = f"{day(done.started_at)}: {done.result}"
        return by_schedule(schedules, saw, done.ended_at, *names)

    return look


def by_schedule(schedules: Jobs, saw: str, done_at: datetime | None, *tasks: str) -> Finding:
    """Finding for work done at *done_at* by any of *tasks*, judged by their schedules."""
    active = [task for task in tasks if not schedules.is_off(task)]
    if not active:
        names = " and ".join(tasks)
        return Finding(
            f"{saw} The schedule of {names} is disabled.",
            MaintenanceState.UNKNOWN,
            done_at=done_at,
        )

    def next_after(at: datetime) -> datetime | None:
        dues = (schedules.next_due(task, at) for task in active)
        return min(due for due in dues if due is not None)

    return Finding(saw, done_at=done_at, next_after=next_after)


def dependencies(constraints: Path) -> Evidence:
    """Evidence that installed packages are not older than the tested versions."""

    async def look() -> Finding:
        older, known = await asyncio.to_thread(older_than_tested, constraints)
        if older:
            names = ", ".join(older[:5]) + (f" and {len(older) - 5} more" if len(older) > 5 else "")
            return Finding(
                f"{len(older)} of {known} packages are older than the tested versions: {names}.",
                ATTENTION,
            )
        return Finding(f"All {known} packages are at the tested versions or newer.", OK)

    return look


def secrets_age(keys: SigningKeys, settings: ConfigHistory, tokens: Tokens) -> Evidence:
    """Evidence of the age of signing keys and secrets, and of API tokens that never expire."""

    async def look() -> Finding:
        made = await keys.oldest_signing()
        ages = [("signing keys", made)] if made is not None else []
        ages += await settings.secrets()
        endless = await tokens.count_endless()
        never = f" API tokens that never expire: {endless}." if endless else ""
        if not ages:
            return Finding(f"There are no secrets yet.{never}")
        name, oldest = min(ages, key=lambda age: age[1])
        old = sum(time_since(at) > MAX_SECRET_AGE for _, at in ages)
        saw = f"Oldest of {count(len(ages), 'secret')}: {name}, from {day(oldest)};"
        saw += f" older than {MAX_SECRET_AGE.days} days: {old}.{never}"
        return Finding(saw, done_at=oldest)

    return look


def access_review(reviews: AccessReviews) -> Evidence:
    """Evidence of the last finished access review and the progress of the open one."""

    async def look() -> Finding:
        done, opened = await reviews.newest_finished(), await reviews.open_one()
        saw = "No access review has been finished yet."
        if done is not None and done.finished_at is not None:
            saw = f"Last review finished on {day(done.finished_at)} by {done.finished_by}:"
            saw += f" {done.kept} kept, {done.revoked} revoked."
        if opened is not None:
            saw += f" One review is open: {opened.left} of {opened.total} undecided."
        return Finding(saw, done_at=None if done is None else done.finished_at)

    return look


def time_since(instant: datetime) -> timedelta:
    """Time since *instant*."""
    return datetime.now(UTC) - instant


def errors_logged(logs: Logs, maintenance: Callable[[], Maintenance]) -> Evidence:
    """Evidence of the number of errors in the log since the review was last marked done."""

    async def look() -> Finding:
        since = await maintenance().last_ticked("error-logs")
        found = await logs.count(engine(), LogFilter(level=LogLevel.ERROR, since=since))
        errors = "Too many errors to count" if found is None else count(found, "error")
        when = "in the log" if since is None else f"since {instant(since)}"
        return Finding(f"{errors} {when}.")

    return look


def slow_statements(worst: OwnStatements) -> Evidence:
    """Evidence of the slowest statement of this process since it started."""

    async def look() -> Finding:
        slowest = max(worst(200), key=lambda one: one.longest_secs, default=None)
        if slowest is None:
            return Finding("No statement has run yet.")
        return Finding(f"Slowest statement: {duration(slowest.longest_secs)}. {slowest.sql[:120]}")

    return look
