"""The GraphQL door of this room."""

import strawberry

from aiwebengine.graphql.context import Info
from aiwebengine.migrations.types import Migration


@strawberry.field
async def migrations(info: Info) -> list[Migration]:
    """Every step of the tables' history, oldest first. Needs the role ADMINISTRATOR."""
    return await info.context.services.migrations.all(info.context.viewer)


queries = [migrations]
