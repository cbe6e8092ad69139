"""uvicorn's protocol, which sends a response's head and body with one write.

Uses a private module of uvicorn; `tests/web/test_writing.py` fails when that module changes.
"""

from __future__ import annotations

import asyncio
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from aiwebengine.core.buffered_transport import BufferedTransport


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol on a buffered transport."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start to serve this connection."""
        buffered = BufferedTransport(cast(asyncio.Transport, transport), self.loop)
        super().connection_made(cast(asyncio.Transport, buffered))
