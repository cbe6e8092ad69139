"""GraphQL operations of telemetry."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import strawberry

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Role
from aiwebengine.core.rights import needs
from aiwebengine.graphql.context import Info
from aiwebengine.telemetry.service import PERIODS
from aiwebengine.telemetry.types import ScriptStats, StatsPeriod, SystemStats

MAX_INTERVAL_SECS = 60
MAX_SCRIPTS = 50


@strawberry.field
@needs(Role.ADMINISTRATOR)
def system_stats(info: Info) -> SystemStats:
    """Metrics of the engine."""
    info.context.viewer.must_be(Role.ADMINISTRATOR)
    return SystemStats(at=datetime.now(UTC))


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def script_stats(
    info: Info,
    period: StatsPeriod = StatsPeriod.HOUR,
    first: int = MAX_SCRIPTS,
    slugs: list[str] | None = None,
) -> list[ScriptStats]:
    """The scripts with the most requests, most first, then those that only have a process.

    Args:
        period: period of time, in slots of ten minutes.
        first: maximum number of scripts, 1 to 50.
        slugs: only these scripts, at most 50; null for all.
    """
    if not 1 <= first <= MAX_SCRIPTS:
        raise BadUserInput(f"first must be 1 to {MAX_SCRIPTS}; found {first}.")
    if slugs is not None and len(slugs) > MAX_SCRIPTS:
        raise BadUserInput(f"slugs: found {len(slugs)}; allowed: at most {MAX_SCRIPTS}.")
    seconds, _ = PERIODS[period]
    scripts = info.context.services.script_telemetry
    return await scripts.stats(info.context.viewer, seconds, first, slugs)


@needs(Role.ADMINISTRATOR)
async def _system_stats_followed(
    info: Info, interval_seconds: int = 5
) -> AsyncIterator[SystemStats]:
    """Metrics of the engine, at a regular interval.

    Args:
        interval_seconds: interval in seconds, 1 to 60.
    """
    viewer = info.context.viewer
    viewer.must_be(Role.ADMINISTRATOR)
    if not 1 <= interval_seconds <= MAX_INTERVAL_SECS:
        raise BadUserInput(
            f"intervalSeconds must be 1 to {MAX_INTERVAL_SECS}; found {interval_seconds}."
        )
    async for _ in info.context.services.following.ticks(viewer, interval_seconds):
        yield SystemStats(at=datetime.now(UTC))


system_stats_followed = strawberry.subscription(_system_stats_followed, name="systemStats")

queries = [system_stats, script_stats]
subscriptions = [system_stats_followed]
