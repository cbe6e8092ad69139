"""Requests for connections that stay open: event streams and WebSockets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.types import Message, Receive, Scope, Send

from aiwebengine.runtimes.types import LogLine
from aiwebengine.script_calls.errors import ScriptFailed
from aiwebengine.script_calls.types import ScriptUser
from aiwebengine.script_routes.active import ServedRoute
from aiwebengine.script_routes.answers import AnswerSender
from aiwebengine.script_routes.headers import UnusableAnswer
from aiwebengine.script_routes.matching import Match
from aiwebengine.web.headers import header


@dataclass(frozen=True, slots=True)
class Connecting:
    """A visitor's wish for a connection that a script has a route for."""

    match: Match[ServedRoute]
    request: Mapping[str, Any]
    """What the script sees of the request."""
    user: ScriptUser | None
    find_user: Callable[[], Awaitable[ScriptUser | None]]
    """Who is signed in now. Raises Unavailable."""
    head: Callable[[Any], Message]
    """The head of a response with this status and these headers. Raises ScriptFailed."""
    is_own_host: bool
    """Whether the host has nothing but scripts."""


class Connections(Protocol):
    """What has the open connections; `script_streams` does it."""

    async def stream(self, wanted: Connecting, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer until the connection ends. Raises EngineError as long as nothing was sent."""

    async def socket(self, wanted: Connecting, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a WebSocket. Raises EngineError before it is accepted."""


def may_connect(scope: Scope, allowed: Sequence[str]) -> bool:
    """Whether a page may open a WebSocket: one of the same host, or of an origin in *allowed*.

    `*` allows all pages. Other clients than browsers send no Origin (RFC 6455 section 10.2).
    """
    origin = header(scope, b"origin")
    if origin is None or origin in allowed or "*" in allowed:
        return True
    secure = scope["scheme"] in ("wss", "https")
    return origin == f"{'https' if secure else 'http'}://{header(scope, b'host')}"


def head_within(
    sending: AnswerSender, write: Callable[[LogLine], object]
) -> Callable[[Any], Message]:
    """Makes heads of responses out of what scripts may set; *write* logs what they may not."""

    def head(said: Any) -> Message:
        try:
            status, headers, refused = sending.checked(said)
        except UnusableAnswer as error:
            write(LogLine(0, "error", f"The answer can't be sent: {error}."))
            raise ScriptFailed("The script's answer can't be sent.") from None
        if refused:
            names = ", ".join(refused[:10])
            write(LogLine(0, "warn", f"Not sent, because scripts may not set it here: {names}"))
        return {"type": "http.response.start", "status": status, "headers": headers}

    return head
