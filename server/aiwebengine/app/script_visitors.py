"""Who visits scripts on the engine's own host: identity only, never cookies or tokens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from starlette.requests import HTTPConnection
from starlette.types import Scope

from aiwebengine.auth.authenticator import Authenticator
from aiwebengine.script_routes.visitors import described

# RFC 9110 section 9.2.1.
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SECRETS = (b"cookie", b"authorization")


class EngineVisitors:
    """Finds the user of a session or token of the engine.

    A cookie counts for methods that change nothing, and else only for requests that no page of
    another origin sent. The pages of scripts here have an opaque origin (Content-Security-Policy:
    sandbox): browsers send no cookie with what they load, and `Origin: null` with what they post.
    No page can make a browser send a token.
    """

    def __init__(
        self,
        authenticator: Callable[[], Authenticator],
        roles_of_user: Callable[[UUID, UUID], Awaitable[list[str]]],
    ) -> None:
        self._authenticator = authenticator
        self._roles_of_user = roles_of_user

    async def find(self, scope: Scope, script_id: UUID) -> dict[str, Any] | None:
        """The user, with the roles in a script; or None.

        Raises Unauthenticated for a token that is not valid, RateLimited, Unavailable.
        """
        headers = [one for one in scope["headers"] if not _is_the_scripts(*one)]
        if not any(name in _SECRETS for name, _ in headers):
            return None
        connection = HTTPConnection({**scope, "headers": headers})
        authenticator = self._authenticator()
        token, secret = authenticator.recall(connection)
        if secret is None:
            return None
        # A WebSocket has no method, and can change something.
        is_safe = scope["type"] == "http" and scope["method"] in _SAFE
        if token is None and not is_safe and not authenticator.is_same_origin(connection):
            return None
        viewer = await authenticator.viewer(connection, "script")
        if viewer.id is None:
            return None
        return described(viewer, await self._roles_of_user(script_id, viewer.id))


def _is_the_scripts(name: bytes, value: bytes) -> bool:
    """Whether this is no business of the engine: a script may have tokens of its own."""
    return name == b"authorization" and b"awe_" not in value.lower()
