"""What a deployment does about the tools, prompts and resources of a script."""

from __future__ import annotations

from uuid import UUID

from aiwebengine.database import Database
from aiwebengine.script_mcp import store
from aiwebengine.script_mcp.offers import offers_of
from aiwebengine.scripts.activation import Activation, ActivationStep, Offered
from aiwebengine.scripts.types import Diagnostic


class McpActivation(ActivationStep):
    """Checks what a version offers, and keeps its names for the script."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def check(self, offered: Offered) -> list[Diagnostic]:
        """An error for each tool, prompt and resource that can't be offered."""
        _, problems = offers_of(offered.registrations)
        return problems

    async def activate(self, activation: Activation) -> None:
        """Claim the names of the version, and free those that it no longer has."""
        offers, _ = offers_of(activation.registrations)
        for kind, found in (("tool", offers.tools), ("prompt", offers.prompts)):
            await store.claim_names(self._db, kind, sorted(found), activation.script_id)

    async def deleted(self, script_id: UUID) -> None:
        """Free the names of the script."""
        await store.release_names(self._db, script_id)
