"""The GraphQL door of this room."""

from datetime import UTC, datetime

import strawberry

from aiwebengine.context import Info
from aiwebengine.system.types import SystemStats
from aiwebengine.users.types import Role


@strawberry.field
def system_stats(info: Info) -> SystemStats:
    """How the engine is doing. Needs the role ADMINISTRATOR."""
    info.context.viewer.must_be(Role.ADMINISTRATOR)
    return SystemStats(at=datetime.now(UTC))


queries = [system_stats]
