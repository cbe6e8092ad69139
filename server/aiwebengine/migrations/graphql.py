"""GraphQL operations for migrations."""

import strawberry

from aiwebengine.core.identity import Role
from aiwebengine.core.rights import needs
from aiwebengine.graphql.context import Info
from aiwebengine.migrations.types import Migration


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def migrations(info: Info) -> list[Migration]:
    """All schema migrations, oldest first."""
    return await info.context.services.migrations.all(info.context.viewer)


queries = [migrations]
