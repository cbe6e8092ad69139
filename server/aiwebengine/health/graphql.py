"""GraphQL queries of health."""

import strawberry

from aiwebengine.core.identity import Role
from aiwebengine.core.rights import needs
from aiwebengine.graphql.context import Info
from aiwebengine.health.types import EngineStatus, HealthCheck


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def health_checks(info: Info) -> list[HealthCheck]:
    """All health checks with their state."""
    return await info.context.services.health.checks(info.context.viewer)


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def engine_state(info: Info) -> EngineStatus:
    """State of the engine: up, degraded or down."""
    return await info.context.services.health.engine_state(info.context.viewer)


queries = [health_checks, engine_state]
