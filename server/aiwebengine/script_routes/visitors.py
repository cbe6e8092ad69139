"""Who visits the host of scripts: their sign-in there, which opens nothing in the engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from aiwebengine.core.errors import Unauthenticated
from aiwebengine.script_routes.paths import plain

_COOKIE = "aiwebengine_scripts"
_LONGEST_CODE = 200


@dataclass(frozen=True, slots=True)
class Visitors:
    """Signs visitors of the host called *host* in and finds them again.

    *accept* turns a one-time code into a secret, *user_of* finds the user of a secret.
    """

    host: str
    is_https: bool
    hand_over_path: str
    accept: Callable[[str, str], Awaitable[str | None]]
    user_of: Callable[[str, str], Awaitable[dict[str, Any] | None]]

    @property
    def cookie(self) -> str:
        """Over https the prefix ties the cookie to this host (RFC 6265bis section 4.1.3.2)."""
        return f"__Host-{_COOKIE}" if self.is_https else _COOKIE

    def is_hand_over(self, scope: Scope, hosts: Collection[str]) -> bool:
        """Whether this is the request that brings a code, to one of *hosts*."""
        return (
            scope["path"] == self.hand_over_path
            and scope["type"] == "http"
            and scope["method"] == "GET"
            and self.host in hosts
        )

    async def hand_over(self, scope: Scope) -> Response:
        """Sign in with the code that the engine's host has given, and open a page.

        Raises Unauthenticated for a code that was used, has expired or is for another host.
        """
        asked = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=10)
        code = asked.get("code", [""])[0]
        secret = await self.accept(code, self.host) if len(code) <= _LONGEST_CODE else None
        if secret is None:
            raise Unauthenticated("This link was used or has expired. Open the page again.")
        response = RedirectResponse(_own_path(asked.get("redirect", ["/"])[0]), 303)
        response.set_cookie(
            self.cookie, secret, path="/", secure=self.is_https, httponly=True, samesite="lax"
        )
        response.headers["Cache-Control"] = "no-store"
        # The address has the code.
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    async def find(self, scope: Scope) -> dict[str, Any] | None:
        """The user who sent a request, or None. Raises Unavailable."""
        for name, value in scope["headers"]:
            if name == b"cookie" and _COOKIE.encode() in value:
                for part in value.decode("latin-1").split(";"):
                    key, _, secret = part.strip().partition("=")
                    if key == self.cookie:
                        return await self.user_of(secret, self.host)
        return None


def _own_path(text: str) -> str:
    """The path if it is one of this host, without what another program could misread."""
    path, separator, query = text.partition("?")
    is_own = path.startswith("/") and plain(path) == (path.rstrip("/") or "/") and text.isascii()
    return f"{path}{separator}{query}" if is_own and text.isprintable() else "/"
