"""An advisory lock that shows that a process is alive."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

import asyncpg

log = logging.getLogger(__name__)

PAUSE_SECS = 1.0


async def hold_lock(
    url: str, kind: int, number: int, on_change: Callable[[bool], None] | None = None
) -> None:
    """Hold the advisory lock (*kind*, *number*) until cancelled, on a separate connection.

    After the connection is lost, it connects and takes the lock again. *on_change* gets whether it
    is held now.
    """
    report = on_change or (lambda _: None)
    while True:
        try:
            await _until_lost(url, kind, number, report)
        except Exception as error:
            log.debug("lock.lost", extra={"error": repr(error)})
        await asyncio.sleep(PAUSE_SECS)


async def _until_lost(url: str, kind: int, number: int, report: Callable[[bool], None]) -> None:
    lost = asyncio.Event()
    connection = await asyncpg.connect(
        url,
        timeout=5,
        command_timeout=5,
        server_settings={"application_name": "aiwebengine run"},
    )
    try:
        connection.add_termination_listener(lambda _: lost.set())
        await connection.execute("select pg_advisory_lock($1, $2)", kind, number)
        report(True)
        await lost.wait()
    finally:
        report(False)
        with suppress(Exception):
            await connection.close(timeout=1)
