"""The GraphQL door of this room."""

import strawberry

from aiwebengine.core.identity import Role
from aiwebengine.core.rights import needs
from aiwebengine.graphql.context import Info
from aiwebengine.migrations.types import Migration


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def migrations(info: Info) -> list[Migration]:
    """Every step of the tables' history, oldest first."""
    return await info.context.services.migrations.all(info.context.viewer)


queries = [migrations]
