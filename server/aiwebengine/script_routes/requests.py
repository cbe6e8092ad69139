"""What a script is handed of a request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

import orjson
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope

from aiwebengine.core.errors import BodyTooLarge
from aiwebengine.script_calls.types import ScriptUser
from aiwebengine.script_routes.active import ServedRoute
from aiwebengine.script_routes.headers import for_script
from aiwebengine.script_routes.matching import Match
from aiwebengine.web.headers import header, request_id

WHOLE_BODY_BYTES = 262_144
"""A body up to this size goes to the script in one piece."""


def segments_of(scope: Scope) -> list[str]:
    """The parts of the path; a slash that is written as %2F does not part them."""
    raw = scope.get("raw_path")
    if raw is None or b"%" not in raw:
        path: str = scope["path"]
        return path.split("/")[1:] or [""]
    return [unquote(part) for part in raw.decode("latin-1").split("/")[1:]] or [""]


def url_of(scope: Scope) -> str:
    """The address that was asked for, as the visitor wrote it."""
    query = scope["query_string"].decode("latin-1")
    path = scope.get("raw_path") or scope["path"].encode()
    host = header(scope, b"host") or "localhost"
    return f"{scope['scheme']}://{host}{path.decode('latin-1')}{'?' if query else ''}{query}"


def call_head(
    match: Match[ServedRoute],
    scope: Scope,
    api_key: str | None,
    user: ScriptUser | None,
    *,
    is_own_host: bool,
) -> bytes:
    """The head of a call: the request without its body, as JSON."""
    head: dict[str, Any] = {
        "type": "http",
        "handler": match.route.handler,
        "request_id": request_id(scope),
        "user": None if user is None else user.as_json(),
        **described(match, scope, api_key, is_own_host=is_own_host),
    }
    return orjson.dumps(head)


def described(
    match: Match[ServedRoute], scope: Scope, api_key: str | None, *, is_own_host: bool
) -> dict[str, Any]:
    """What a script sees of a request, apart from its body and its user."""
    return {
        # A WebSocket begins with a GET request.
        "method": scope.get("method", "GET"),
        "url": url_of(scope),
        "path": scope["path"],
        "headers": for_script(scope["headers"], api_key, is_own_host=is_own_host),
        "params": match.params,
    }


class RequestBody:
    """The body of a request on its way to a script, within a limit.

    Raises BodyTooLarge when more is declared, or comes, and ClientDisconnect when the visitor
    leaves before all of it has come: a script must not take a part for the whole.
    """

    def __init__(self, receive: Receive, scope: Scope, most: int) -> None:
        self._receive = receive
        self._most = most
        self._size = 0
        self.is_read = False
        """Whether all of it has come."""
        declared = header(scope, b"content-length") or ""
        if declared.isdecimal() and int(declared[:15]) > most:
            raise self._too_large()

    async def begin(self) -> tuple[bytes, AsyncIterator[bytes] | None]:
        """All of a small body, or the beginning of a large one and what follows."""
        parts = []
        while not self.is_read and self._size < WHOLE_BODY_BYTES:
            parts.append(self._counted(await self._receive()))
        first = parts[0] if len(parts) == 1 else b"".join(parts)
        return first, None if self.is_read else self._rest()

    async def abandoned(self) -> None:
        """Wait until the visitor leaves, after all of it was read."""
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                return
            # A server may repeat the end of the body.
            await asyncio.sleep(0)

    async def _rest(self) -> AsyncIterator[bytes]:
        while not self.is_read:
            yield self._counted(await self._receive())

    def _counted(self, message: Message) -> bytes:
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        self.is_read = not message.get("more_body", False)
        part: bytes = message.get("body", b"")
        self._size += len(part)
        if self._size > self._most:
            raise self._too_large()
        return part

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"The body is too large; at most {self._most} bytes are read.")
