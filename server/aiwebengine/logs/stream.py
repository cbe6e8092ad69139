"""A stream of new log entries that ends when the viewer loses the right to read them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiwebengine.audit.authorized_stream import AuthorizedStream
from aiwebengine.core.background import end
from aiwebengine.core.identity import Viewer
from aiwebengine.logs.service import Logs
from aiwebengine.logs.tail import Tail
from aiwebengine.logs.types import LogEntry, LogFilter


class LogStream:
    """Streams new log entries of this instance; *following* raises when the right is lost."""

    def __init__(self, logs: Logs, tail: Tail, following: AuthorizedStream) -> None:
        self._logs = logs
        self._tail = tail
        self._following = following

    async def entries(self, viewer: Viewer, wanted: LogFilter) -> AsyncIterator[LogEntry]:
        """New matching entries.

        A reader that is too slow misses entries; `skipped_before` of the next entry has their
        number. Raises Unauthenticated and Forbidden (at once, or when the right is lost),
        BadUserInput, Conflict.
        """
        ready = self._logs.ready(viewer, wanted)
        async with self._tail.follow(ready) as lines:
            right = asyncio.ensure_future(self._watch(viewer))
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

    async def _watch(self, viewer: Viewer) -> None:
        """Raise when the viewer loses the right to read the log."""
        async for _ in self._following.events(viewer):
            pass
