"""Limits of connections: their number, and the time and size of a request's head."""

from __future__ import annotations

import asyncio
import logging
import resource
import time
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from aiwebengine.web.crowding import Places
from aiwebengine.web.writing import HttpProtocol

log = logging.getLogger(__name__)

# From the connection, or the end of the request before, until the end of a request's head.
HEAD_TIMEOUT_SECS = 10.0
# What reads a header takes time for each of its parts. The library `websockets` reads 8,192 bytes a
# line, the colon included.
LONGEST_LINE_BYTES = 8_000
LONGEST_URL_BYTES = 16_384
MOST_HEAD_BYTES = 32_768
MOST_HEADERS = 128
# A body in tiny chunks takes time for each of them.
MOST_TINY_CHUNKS = 5_000
TINY_CHUNK_BYTES = 64
# File descriptors for everything else: the database, the log, archives.
RESERVED_DESCRIPTORS = 256
FEWEST_CONNECTIONS = 64
MOST_CONNECTIONS = 65_536
WARN_EVERY_SECS = 60.0


class Connections:
    """The open connections of this process.

    *places* are those of each crowd of addresses, as *crowd* names it. When all *most* are taken,
    the oldest that waits for a request's head makes room.
    """

    def __init__(
        self, places: Places, crowd: Callable[[str | None], str | None], most: int | None = None
    ) -> None:
        self._places = places
        self._crowd = crowd
        self._most = most or affordable()
        self._open: dict[asyncio.Transport, str | None] = {}
        # Those whose head is due, in the order in which it is, with the instants.
        self._due: dict[asyncio.Transport, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._refused = 0
        self._warned_at = float("-inf")

    def admit(self, transport: asyncio.Transport, address: str | None) -> str | None:
        """Count a connection; what to tell the client when there are too many."""
        if len(self._open) >= self._most and not self._make_room():
            return self._refusal(f"Too many connections: at most {self._most}.")
        crowd = self._crowd(address)
        if not self._places.take(crowd):
            return self._refusal(
                f"Too many connections: at most {self._places.most} of one address."
            )
        self._open[transport] = crowd
        return None

    def leave(self, transport: asyncio.Transport) -> None:
        """Count a connection no longer; fine for one that was refused."""
        self._due.pop(transport, None)
        if transport in self._open:
            self._places.leave(self._open.pop(transport))

    def expect_head(self, transport: asyncio.Transport) -> None:
        """End the connection unless a request's head is complete in time."""
        if transport in self._due:
            return
        loop = asyncio.get_running_loop()
        self._due[transport] = loop.time() + HEAD_TIMEOUT_SECS
        if self._timer is None:
            self._timer = loop.call_later(HEAD_TIMEOUT_SECS, self._end_late, loop)

    def head_came(self, transport: asyncio.Transport) -> None:
        """Wait for its head no longer."""
        self._due.pop(transport, None)

    def _end_late(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        while self._due:
            oldest, instant = next(iter(self._due.items()))
            if instant > loop.time():
                self._timer = loop.call_at(instant, self._end_late, loop)
                return
            self._end(oldest)

    def _make_room(self) -> bool:
        oldest = next(iter(self._due), None)
        if oldest is None:
            return False
        self._end(oldest)
        return True

    def _end(self, transport: asyncio.Transport) -> None:
        self.leave(transport)
        transport.abort()

    def _refusal(self, message: str) -> str:
        self._refused += 1
        if time.monotonic() - self._warned_at >= WARN_EVERY_SECS:
            log.warning("connections.refused", extra={"count": self._refused, "error": message})
            self._warned_at, self._refused = time.monotonic(), 0
        return message


def affordable() -> int:
    """How many connections the limit of open files leaves room for."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return min(MOST_CONNECTIONS, max(FEWEST_CONNECTIONS, files - RESERVED_DESCRIPTORS))


class _Refused(Exception):
    """The request is not read any further."""


class LimitedHttp(HttpProtocol):
    """The server's protocol for HTTP, within these limits."""

    def __init__(self, limits: Connections, **options: Any) -> None:
        super().__init__(**options)
        self._limits = limits
        self._has_head = False
        self._head_bytes = 0
        self._chunks = 0
        self._chunk_bytes = 0
        self._refusal: tuple[int, str] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a request, unless there are too many connections."""
        super().connection_made(transport)
        refusal = self._limits.admit(self.transport, self.client[0] if self.client else None)
        if refusal is None:
            self._limits.expect_head(self.transport)
            return
        self._refusal = (503, refusal)
        self.send_400_response("")

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the connection's place back."""
        self._limits.leave(self.transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; a head that is not complete by now is waited for."""
        super().data_received(data)
        if not self._has_head or self._is_idle_without_timeout():
            if not self.transport.is_closing():
                self._limits.expect_head(self.transport)
        else:
            self._limits.head_came(self.transport)

    def _is_idle_without_timeout(self) -> bool:
        # Whatever comes ends the timeout of an idle connection: blank lines do, and the rest of a
        # body that was answered already.
        is_idle = self.cycle is not None and self.cycle.response_complete and not self.pipeline
        return is_idle and self.timeout_keep_alive_task is None

    def on_message_begin(self) -> None:
        """Begin to count."""
        super().on_message_begin()
        self._has_head = False
        self._head_bytes = self._chunks = self._chunk_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Raises when the address is too long, which ends the connection."""
        super().on_url(url)
        if len(self.url) > LONGEST_URL_BYTES:
            self._refuse(414, f"The address is longer than {LONGEST_URL_BYTES} bytes.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Raises when there are too many headers, or too long ones, which ends the connection."""
        length = len(name) + len(value)
        self._head_bytes += length
        if (
            length > LONGEST_LINE_BYTES
            or self._head_bytes > MOST_HEAD_BYTES
            or len(self.headers) >= MOST_HEADERS
        ):
            self._refuse(
                431,
                f"The headers are too large: allowed are {MOST_HEADERS} headers,"
                f" {LONGEST_LINE_BYTES} bytes each and {MOST_HEAD_BYTES} bytes together.",
            )
        # Trailers would appear as headers that no proxy has seen.
        if not self._has_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Answer the request."""
        self._has_head = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Raises for a body in tiny chunks, which ends the connection."""
        self._chunks += 1
        self._chunk_bytes += len(body)
        is_tiny = self._chunk_bytes < self._chunks * TINY_CHUNK_BYTES
        if is_tiny and self._chunks > MOST_TINY_CHUNKS:
            self._refuse(400, "The body comes in chunks that are too small.")
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Say why the request is not answered, and close."""
        status, text = self._refusal or (400, msg)
        body = text.encode()
        self.transport.write(
            STATUS_LINE[status]
            + b"content-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
            + b"content-length: %d\r\n\r\n" % len(body)
            + body
        )
        self.transport.close()

    def _refuse(self, status: int, message: str) -> None:
        self._refusal = (status, message)
        raise _Refused(message)


class LimitedWebSocket(WebSocketsSansIOProtocol):
    """The server's protocol for WebSockets, within these limits.

    Somebody who is not signed in may send *first_bytes* altogether: frames take time each,
    whatever is in them.
    """

    def __init__(self, limits: Connections, first_bytes: int, **options: Any) -> None:
        super().__init__(**options)
        self._limits = limits
        self._left = first_bytes

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the connection's place back."""
        self._limits.leave(self.transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless it is too much of somebody who is not known yet."""
        if self.handshake_initiated and not self._is_known():
            self._left -= len(data)
            if self._left < 0:
                self.transport.abort()
                return
        super().data_received(data)
        if not self.handshake_initiated:
            # The whole head is here: a handshake that can't be read would wait for ever.
            self.transport.abort()

    def _is_known(self) -> bool:
        viewer = self.scope["state"].get("viewer")
        return viewer is not None and viewer.is_signed_in
