"""What is written to a connection at one go leaves at one go."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# What a transport takes before it asks to be waited for; asyncio's own measure.
MOST_HELD_BYTES = 65_536


class JoinedWrites:
    """A transport that writes what came within one turn of the loop by one call.

    The server writes an answer's head and its body one after the other. Each write is a call of
    the kernel, a packet, and something for the other side to wake up for: dearer than making a
    small answer.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []
        self._held_bytes = 0

    def write(self, data: bytes) -> None:
        """Write soon; at once what is large, so that whoever sends much is made to wait."""
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > MOST_HELD_BYTES:
            self._flush()

    def writelines(self, parts: list[bytes]) -> None:
        """Write all of them."""
        self.write(b"".join(parts))

    def write_eof(self) -> None:
        """Say that nothing more comes, after what was written."""
        self._flush()
        self._transport.write_eof()

    def close(self) -> None:
        """Close once all is out."""
        self._flush()
        self._transport.close()

    def get_write_buffer_size(self) -> int:
        """How many bytes are not out yet."""
        return self._held_bytes + self._transport.get_write_buffer_size()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def _flush(self) -> None:
        if self._held:
            held, self._held, self._held_bytes = self._held, [], 0
            self._transport.write(held[0] if len(held) == 1 else b"".join(held))


class HttpProtocol(HttpToolsProtocol):
    """The server's protocol, on such a transport."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to answer on this connection."""
        joined = JoinedWrites(cast(asyncio.Transport, transport), self.loop)
        super().connection_made(cast(asyncio.Transport, joined))
