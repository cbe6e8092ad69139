"""The GraphQL door of this room."""

import strawberry

from aiwebengine.graphql.context import Info
from aiwebengine.health.types import EngineStatus, HealthCheck


@strawberry.field
async def health_checks(info: Info) -> list[HealthCheck]:
    """Everything that must be well for the engine to work. Needs the role ADMINISTRATOR."""
    return await info.context.services.health.checks(info.context.viewer)


@strawberry.field
async def engine_state(info: Info) -> EngineStatus:
    """State of the engine: up, degraded or down. Needs the role ADMINISTRATOR."""
    return await info.context.services.health.engine_state(info.context.viewer)


queries = [health_checks, engine_state]
