"""Keeps which messages the active version of a script receives."""

from __future__ import annotations

from aiwebengine.core.errors import BadUserInput
from aiwebengine.database import Database
from aiwebengine.script_messages import store
from aiwebengine.script_messages.listening import handlers_of, has_handler
from aiwebengine.scripts.activation import Activation, ActivationStep, Offered
from aiwebengine.scripts.types import Diagnostic, Severity


class DeclaredListeners(ActivationStep):
    """The part of a deployment that is about messages."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def check(self, offered: Offered) -> list[Diagnostic]:
        """What is wrong with the listeners of a version."""
        try:
            if not handlers_of(offered.registrations) and has_handler(offered.registrations):
                message = 'message is never called; export const messages = ["type"] as well'
                return [Diagnostic(severity=Severity.WARNING, message=message)]
        except BadUserInput as error:
            return [Diagnostic(severity=Severity.ERROR, message=error.message)]
        return []

    async def activate(self, activation: Activation) -> None:
        """Store what a version receives, in the caller's transaction. Raises BadUserInput."""
        handlers = handlers_of(activation.registrations)
        await store.set_listeners(self._db, activation.script_id, handlers)
