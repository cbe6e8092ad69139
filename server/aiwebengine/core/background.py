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
            # Requests report the outage; this runs again later.
            log.debug("task.postponed")
        except Exception:
            log.exception("task.bug")
        await asyncio.sleep(seconds)


async def end(*tasks: asyncio.Future[Any]) -> None:
    """Cancel these and wait until they are over, however they end.

    A library with a timeout can swallow a cancellation and continue, so tasks that still run after
    a moment are cancelled again.
    """
    going_on: Iterable[asyncio.Future[Any]] = tasks
    while going_on:
        for task in going_on:
            task.cancel()
        _, going_on = await asyncio.wait(going_on, timeout=CANCEL_AGAIN_AFTER_SECS)
    # What they still had to say comes too late; asked for, it is not complained about.
    await asyncio.gather(*tasks, return_exceptions=True)
