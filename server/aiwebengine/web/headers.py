"""Headers, client address and request ID, read directly from an ASGI scope or message.

Each request reads about a dozen headers. Starlette's mapping is slower: it decodes and compares
all headers for each read, and raises internally for a missing one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def header(message: Mapping[str, Any], name: bytes) -> str | None:
    """The first header called *name* (in lower case); None when it is missing."""
    for key, value in message.get("headers", ()):
        if key == name:
            text: str = value.decode("latin-1")
            return text
    return None


def address_of(scope: Mapping[str, Any]) -> str | None:
    """The client's address, from a trusted proxy if there is one; None on a Unix socket."""
    client: tuple[str, int] | None = scope.get("client")
    return None if client is None else client[0]


def request_id(scope: Mapping[str, Any]) -> str | None:
    """The request ID that the middleware `RequestId` set."""
    found: str | None = scope.get("state", {}).get("request_id")
    return found
