"""Asks scripts again about open streams, when their answer may be another one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from aiwebengine.audit.event_bus import AuditEventBus, Reminder
from aiwebengine.core.errors import EngineError, Unavailable
from aiwebengine.script_streams.event_streams import EventStreams, OpenStream
from aiwebengine.script_streams.visits import Customizer, Refused

log = logging.getLogger(__name__)

AT_ONCE = 8
"""Scripts that are asked at the same time. Requests of visitors must not wait for long."""
RETRY_SECS = 1.0


class Renewal:
    """Ends streams whose script or user does not allow them any more, and renews their filters.

    The function of a stream is called again after another version of the script was deployed, and
    after the rights of the signed-in user changed.
    """

    def __init__(self, streams: EventStreams, customizer: Customizer, live: AuditEventBus) -> None:
        self._streams = streams
        self._customizer = customizer
        self._live = live
        # Whether the script must be asked even if the user is the same.
        self._due: dict[OpenStream, bool] = {}
        self._is_due = asyncio.Event()
        self._has_users = asyncio.Event()
        streams.on_open = self._opened

    async def run(self) -> None:
        """Renew until cancelled."""
        await asyncio.gather(self._follow_users(), *(self._renew_due() for _ in range(AT_ONCE)))

    def scripts_changed(self, script_ids: Collection[UUID]) -> None:
        """This worker serves other versions of these scripts, or none any more."""
        for stream in self._streams.open:
            if stream.visit.script_id in script_ids:
                self._look_at(stream, asks_script=True)

    async def check_users(self) -> None:
        """Look whether the users of all streams are still signed in."""
        for stream in self._streams.open:
            if stream.visit.user is not None:
                self._look_at(stream, asks_script=False)

    def _opened(self, stream: OpenStream) -> None:
        if stream.visit.user is not None:
            self._has_users.set()

    async def _follow_users(self) -> None:
        """Look at streams of users to whom something happened."""
        while True:
            await self._has_users.wait()
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
                users = self._streams_of_users()
                if not users:
                    # Nobody needs the events, which cost a query each.
                    self._has_users.clear()
                    return
                if isinstance(event, Reminder):
                    continue
                for stream in users.get(event.target_id or "", ()):
                    self._look_at(stream, asks_script=True)

    def _streams_of_users(self) -> dict[str, list[OpenStream]]:
        found: dict[str, list[OpenStream]] = {}
        for stream in self._streams.open:
            if stream.visit.user is not None:
                found.setdefault(stream.visit.user.id, []).append(stream)
        return found

    def _look_at(self, stream: OpenStream, *, asks_script: bool) -> None:
        self._due[stream] = self._due.get(stream, False) or asks_script
        self._is_due.set()

    async def _renew_due(self) -> None:
        while True:
            await self._is_due.wait()
            if not self._due:
                self._is_due.clear()
                continue
            stream = next(iter(self._due))
            asks_script = self._due.pop(stream)
            try:
                await self._renew(stream, asks_script=asks_script)
            except Unavailable:
                self._look_at(stream, asks_script=asks_script)
                await asyncio.sleep(RETRY_SECS)
            except EngineError:
                # The log of the script has the reason, and the client gets it when it reconnects.
                stream.connection.end()
            except Exception:
                log.exception("script_streams.renewal_bug")
                stream.connection.end()

    async def _renew(self, stream: OpenStream, *, asks_script: bool) -> None:
        if stream.connection.is_over:
            return
        visit = stream.visit
        handler = self._customizer.handler_of(visit.script_id, visit.pattern)
        user = None if visit.user is None else await visit.find_user()
        if handler is None or (visit.user is not None and user is None):
            stream.connection.end()
            return
        if not asks_script and user == visit.user and handler == visit.handler:
            return
        stream.visit = replace(visit, handler=handler, user=user)
        answer = await self._customizer.decide(stream.visit)
        if isinstance(answer, Refused):
            stream.connection.end()
        else:
            self._streams.change_filter(stream, answer)
