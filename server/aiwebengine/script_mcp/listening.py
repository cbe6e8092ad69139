"""Notifies connected programs that lists of tools, prompts or resources have changed.

Protocol 2026-07-28: a program sends `subscriptions/listen`, and the answer is a stream of what
happens. Earlier versions need sessions for that, so there nothing is declared and nothing is sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiwebengine.core.background import end
from aiwebengine.core.errors import EngineError, RateLimited, Unavailable
from aiwebengine.core.identity import Scope
from aiwebengine.script_mcp.sources import McpCall
from aiwebengine.web.crowding import Places

log = logging.getLogger(__name__)

MOST_OF_USER = 8
"""Streams of one user in one worker."""
MOST_STREAMS = 1_000
"""Streams in one worker."""
CHECK_CALLER_SECS = 60.0
"""How often the token of a stream is checked."""
MOST_BUFFERED = 64
"""Changes that a program may be behind. Then its stream ends, and it listens again."""


class Listening:
    """The streams of this worker."""

    def __init__(self) -> None:
        self._places = Places(MOST_OF_USER)
        self._streams: set[_Stream] = set()
        self._is_ending = False

    def changed(self, slug: str, kinds: set[str]) -> None:
        """Lists of this script have changed: "tool", "prompt", "resource"."""
        if not self._streams:
            return
        from mcp.server import subscriptions

        events = {
            "tool": subscriptions.ToolsListChanged(),
            "prompt": subscriptions.PromptsListChanged(),
            "resource": subscriptions.ResourcesListChanged(),
        }
        for stream in list(self._streams):
            if stream.is_about(slug):
                for kind in sorted(kinds):
                    stream.notify(events[kind])

    def end_all(self) -> None:
        """End all streams because the engine stops; the programs listen again later."""
        self._is_ending = True
        for stream in list(self._streams):
            stream.close()

    async def listen(
        self, call: McpCall, check: Callable[[], Awaitable[object]], context: Any, params: Any
    ) -> Any:
        """Serve a stream until the program leaves, or *check* raises EngineError.

        Raises RateLimited for too many streams, Unavailable while the engine stops.
        """
        key = call.viewer.id
        if self._is_ending:
            raise Unavailable("The engine stops.")
        if len(self._streams) >= MOST_STREAMS or not self._places.take(key):
            raise RateLimited(f"A user has at most {MOST_OF_USER} streams.", retry_after=60)
        stream = _Stream(call)
        self._streams.add(stream)
        checking = asyncio.create_task(_close_when_refused(stream, check))
        try:
            # Contents of resources are not followed.
            wanted = params.notifications.model_copy(update={"resource_subscriptions": None})
            return await stream.serve(context, params.model_copy(update={"notifications": wanted}))
        finally:
            self._streams.discard(stream)
            self._places.leave(key)
            await end(checking)


class _Stream:
    """One stream; the bus of the package's handler."""

    def __init__(self, call: McpCall) -> None:
        from mcp.server.subscriptions import ListenHandler

        self._call = call
        self._handler = ListenHandler(self, max_buffered_events=MOST_BUFFERED)
        self.notify: Callable[[Any], None] = lambda _: None

    def is_about(self, slug: str) -> bool:
        """Whether the lists that its program sees include those of a script."""
        may_call = Scope.SCRIPTS_CALL in self._call.viewer.scopes
        return may_call and self._call.slug in (None, slug)

    def close(self) -> None:
        """End it, after what was sent before."""
        self._handler.close()

    async def serve(self, context: Any, params: Any) -> Any:
        """The last message, at its end."""
        return await self._handler(context, params)

    async def publish(self, event: Any) -> None:
        """For the package's interface."""
        self.notify(event)

    def subscribe(self, listener: Callable[[Any], None]) -> Callable[[], None]:
        """For the package's interface: its handler listens, once."""
        self.notify = listener
        return lambda: None


async def _close_when_refused(stream: _Stream, check: Callable[[], Awaitable[object]]) -> None:
    while True:
        await asyncio.sleep(CHECK_CALLER_SECS)
        try:
            await check()
        except Unavailable:
            continue
        except EngineError:
            stream.close()
            return
