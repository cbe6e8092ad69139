"""Headers, the caller's address and the request's id, straight from an ASGI scope or message.

Every request is asked for a dozen of them on its way, and Starlette's mapping decodes and compares
anew for each, and raises inside for those that are not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def header(message: Mapping[str, Any], name: bytes) -> str | None:
    """The first header of this name, which must be in small letters; None when there is none."""
    for one, value in message.get("headers", ()):
        if one == name:
            text: str = value.decode("latin-1")
            return text
    return None


def address_of(scope: Mapping[str, Any]) -> str | None:
    """The address that the request came from, or that a trusted proxy tells; None on a pipe."""
    client: tuple[str, int] | None = scope.get("client")
    return None if client is None else client[0]


def request_id(scope: Mapping[str, Any]) -> str | None:
    """The request's id, as the middleware `RequestId` gave it."""
    found: str | None = scope.get("state", {}).get("request_id")
    return found
