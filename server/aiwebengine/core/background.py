"""Background tasks."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiwebengine.core.errors import Unavailable

log = logging.getLogger(__name__)

RETRY_EVERY_SECS = 1.0
CANCEL_AGAIN_AFTER_SECS = 1.0


async def once(function: Callable[[], Awaitable[object]]) -> None:
    """Call *function* until it succeeds: retry after Unavailable. Other exceptions propagate."""
    while True:
        try:
            await function()
        except Unavailable:
            await asyncio.sleep(RETRY_EVERY_SECS)
        else:
            return


async def repeatedly(seconds: float, function: Callable[[], Awaitable[object]]) -> None:
    """Call *function* forever, with a pause of *seconds*. Exceptions are logged."""
    while True:
        try:
            await function()
        except Unavailable:
            # Requests report the outage; this runs again later.
            log.debug("task.postponed")
        except Exception:
            log.exception("task.bug")
        await asyncio.sleep(seconds)


async def end(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks and wait until all have ended. Their exceptions are ignored.

    A library with a timeout can swallow a cancellation and continue, so tasks that are still
    running after CANCEL_AGAIN_AFTER_SECS are cancelled again.
    """
    running: Iterable[asyncio.Future[Any]] = tasks
    while running:
        for task in running:
            task.cancel()
        _, running = await asyncio.wait(running, timeout=CANCEL_AGAIN_AFTER_SECS)
    # Retrieves the exceptions; asyncio would log them otherwise.
    await asyncio.gather(*tasks, return_exceptions=True)
