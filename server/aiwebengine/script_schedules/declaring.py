"""Keeps the schedules that the active version of a script declares."""

from __future__ import annotations

from aiwebengine.core.errors import BadUserInput
from aiwebengine.database import Database
from aiwebengine.script_schedules import store, wanted
from aiwebengine.scripts.activation import Activation, ActivationStep, Offered
from aiwebengine.scripts.types import Diagnostic, Severity

MOST_NAMED = 20
"""Warnings about names."""


class DeclaredSchedules(ActivationStep):
    """The part of a deployment that is about schedules."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def check(self, offered: Offered) -> list[Diagnostic]:
        """What is wrong with the schedules of a version."""
        try:
            now = await store.now(self._db)
            wanted.declared(offered.registrations, now)
            replaced = wanted.replaced(offered.registrations, now)
        except BadUserInput as error:
            return [Diagnostic(severity=Severity.ERROR, message=error.message)]
        return [_replaced(name) for name in replaced[:MOST_NAMED]]

    async def activate(self, activation: Activation) -> None:
        """Store what a version declares, in the caller's transaction.

        A schedule whose plan is the same keeps its next time. What handlers have set stays, unless
        `init()` clears it or the version declares it. Raises BadUserInput.
        """
        script_id, registrations = activation.script_id, activation.registrations
        now = await store.now(self._db)
        declared = wanted.declared(registrations, now)
        if wanted.clears(registrations):
            await store.remove_set(self._db, script_id)
        await store.remove_declared(self._db, script_id, [one.name for one in declared])
        for one in declared:
            if await store.set_schedule(self._db, script_id, one, now, is_declared=True) is None:
                raise BadUserInput(
                    f"schedules: the script has too many; {one.name} can't be added. Cancel some."
                )


def _replaced(name: str) -> Diagnostic:
    return Diagnostic(
        severity=Severity.WARNING,
        message=(
            f"schedulerService: two schedules have the name {name!r:.120}, and only the later one"
            " runs. Give each its own name: { name, handler, … }."
        ),
    )
