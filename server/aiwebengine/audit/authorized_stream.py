"""New audit events for a viewer, for as long as the viewer may read them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import cast

from aiwebengine.audit.event_bus import AuditEventBus, Reminder
from aiwebengine.audit.types import AuditEvent
from aiwebengine.core.background import end
from aiwebengine.core.identity import Role, Viewer, ViewerSource

Check = Callable[[Viewer], Awaitable[object]]
"""Raises EngineError unless the viewer may read the events."""


class AuthorizedStream:
    """Delivers new events, and checks the subscriber's rights again when they may have changed.

    That is when an event concerns the subscriber, and when a session, token or role expires: one
    check per change, not one per event and subscriber.
    """

    def __init__(self, live: AuditEventBus, viewers: ViewerSource) -> None:
        self._live = live
        self._viewers = viewers

    async def events(
        self,
        viewer: Viewer,
        check: Check | None = None,
        may_matter: Callable[[AuditEvent], bool] = lambda _: False,
    ) -> AsyncIterator[AuditEvent]:
        """New events, as long as the viewer may read them.

        *check* raises when the viewer may not; without it only administrators may. It is called
        again after events that concern the viewer, and those of which *may_matter* is true.
        Raises Unauthenticated, Forbidden (at once, or when the right is lost), Unavailable, and
        what *check* raises.
        """
        check = check or _must_be_administrator
        await check(viewer)
        async with self._live.follow() as events:
            events.remind_in(_seconds_until(viewer.valid_until))
            ids = _ids_of(viewer)
            async for event in events:
                matters = not isinstance(event, Reminder) and may_matter(event)
                if matters or _may_change_rights(event, viewer, ids):
                    viewer = await self._viewers.refresh(viewer)
                    await check(viewer)
                    events.remind_in(_seconds_until(viewer.valid_until))
                if not isinstance(event, Reminder):
                    yield event

    async def ticks(self, viewer: Viewer, seconds: float) -> AsyncIterator[None]:
        """A tick at once and then every *seconds*, as long as the viewer may read events.

        Raises as `events` does.
        """
        async with aclosing(cast(AsyncGenerator[AuditEvent, None], self.events(viewer))) as events:
            coming = asyncio.ensure_future(anext(events))
            due = time.monotonic()
            try:
                while True:
                    await asyncio.wait([coming], timeout=max(0.0, due - time.monotonic()))
                    if coming.done():
                        # Raises when the right is lost.
                        coming.result()
                        coming = asyncio.ensure_future(anext(events))
                    elif time.monotonic() >= due:
                        yield None
                        due = time.monotonic() + seconds
            finally:
                await end(coming)


async def _must_be_administrator(viewer: Viewer) -> None:
    viewer.must_be(Role.ADMINISTRATOR)


def _may_change_rights(event: AuditEvent | Reminder, viewer: Viewer, ids: frozenset[str]) -> bool:
    """Whether the rights of the viewer, or of the creator of its token, may have changed.

    Also checks whether the viewer's rights have expired, because the reminder of that may be queued
    behind other events.
    """
    if isinstance(event, Reminder) or _has_ended(viewer.valid_until):
        return True
    return event.target_id in ids


def _ids_of(viewer: Viewer) -> frozenset[str]:
    return frozenset(str(one) for one in (viewer.id, viewer.token_maker_id) if one is not None)


def _has_ended(instant: datetime | None) -> bool:
    return instant is not None and instant <= datetime.now(UTC)


def _seconds_until(instant: datetime | None) -> float | None:
    """Seconds until *instant*, plus a little: the clocks of engine and PostgreSQL may differ."""
    if instant is None:
        return None
    return max(0.05, (instant - datetime.now(UTC)).total_seconds() + 0.01)
