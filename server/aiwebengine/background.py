"""Work that goes on beside the requests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiwebengine.errors import Unavailable

log = logging.getLogger(__name__)

RETRY_EVERY_SECS = 1.0


async def once(verb: Callable[[], Awaitable[object]]) -> None:
    """Do it, however often it takes."""
    while True:
        try:
            await verb()
        except Unavailable:
            await asyncio.sleep(RETRY_EVERY_SECS)
        else:
            return


async def repeatedly(seconds: float, verb: Callable[[], Awaitable[object]]) -> None:
    """Do it for ever, with *seconds* of rest in between; a failure is logged and tried again."""
    while True:
        try:
            await verb()
        except Unavailable:
            # Said once by whoever answers requests; this comes round again.
            log.debug("task.postponed")
        except Exception:
            log.exception("task.bug")
        await asyncio.sleep(seconds)
