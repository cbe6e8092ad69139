"""What can be seen of the items of the board.

Each function here makes an `Evidence` for `Maintenance(…, evidence={"disk": disk(system), …})`. A
line without one says UNKNOWN and can be ticked off by a person; another room gives a line evidence
by one more entry in that dictionary, in `app.py`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path

from aiwebengine.auth.tokens import Tokens
from aiwebengine.health.service import Health
from aiwebengine.keys.service import Keys
from aiwebengine.maintenance.types import Evidence, Finding, MaintenanceState
from aiwebengine.reviews.service import Reviews
from aiwebengine.schedules.service import Schedules
from aiwebengine.schedules.types import RunState
from aiwebengine.settings.service import Settings
from aiwebengine.system.service import System
from aiwebengine.viewer import engine

OK = MaintenanceState.OK
ATTENTION = MaintenanceState.ATTENTION
LEAST_FREE_SHARE = 0.10
LEAST_FREE_BYTES = 1 << 30
OLD_SECRET = timedelta(days=90)


def health(checks: Health, pending: Callable[[], list[str]]) -> Evidence:
    """Whether the engine is well, and no migration is *pending* (which blocks)."""

    async def look() -> Finding:
        trouble = await checks.trouble()
        if trouble is not None:
            return Finding(f"The database: {trouble}.", ATTENTION)
        due = await asyncio.to_thread(pending)
        if due:
            return Finding(f"Migrations are pending: {', '.join(due)}.", ATTENTION)
        return Finding("The database answers, and no migration is pending.", OK)

    return look


def disk(system: System) -> Evidence:
    """Whether the disk has room."""

    async def look() -> Finding:
        found = system.disk(engine())
        share = found.free_bytes / found.total_bytes
        is_low = share < LEAST_FREE_SHARE or found.free_bytes < LEAST_FREE_BYTES
        saw = f"{_size(found.free_bytes)} of {_size(found.total_bytes)} are free ({share:.0%})"
        return Finding(f"{saw} at {found.path}.", ATTENTION if is_low else OK)

    return look


def database_size(system: System) -> Evidence:
    """Whether a second copy of the database, which a restore needs, has room on the disk."""

    async def look() -> Finding:
        size = (await system.database(engine())).size_bytes
        free = system.disk(engine()).free_bytes
        saw = f"The database takes {_size(size)}; {_size(free)} of the disk are free."
        return Finding(saw, ATTENTION if size > free else OK)

    return look


def performance(system: System) -> Evidence:
    """What was answered since the start; a person says whether it is good enough."""

    async def look() -> Finding:
        found = await system.requests(engine())
        if not found.count:
            return Finding("No request was answered yet.", MaintenanceState.UNKNOWN)
        saw = f"{found.count} requests since the start, {found.errors} failed;"
        return Finding(f"{saw} 95 of 100 took at most {found.p95_ms:.0f} ms.", OK)

    return look


def task_done(schedules: Schedules, *names: str) -> Evidence:
    """When any of these tasks last did its work; whether the newest run failed."""

    async def look() -> Finding:
        for name in names:
            newest = await schedules.newest(name)
            if newest is not None and newest.has_failed:
                when = _day(newest.started_at)
                return Finding(f"{name} did not succeed on {when}: {newest.result}", ATTENTION)
            if newest is not None and newest.state is RunState.RUNNING:
                break
        done = await schedules.newest_success(*names)
        if done is None:
            return Finding(f"Not done yet: {' or '.join(names)} has never run to its end.")
        return Finding(f"{_day(done.started_at)}: {done.result}", done_at=done.ended_at)

    return look


def dependencies(constraints: Path) -> Evidence:
    """Whether what is installed is older than the set that this version was tested with."""

    async def look() -> Finding:
        older, known = await asyncio.to_thread(older_than_tested, constraints)
        if older:
            told = ", ".join(older[:5]) + (f" and {len(older) - 5} more" if len(older) > 5 else "")
            return Finding(f"{len(older)} of {known} packages are older: {told}.", ATTENTION)
        return Finding(f"All {known} packages are as new as the tested ones, or newer.", OK)

    return look


def older_than_tested(constraints: Path) -> tuple[list[str], int]:
    """The installed packages that are older than their line says, and how many are installed."""
    older, known = [], 0
    for name, tested in re.findall(r"^([\w.-]+)==(\S+)", constraints.read_text(), re.MULTILINE):
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            # Only needed for tests, or on another system.
            continue
        known += 1
        if _release(installed) < _release(tested):
            older.append(f"{name} {installed} (tested: {tested})")
    return older, known


def secrets_age(keys: Keys, settings: Settings, tokens: Tokens) -> Evidence:
    """The age of the signing keys and of the secrets in the configuration; endless API tokens."""

    async def look() -> Finding:
        made = await keys.oldest_signing()
        ages = [("signing keys", made)] if made is not None else []
        ages += await settings.secrets()
        endless = await tokens.count_endless()
        never = f" API tokens that never expire: {endless}." if endless else ""
        if not ages:
            return Finding(f"There are no secrets yet.{never}", OK)
        name, oldest = min(ages, key=lambda age: age[1])
        old = sum(now_since(at) > OLD_SECRET for _, at in ages)
        saw = f"The oldest of {len(ages)}: {name}, since {_day(oldest)};"
        saw += f" {old} are older than {OLD_SECRET.days} days.{never}"
        return Finding(saw, done_at=oldest)

    return look


def access_review(reviews: Reviews) -> Evidence:
    """When the last access review was finished, and how far the open one is."""

    async def look() -> Finding:
        done, opened = await reviews.newest_finished(), await reviews.open_one()
        saw = "There was none yet."
        if done is not None and done.finished_at is not None:
            saw = f"The last, on {_day(done.finished_at)} by {done.finished_by},"
            saw += f" kept {done.kept} and revoked {done.revoked}."
        if opened is not None:
            saw += f" One is open: {opened.left} of {opened.total} are to be decided."
        return Finding(saw, done_at=None if done is None else done.finished_at)

    return look


def now_since(instant: datetime) -> timedelta:
    """How long ago."""
    return datetime.now(UTC) - instant


def _release(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with; enough to tell which is older."""
    match = re.match(r"(?:\d+!)?(\d+(?:\.\d+)*)", version)
    numbers = [int(part) for part in match[1].split(".")] if match else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _size(size: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1_000:
            return f"{size:.0f} {unit}"
        size /= 1_000
    return f"{size:.1f} TB"


def _day(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%d}"
