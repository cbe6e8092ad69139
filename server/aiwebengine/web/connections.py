"""Limits for connections: their number, and the time and size of a request's head.

The head of a request is the request line and the headers.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import time
from collections.abc import Callable
from typing import Any, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from aiwebengine.web.crowding import Places
from aiwebengine.web.writing import HttpProtocol

log = logging.getLogger(__name__)

# From the start of the connection, or the end of the previous request, to the end of the head.
HEAD_TIMEOUT_SECS = 10.0
# Parsing time grows with the number of parts in a header. The library `websockets` reads lines of
# up to 8,192 bytes, colon included.
LONGEST_LINE_BYTES = 8_000
LONGEST_URL_BYTES = 16_384
MOST_HEAD_BYTES = 32_768
MOST_HEADERS = 128
# Each chunk of a body takes time, however small it is.
MOST_TINY_CHUNKS = 5_000
TINY_CHUNK_BYTES = 64
# File descriptors reserved for the database, the log and archives.
RESERVED_DESCRIPTORS = 256
FEWEST_CONNECTIONS = 64
MOST_CONNECTIONS = 65_536
WARN_EVERY_SECS = 60.0


class Connections:
    """The open connections of this process.

    *crowd* maps a client address to its group (None: not limited), and *places* limits each group.
    At *most* connections, a new one replaces the oldest that still waits for a request's head.
    """

    def __init__(
        self, places: Places, crowd: Callable[[str | None], str | None], most: int | None = None
    ) -> None:
        self._places = places
        self._crowd = crowd
        self._most = most or affordable()
        self._open: dict[asyncio.Transport, str | None] = {}
        # Connections that wait for a head, and when that wait times out; the earliest is first.
        self._due: dict[asyncio.Transport, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._refused = 0
        self._warned_at = float("-inf")

    def admit(self, transport: asyncio.Transport, address: str | None) -> str | None:
        """Add a connection. Returns an error message when there are too many, else None."""
        if len(self._open) >= self._most and not self._drop_oldest_waiting():
            return self._refusal(f"Too many connections: at most {self._most}.")
        crowd = self._crowd(address)
        if not self._places.take(crowd):
            return self._refusal(
                f"Too many connections: at most {self._places.most} of one address."
            )
        self._open[transport] = crowd
        return None

    def leave(self, transport: asyncio.Transport) -> None:
        """Remove a connection; no effect for one that was refused."""
        self._due.pop(transport, None)
        if transport in self._open:
            self._places.leave(self._open.pop(transport))

    def expect_head(self, transport: asyncio.Transport) -> None:
        """Start the timeout for the head of a request, which ends the connection."""
        if transport in self._due:
            return
        loop = asyncio.get_running_loop()
        self._due[transport] = loop.time() + HEAD_TIMEOUT_SECS
        if self._timer is None:
            self._timer = loop.call_later(HEAD_TIMEOUT_SECS, self._end_late, loop)

    def head_came(self, transport: asyncio.Transport) -> None:
        """Cancel the timeout: the head is complete."""
        self._due.pop(transport, None)

    def _end_late(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        while self._due:
            oldest, instant = next(iter(self._due.items()))
            if instant > loop.time():
                self._timer = loop.call_at(instant, self._end_late, loop)
                return
            self._end(oldest)

    def _drop_oldest_waiting(self) -> bool:
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
    """How many connections the limit of open files (RLIMIT_NOFILE) allows."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return min(MOST_CONNECTIONS, max(FEWEST_CONNECTIONS, files - RESERVED_DESCRIPTORS))


class _Refused(Exception):
    """Stops the parser: the rest of the request is not read."""


class LimitedHttp(HttpProtocol):
    """uvicorn's HTTP protocol with the limits of this module."""

    def __init__(self, limits: Connections, **options: Any) -> None:
        super().__init__(**options)
        self._limits = limits
        self._has_head = False
        self._head_bytes = 0
        self._chunks = 0
        self._chunk_bytes = 0
        self._refusal: tuple[int, str] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a request; answer 503 and close if there are too many connections."""
        super().connection_made(transport)
        refusal = self._limits.admit(self.transport, self.client[0] if self.client else None)
        if refusal is None:
            self._limits.expect_head(self.transport)
            return
        self._refusal = (503, refusal)
        self.send_400_response("")

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection from the count."""
        self._limits.leave(self.transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse the data, and start the timeout if a request's head is still incomplete."""
        super().data_received(data)
        if not self._has_head or self._is_idle_without_timeout():
            if not self.transport.is_closing():
                self._limits.expect_head(self.transport)
        else:
            self._limits.head_came(self.transport)

    def _is_idle_without_timeout(self) -> bool:
        # Any data ends uvicorn's timeout of an idle connection, even blank lines and the rest of a
        # body whose request was answered already.
        is_idle = self.cycle is not None and self.cycle.response_complete and not self.pipeline
        return is_idle and self.timeout_keep_alive_task is None

    def on_message_begin(self) -> None:
        """Reset the counters for a new request."""
        super().on_message_begin()
        self._has_head = False
        self._head_bytes = self._chunks = self._chunk_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Answer 414 and end the connection when the URL is too long."""
        super().on_url(url)
        if len(self.url) > LONGEST_URL_BYTES:
            self._refuse(414, f"The address is longer than {LONGEST_URL_BYTES} bytes.")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Answer 431 and end the connection when there are too many or too long headers."""
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
        # Trailers after the body would appear as headers that no proxy has checked.
        if not self._has_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Start to handle the request."""
        self._has_head = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Answer 400 and end the connection when the body comes in too many tiny chunks."""
        self._chunks += 1
        self._chunk_bytes += len(body)
        is_tiny = self._chunk_bytes < self._chunks * TINY_CHUNK_BYTES
        if is_tiny and self._chunks > MOST_TINY_CHUNKS:
            self._refuse(400, "The body comes in chunks that are too small.")
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:
        """Send the reason for the refusal as plain text, and close."""
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


_ABORT = "aiwebengine.abort"
# In a connection's state: what it receives is limited by the application.
OWN_LIMITS = "has_own_limits"


def abort_of(scope: Scope) -> Callable[[], None]:
    """Ends the connection of a WebSocket at once, also when its client reads nothing."""
    abort: Callable[[], None] = scope.get("extensions", {}).get(_ABORT, lambda: None)
    return abort


class LimitedWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's WebSocket protocol with the limits of this module.

    A client that is not signed in may send *first_bytes* in total, because each frame takes time,
    whatever its content. The application lifts that with OWN_LIMITS.
    """

    def __init__(self, limits: Connections, first_bytes: int, **options: Any) -> None:
        super().__init__(**options)
        self._limits = limits
        self._left = first_bytes

    def connection_lost(self, exc: Exception | None) -> None:
        """Remove the connection from the count."""
        self._limits.leave(self.transport)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse the data; abort when an anonymous client has sent more than it may."""
        if self.handshake_initiated and not self._may_send_more():
            self._left -= len(data)
            if self._left < 0:
                self.transport.abort()
                return
        super().data_received(data)
        if not self.handshake_initiated:
            # The head is complete. Without this, a malformed handshake would wait forever.
            self.transport.abort()

    def handle_connect(self, event: Request) -> None:
        """Handle the handshake."""
        super().handle_connect(event)
        if self.handshake_initiated and not self.close_sent:
            extensions = cast(dict[str, Any], self.scope["extensions"])
            extensions[_ABORT] = self.transport.abort

    def _may_send_more(self) -> bool:
        state = self.scope["state"]
        viewer = state.get("viewer")
        return OWN_LIMITS in state or (viewer is not None and viewer.is_signed_in)
