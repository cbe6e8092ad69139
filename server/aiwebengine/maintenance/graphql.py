"""GraphQL operations of maintenance."""

import strawberry

from aiwebengine.core.identity import Role, Scope
from aiwebengine.core.rights import needs
from aiwebengine.graphql.context import Info
from aiwebengine.maintenance.types import MaintenanceBoard, MaintenanceItem


@strawberry.input
class TickMaintenanceItemInput:
    """The item to mark done.

    Attributes:
        name: the item's name.
        note: note for the audit trail, at most 500 characters.
    """

    name: str
    note: str | None = None


@strawberry.type
class MaintenanceItemPayload:
    """The item after it was marked done.

    Attributes:
        item: the updated item.
    """

    item: MaintenanceItem


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def maintenance(info: Info) -> MaintenanceBoard:
    """Recurring maintenance and its status."""
    return await info.context.services.maintenance.board(info.context.viewer)


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.OPS_WRITE)
async def tick_maintenance_item(
    info: Info, input: TickMaintenanceItemInput
) -> MaintenanceItemPayload:
    """Mark an item done; it is due again after its period.

    Args:
        input: which item.
    """
    return MaintenanceItemPayload(
        item=await info.context.services.maintenance.tick(
            info.context.viewer, input.name, input.note
        )
    )


queries = [maintenance]
mutations = [tick_maintenance_item]
