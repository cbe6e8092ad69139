"""GraphQL operations of telemetry."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import strawberry

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Role
from aiwebengine.core.rights import needs
from aiwebengine.graphql.context import Info
from aiwebengine.telemetry.types import SystemStats

MAX_INTERVAL_SECS = 60


@strawberry.field
@needs(Role.ADMINISTRATOR)
def system_stats(info: Info) -> SystemStats:
    """Metrics of the engine."""
    info.context.viewer.must_be(Role.ADMINISTRATOR)
    return SystemStats(at=datetime.now(UTC))


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

queries = [system_stats]
subscriptions = [system_stats_followed]
