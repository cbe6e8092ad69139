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
# A frozen server or a cut cable says nothing: ask now and then.
CHECK_EVERY_SECS = 5.0
QUIET_SECS = 300.0


class Listener:
    """One connection of its own that listens to one channel, for ever."""

    def __init__(self, url: str, channel: str) -> None:
        self._url = url
        self._channel = channel
        self._was_connected = False
        self.is_listening = False
        """Whether all that is announced is heard; a cut cable takes some seconds to notice."""

    async def run(
        self,
        on_message: Callable[[str], Awaitable[None]],
        on_connected: Callable[[], Awaitable[None]],
    ) -> None:
        """Listen until cancelled, connecting again whenever the connection is lost.

        *on_connected* runs after each connection, when messages may have been missed. An error
        from either callable counts as a lost connection.
        """
        pause, quiet_until = FIRST_PAUSE_SECS, 0.0
        while True:
            self._was_connected = False
            try:
                await self._listen(on_message, on_connected)
            except Exception as error:
                # Once for each loss: that the database stays away is what `database.down` tells.
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
        heard: asyncio.Queue[str | None] = asyncio.Queue()
        connection = await asyncpg.connect(
            self._url,
            timeout=5,
            command_timeout=5,
            server_settings={"application_name": "aiwebengine listener"},
        )
        try:
            await connection.add_listener(
                self._channel, lambda *message: heard.put_nowait(str(message[3]))
            )
            connection.add_termination_listener(lambda _: self._on_end(heard))
            await on_connected()
            self.is_listening = self._was_connected = not connection.is_closed()
            while True:
                try:
                    # Not `wait_for`: before Python 3.12 it goes on with the message when it is
                    # cancelled at the moment in which one comes.
                    async with asyncio.timeout(CHECK_EVERY_SECS):
                        message = await heard.get()
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

    def _on_end(self, heard: asyncio.Queue[str | None]) -> None:
        self.is_listening = False
        heard.put_nowait(None)
