"""Notices that a visitor has left: nobody needs the answer any more."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from starlette.requests import ClientDisconnect

from aiwebengine.script_routes.requests import RequestBody

# Most calls are over before: a task for each would cost more than they do.
LOOK_AFTER_SECS = 0.5


class UntilDisconnect:
    """A block that ends with ClientDisconnect when the visitor of a request has left.

    *body* is that of the request. As long as it is read, its reader notices by itself.
    """

    def __init__(self, body: RequestBody) -> None:
        self._body = body
        self._loop = asyncio.get_running_loop()
        self._watch: asyncio.Task[None] | None = None
        self._has_left = False

    def __enter__(self) -> Self:
        self._task = asyncio.current_task()
        self._timer = self._loop.call_later(LOOK_AFTER_SECS, self._look)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        if self._watch is not None:
            self._watch.cancel()
        if not self._has_left or self._task is None:
            return
        # As asyncio.timeout does: a cancellation by somebody else continues.
        if self._task.uncancel() == 0 and kind is asyncio.CancelledError:
            raise ClientDisconnect from error

    def _look(self) -> None:
        if self._body.is_read:
            self._watch = self._loop.create_task(self._wait())
        else:
            self._timer = self._loop.call_later(LOOK_AFTER_SECS, self._look)

    async def _wait(self) -> None:
        await self._body.abandoned()
        self._has_left = True
        if self._task is not None:
            self._task.cancel()
