"""Receives notifications of other connections (LISTEN and NOTIFY)."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg

log = logging.getLogger(__name__)

FIRST_PAUSE_SECS = 0.1
LONGEST_PAUSE_SECS = 5.0
# A statement this often detects a frozen server or an interrupted network.
CHECK_EVERY_SECS = 5.0
QUIET_SECS = 300.0


class Listener:
    """A separate connection that listens to one channel."""

    def __init__(self, url: str, channel: str) -> None:
        self._url = url
        self._channel = channel
        self._was_connected = False
        self.is_listening = False
        """Whether notifications arrive. After a network failure it stays true for some seconds."""

    async def run(
        self,
        on_message: Callable[[str], Awaitable[None]],
        on_connected: Callable[[], Awaitable[None]],
    ) -> None:
        """Listen until cancelled, and reconnect after the connection is lost.

        *on_message* gets each payload. *on_connected* is called after each connect, because
        messages may have been missed before. An exception of either counts as a lost connection.
        """
        pause, quiet_until = FIRST_PAUSE_SECS, 0.0
        while True:
            self._was_connected = False
            try:
                await self._listen(on_message, on_connected)
            except Exception as error:
                # Warn once for each loss; `database.down` reports that the database stays down.
                is_new = self._was_connected or time.monotonic() >= quiet_until
                quiet_until = time.monotonic() + QUIET_SECS if is_new else quiet_until
                level = logging.WARNING if is_new else logging.DEBUG
                log.log(level, "listener.lost", extra={"error": repr(error), "pause": pause})
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_SECS)

    async def _listen(
        self,
        on_message: Callable[[str], Awaitable[None]],
        on_connected: Callable[[], Awaitable[None]],
    ) -> None:
        messages: asyncio.Queue[str | None] = asyncio.Queue()
        connection = await asyncpg.connect(
            self._url,
            timeout=5,
            command_timeout=5,
            server_settings={"application_name": "aiwebengine listener"},
        )
        try:
            await connection.add_listener(
                self._channel, lambda *message: messages.put_nowait(str(message[3]))
            )
            connection.add_termination_listener(lambda _: self._on_end(messages))
            await on_connected()
            self.is_listening = self._was_connected = not connection.is_closed()
            while True:
                try:
                    # Not `wait_for`: before Python 3.12 it ignores a cancellation that comes
                    # together with a message.
                    async with asyncio.timeout(CHECK_EVERY_SECS):
                        message = await messages.get()
                except TimeoutError:
                    await connection.execute("select 1")
                    continue
                if message is None:
                    raise ConnectionResetError("the connection was closed")
                await on_message(message)
        finally:
            self.is_listening = False
            with suppress(Exception):
                await connection.close(timeout=1)

    def _on_end(self, messages: asyncio.Queue[str | None]) -> None:
        self.is_listening = False
        messages.put_nowait(None)
