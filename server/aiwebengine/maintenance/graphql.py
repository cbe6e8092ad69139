"""The GraphQL door of this room."""

import strawberry

from aiwebengine.core.identity import Role, Scope
from aiwebengine.core.rights import needs
from aiwebengine.graphql.context import Info
from aiwebengine.maintenance.types import MaintenanceBoard, MaintenanceItem


@strawberry.input
class TickMaintenanceItemInput:
    """What was done.

    Attributes:
        name: the item's name.
        note: what was found or done; at most 500 characters.
    """

    name: str
    note: str | None = None


@strawberry.type
class MaintenanceItemPayload:
    """What came of a tick.

    Attributes:
        item: the item as it is now.
    """

    item: MaintenanceItem


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def maintenance(info: Info) -> MaintenanceBoard:
    """What has to be done again and again, and how it stands."""
    return await info.context.services.maintenance.board(info.context.viewer)


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.OPS_WRITE)
async def tick_maintenance_item(
    info: Info, input: TickMaintenanceItemInput
) -> MaintenanceItemPayload:
    """Say that an item was done; it falls due again.

    Args:
        input: which one.
    """
    return MaintenanceItemPayload(
        item=await info.context.services.maintenance.tick(
            info.context.viewer, input.name, input.note
        )
    )


queries = [maintenance]
mutations = [tick_maintenance_item]
