"""Asks scripts again about open connections, when their answer may be another one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Protocol
from uuid import UUID

from aiwebengine.audit.event_bus import AuditEventBus, Reminder
from aiwebengine.core.errors import EngineError, Unavailable
from aiwebengine.script_streams.visits import Customizer, OpenConnection

log = logging.getLogger(__name__)

AT_ONCE = 8
"""Scripts that are asked at the same time. Requests of visitors must not wait for long."""
RETRY_SECS = 1.0


class HasConnections(Protocol):
    """What has open connections of one kind."""

    on_open: Callable[[], None]

    @property
    def open(self) -> Sequence[OpenConnection]:
        """Those that are open."""


class Renewal:
    """Ends connections whose script or user does not allow them any more, and renews the others.

    That is after another version of the script was deployed, and after something happened to the
    signed-in user.
    """

    def __init__(
        self, kinds: Sequence[HasConnections], customizer: Customizer, live: AuditEventBus
    ) -> None:
        self._kinds = kinds
        self._customizer = customizer
        self._live = live
        # Whether the script must be asked even if the user is the same.
        self._due: dict[OpenConnection, bool] = {}
        self._is_due = asyncio.Event()
        self._may_have_users = asyncio.Event()
        for kind in kinds:
            kind.on_open = self._may_have_users.set

    async def run(self) -> None:
        """Renew until cancelled."""
        await asyncio.gather(self._follow_users(), *(self._renew_due() for _ in range(AT_ONCE)))

    def scripts_changed(self, script_ids: Collection[UUID]) -> None:
        """This worker serves other versions of these scripts, or none any more."""
        for connection in self._open():
            if connection.visit.script_id in script_ids:
                self._look_at(connection, asks_script=True)

    async def check_users(self) -> None:
        """Look whether the users of all connections are still signed in."""
        for connection in self._open():
            if connection.visit.user is not None:
                self._look_at(connection, asks_script=False)

    def _open(self) -> Iterator[OpenConnection]:
        for kind in self._kinds:
            yield from kind.open

    async def _follow_users(self) -> None:
        """Look at connections of users to whom something happened."""
        while True:
            await self._may_have_users.wait()
            try:
                await self._follow_events()
            except Unavailable:
                # Events were missed. Those of the next round come after this check.
                await self.check_users()

    async def _follow_events(self) -> None:
        async with self._live.follow() as events:
            # What happened before this was not seen.
            await self.check_users()
            async for event in events:
                users = self._connections_of_users()
                if not users:
                    # Nobody needs the events, which cost a query each.
                    self._may_have_users.clear()
                    return
                if isinstance(event, Reminder):
                    continue
                for connection in users.get(event.target_id or "", ()):
                    self._look_at(connection, asks_script=True)

    def _connections_of_users(self) -> dict[str, list[OpenConnection]]:
        found: dict[str, list[OpenConnection]] = {}
        for connection in self._open():
            if connection.visit.user is not None:
                found.setdefault(connection.visit.user.id, []).append(connection)
        return found

    def _look_at(self, connection: OpenConnection, *, asks_script: bool) -> None:
        self._due[connection] = self._due.get(connection, False) or asks_script
        self._is_due.set()

    async def _renew_due(self) -> None:
        while True:
            await self._is_due.wait()
            if not self._due:
                self._is_due.clear()
                continue
            connection = next(iter(self._due))
            asks_script = self._due.pop(connection)
            try:
                await self._renew(connection, asks_script=asks_script)
            except Unavailable:
                self._look_at(connection, asks_script=asks_script)
                await asyncio.sleep(RETRY_SECS)
            except EngineError:
                # The log of the script has the reason, and the client gets it when it reconnects.
                connection.end()
            except Exception:
                log.exception("script_streams.renewal_bug")
                connection.end()

    async def _renew(self, connection: OpenConnection, *, asks_script: bool) -> None:
        if connection.is_over:
            return
        visit = connection.visit
        handler = self._customizer.handler_of(visit.script_id, visit.kind, visit.pattern)
        user = None if visit.user is None else await visit.find_user()
        if handler is None or (visit.user is not None and user is None):
            connection.end()
        elif asks_script or user != visit.user or handler != visit.handler:
            await connection.renew(replace(visit, handler=handler, user=user))
