"""Joins many small writes into one."""

from __future__ import annotations

import asyncio
from typing import Any

# High-water mark, as asyncio's own transports have it.
MAX_BUFFERED_BYTES = 65_536


class BufferedTransport:
    """A transport that joins the writes of one iteration of the event loop.

    A server writes a response's head and body one after the other. Each write is a system call and
    a packet, which costs more than computing a small response.
    """

    def __init__(self, transport: asyncio.WriteTransport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._buffered: list[bytes] = []
        self._buffered_bytes = 0

    def write(self, data: bytes) -> None:
        """Write at the end of this iteration; at once above the high-water mark."""
        if not self._buffered:
            self._loop.call_soon(self._flush)
        self._buffered.append(data)
        self._buffered_bytes += len(data)
        if self._buffered_bytes > MAX_BUFFERED_BYTES:
            self._flush()

    def write_at_once(self, data: bytes) -> None:
        """Write what is buffered, and this, without a turn of the event loop for it."""
        if self._buffered:
            self._flush()
        self._transport.write(data)

    def writelines(self, parts: list[bytes]) -> None:
        """Write all parts."""
        self.write(b"".join(parts))

    def write_eof(self) -> None:
        """Write what is buffered, then end the stream."""
        self._flush()
        self._transport.write_eof()

    def close(self) -> None:
        """Write what is buffered, then close."""
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        """Close without writing what is buffered."""
        self._buffered, self._buffered_bytes = [], 0
        self._transport.abort()

    def get_write_buffer_size(self) -> int:
        """Number of bytes that are not sent yet."""
        return self._buffered_bytes + self._transport.get_write_buffer_size()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _flush(self) -> None:
        buffered, self._buffered, self._buffered_bytes = self._buffered, [], 0
        # The other side may have gone since the write.
        if buffered and not self._transport.is_closing():
            self._transport.write(buffered[0] if len(buffered) == 1 else b"".join(buffered))
