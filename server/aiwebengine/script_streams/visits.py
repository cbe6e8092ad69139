"""A request for a stream, and what its script says about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from starlette.types import Message

from aiwebengine.script_calls.types import ScriptUser
from aiwebengine.script_streams.types import Filter

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Visit:
    """A request for a stream or a WebSocket of a script."""

    script_id: UUID
    kind: str
    """`stream` or `socket`."""
    pattern: str
    """The path of the route, such as `/events/:room`."""
    path: str
    """The path that was asked for."""
    handler: str
    """The function that decides about the connection; "" without one."""
    request: Mapping[str, Any]
    """What the function sees of the request."""
    request_id: str
    user: ScriptUser | None
    """Who is signed in on the scripts host."""
    find_user: Callable[[], Awaitable[ScriptUser | None]]
    """Who is signed in now. Raises Unavailable."""
    crowd: str | None
    """The group of addresses whose connections are limited; None has no limit."""
    head: Callable[[Mapping[str, Any]], Message]
    """Makes a response's head of `status` and `headers` that the script wants.

    Raises ScriptFailed for what can't be sent.
    """

    @property
    def channels(self) -> tuple[str, ...]:
        """What the connection listens to: its path, and all paths of the route."""
        return (self.path,) if self.path == self.pattern else (self.path, self.pattern)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The script lets the visitor listen."""

    filter: Filter
    headers: Headers = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """The script answers something else than a stream."""

    status: int
    headers: Headers
    body: bytes


class Customizer(Protocol):
    """Asks scripts about connections."""

    async def decide(self, visit: Visit) -> Accepted | Refused:
        """Call the visit's function. Raises EngineError if that fails."""

    def handler_of(self, script_id: UUID, kind: str, pattern: str) -> str | None:
        """The function for a route of the version that is served now; None without the route."""


class OpenConnection(Protocol):
    """A connection that is open."""

    visit: Visit

    @property
    def is_over(self) -> bool:
        """Whether the engine has ended it."""

    def end(self) -> None:
        """End it: its script or its user does not allow it any more."""

    async def renew(self, visit: Visit) -> None:
        """Ask the script again, with another version or another user. Raises EngineError."""
