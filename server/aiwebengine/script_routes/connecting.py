"""Requests for connections that stay open: event streams and WebSockets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
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

SOCKET = "SOCKET"
"""The method of routes for WebSockets, which no request has."""


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
