"""uvicorn's protocol, which sends a response's head and body with one write.

Uses a private module of uvicorn; `tests/web/test_writing.py` fails when that module changes.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from aiwebengine.core.buffered_transport import BufferedTransport

_STREAMED_BODY = "aiwebengine.streamed_body"


class StreamedBody:
    """Writes parts of a response's body past ASGI, after `http.response.start` was sent.

    `send` is a chain of coroutines. That costs more than the write itself when many connections get
    the same bytes.
    """

    def __init__(self, transport: BufferedTransport) -> None:
        self._transport = transport

    def write(self, part: bytes) -> int:
        """Write what `chunk` made; the number of bytes that are not sent yet."""
        self._transport.write_at_once(part)
        return self._transport.get_write_buffer_size()

    def end(self) -> None:
        """End the body, and close the connection when all is sent."""
        if not self._transport.is_closing():
            self._transport.write(b"0\r\n\r\n")
            self._transport.close()

    def abort(self) -> None:
        """Close the connection without sending the rest."""
        self._transport.abort()


def chunk(body: bytes) -> bytes:
    """A part of a body as it goes over the connection (RFC 9112 section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(body), body)


def streamed_body(scope: Scope) -> StreamedBody | None:
    """The body of the response to a request; None if the server does not offer that."""
    body: StreamedBody | None = scope.get("extensions", {}).get(_STREAMED_BODY)
    return body


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol on a buffered transport."""

    _extensions: dict[str, Any]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start to serve this connection."""
        buffered = BufferedTransport(cast(asyncio.Transport, transport), self.loop)
        self._extensions = {_STREAMED_BODY: StreamedBody(buffered)}
        super().connection_made(cast(asyncio.Transport, buffered))

    def on_headers_complete(self) -> None:
        """Start to handle the request."""
        self.scope["extensions"] = self._extensions
        super().on_headers_complete()
