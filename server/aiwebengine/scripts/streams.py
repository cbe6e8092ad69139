"""Changes and log lines of scripts for subscribers, as long as they may read them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import cast

from aiwebengine.audit.authorized_stream import AuthorizedStream
from aiwebengine.audit.types import AuditAction, AuditEvent
from aiwebengine.core.background import end
from aiwebengine.core.identity import Viewer
from aiwebengine.scripts.log_types import ScriptLogFilter, ScriptLogLine
from aiwebengine.scripts.rights import Act, must_be_allowed
from aiwebengine.scripts.service import Scripts

_CHANGES_OWNERS = frozenset(
    {
        AuditAction.SCRIPT_OWNER_ADDED,
        AuditAction.SCRIPT_OWNER_REMOVED,
        AuditAction.SCRIPT_DELETED,
    }
)


class ScriptStreams:
    """What subscribers get; *following* checks their rights again when these may have changed."""

    def __init__(self, scripts: Scripts, following: AuthorizedStream) -> None:
        self._scripts = scripts
        self._following = following

    async def changes(self, viewer: Viewer, slug: str | None) -> AsyncIterator[AuditEvent]:
        """Events of the script *slug*, or of all scripts, from now on.

        Raises Unauthenticated and Forbidden (at once, or when the right is lost), Unavailable.
        """

        async def check(viewer: Viewer) -> None:
            must_be_allowed(viewer, Act.READ)

        async for event in self._following.events(viewer, check):
            if event.action.name.startswith("SCRIPT_") and slug in (None, event.target_label):
                yield event

    async def log(
        self, viewer: Viewer, slug: str, wanted: ScriptLogFilter
    ) -> AsyncIterator[ScriptLogLine]:
        """New lines of the log.

        Raises Unauthenticated and Forbidden (at once, or when the right is lost), NotFound (also
        when the script is deleted), BadUserInput, Unavailable.
        """
        script = await self._scripts.must_be_allowed_to(viewer, Act.READ_LOG, slug)
        follower = await self._scripts.follow_log(viewer, slug, wanted)
        right = asyncio.ensure_future(self._watch(viewer, slug, script.id))
        source = cast(AsyncGenerator[ScriptLogLine, None], follower.lines())
        async with aclosing(source) as lines:
            coming = asyncio.ensure_future(anext(lines))
            try:
                while True:
                    await asyncio.wait([right, coming], return_when=asyncio.FIRST_COMPLETED)
                    if right.done():
                        await right
                        return
                    yield coming.result()
                    coming = asyncio.ensure_future(anext(lines))
            finally:
                await end(right, coming)

    async def _watch(self, viewer: Viewer, slug: str, script_id: str) -> None:
        """Raise when the viewer loses the right to read the log."""

        async def check(viewer: Viewer) -> None:
            await self._scripts.must_be_allowed_to(viewer, Act.READ_LOG, slug)

        def may_matter(event: AuditEvent) -> bool:
            return event.action in _CHANGES_OWNERS and event.target_id == script_id

        async for _ in self._following.events(viewer, check, may_matter):
            pass
