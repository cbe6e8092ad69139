"""The part that GraphQL has in each deployment."""

from __future__ import annotations

from uuid import UUID

from aiwebengine.script_graphql.names import GraphQLNames
from aiwebengine.scripts.activation import Activation, ActivationStep, Offered
from aiwebengine.scripts.types import Diagnostic


class GraphQLStep(ActivationStep):
    """Refuses versions whose fields can't be served, and gives the names to one script each."""

    def __init__(self, names: GraphQLNames) -> None:
        self._names = names

    async def check(self, offered: Offered) -> list[Diagnostic]:
        """Problems of the SDL, and names that other scripts have."""
        return await self._names.problems(offered.script_id, offered.registrations, offered.files)

    async def activate(self, activation: Activation) -> None:
        """Take the names. Raises NameTaken, Conflict."""
        await self._names.take(activation.script_id, activation.registrations)

    async def moved(self, script_id: UUID) -> None:
        """Check the names on the new host. Raises NameTaken."""
        await self._names.move(script_id)

    async def deleted(self, script_id: UUID) -> None:
        """Give the names back."""
        await self._names.release(script_id)
