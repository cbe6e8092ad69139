"""Following the trail for as long as one may."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import cast

from aiwebengine.audit.event_bus import AuditEventBus
from aiwebengine.audit.types import AuditEvent
from aiwebengine.core.background import end
from aiwebengine.core.identity import Role, Viewer, ViewerSource


class AuthorizedStream:
    """Hands out new events, and looks again at the follower's right when it may have changed.

    That is when an event concerns the follower, and when a session, token or role comes to its
    end by itself: one look per change, not one per event and follower.
    """

    def __init__(self, live: AuditEventBus, viewers: ViewerSource) -> None:
        self._live = live
        self._viewers = viewers

    async def events(self, viewer: Viewer) -> AsyncIterator[AuditEvent]:
        """Every event from now on, until the viewer may not see them any more.

        Raises Unauthenticated, Forbidden (at once, or when the right is lost), Unavailable.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        async with self._live.follow() as events:
            while True:
                try:
                    async with asyncio.timeout(_seconds_until(viewer.valid_until)):
                        event = await anext(events)
                except TimeoutError:
                    viewer = await self._checked(viewer)
                    continue
                if _concerns(event, viewer) or _has_ended(viewer.valid_until):
                    viewer = await self._checked(viewer)
                yield event

    async def ticks(self, viewer: Viewer, seconds: float) -> AsyncIterator[None]:
        """At once and then every *seconds*, until the viewer may not see anything any more.

        Raises as `events` does.
        """
        async with aclosing(cast(AsyncGenerator[AuditEvent, None], self.events(viewer))) as events:
            coming = asyncio.ensure_future(anext(events))
            due = time.monotonic()
            try:
                while True:
                    await asyncio.wait([coming], timeout=max(0.0, due - time.monotonic()))
                    if coming.done():
                        # Whose right is lost learns it here.
                        coming.result()
                        coming = asyncio.ensure_future(anext(events))
                    elif time.monotonic() >= due:
                        yield None
                        due = time.monotonic() + seconds
            finally:
                await end(coming)

    async def _checked(self, viewer: Viewer) -> Viewer:
        now = await self._viewers.refresh(viewer)
        now.must_be(Role.ADMINISTRATOR)
        return now


def _concerns(event: AuditEvent, viewer: Viewer) -> bool:
    """Whether the event may change what the viewer, or the maker of its token, may do."""
    if event.target_id is None:
        return False
    return event.target_id in (str(viewer.id), str(viewer.token_maker_id))


def _has_ended(instant: datetime | None) -> bool:
    """Events that come faster than they are read leave no pause for the timeout."""
    return instant is not None and instant <= datetime.now(UTC)


def _seconds_until(instant: datetime | None) -> float | None:
    """Never less than a moment: the clocks of this machine and of PostgreSQL may differ."""
    if instant is None:
        return None
    return max(0.05, (instant - datetime.now(UTC)).total_seconds() + 0.01)
