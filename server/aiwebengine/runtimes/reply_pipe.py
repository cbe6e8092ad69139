"""The pipe over which a program gets replies while it blocks."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from aiwebengine.runtimes.protocol import Kind, frame


class ReplyPipe:
    """A named pipe that one process reads.

    A program that waits for a reply does not read its standard input, where calls arrive.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path, 0o600)
        # A pipe without a reader can't be opened for writing without waiting.
        self._reading: int | None = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._writing: int | None = os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._transport: asyncio.WriteTransport | None = None

    async def connect(self) -> None:
        """Prepare to write."""
        if self._writing is None:
            return
        file, self._writing = os.fdopen(self._writing, "wb", buffering=0), None
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, file)

    def opened(self) -> None:
        """The process has opened the pipe: nobody else can from now on."""
        if self._reading is not None:
            os.close(self._reading)
            self._reading = None
            self.path.unlink(missing_ok=True)

    def reply(
        self, question: int, head: bytes | memoryview, body: bytes | memoryview = b""
    ) -> None:
        """Send the reply to a question."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(frame(Kind.REPLY, question, head, body))

    def close(self) -> None:
        """Close both ends; may be called repeatedly."""
        self.opened()
        if self._writing is not None:
            os.close(self._writing)
            self._writing = None
        if self._transport is not None:
            self._transport.abort()
