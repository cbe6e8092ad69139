"""Keeps which messages the active version of a script receives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from aiwebengine.core.errors import BadUserInput
from aiwebengine.database import Database
from aiwebengine.script_messages import store
from aiwebengine.script_messages.listening import handlers_of, is_deaf
from aiwebengine.scripts.types import Diagnostic, Severity


class DeclaredListeners:
    """The part of a deployment that is about messages."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def problems(self, registrations: Sequence[Mapping[str, Any]]) -> list[Diagnostic]:
        """What is wrong with the listeners of a version."""
        try:
            if is_deaf(registrations):
                message = 'message is never called; export const messages = ["type"] as well'
                return [Diagnostic(severity=Severity.WARNING, message=message)]
        except BadUserInput as error:
            return [Diagnostic(severity=Severity.ERROR, message=error.message)]
        return []

    async def replace(self, script_id: UUID, registrations: Sequence[Mapping[str, Any]]) -> None:
        """Store what a version receives, in the caller's transaction. Raises BadUserInput."""
        await store.set_listeners(self._db, script_id, handlers_of(registrations))
