"""Who visits the host of scripts: their sign-in there, which opens nothing in the engine.

A sign-in begins and ends on this host. It gives the browser a secret and sends it to the engine,
which sends it back with a one-time code that works only together with that secret.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import parse_qs, urlencode
from uuid import UUID

from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from aiwebengine.core.errors import Unauthenticated
from aiwebengine.core.identity import Viewer, in_order
from aiwebengine.script_routes.paths import plain
from aiwebengine.sessions import secrets
from aiwebengine.sessions.script_sessions import HAND_OVER, SIGN_IN

BROWSER_LASTS_SECS = 600
"""Seconds that a sign-in may take, from its beginning to its code."""

_COOKIE = "aiwebengine_scripts"
_LONGEST_CODE = 200
# As the secrets that are given out.
_SECRET = re.compile(r"[\w-]{43}", re.ASCII)


class FindsVisitors(Protocol):
    """Finds who sent a request to the engine's own host."""

    async def find(self, scope: Scope, script_id: UUID) -> dict[str, Any] | None:
        """The user, with the roles in a script; or None.

        Raises Unauthenticated for a token that is not valid, RateLimited, Unavailable.
        """


@dataclass(frozen=True, slots=True)
class RunVisitor:
    """The visitor of a run: *viewer*, or nobody, whatever the request itself sends.

    Only what scripts may know of a user is read from the viewer. Neither the session nor the token
    that the run was started with is part of the run's request.
    """

    viewer: Viewer | None
    roles_of_user: Callable[[UUID, UUID], Awaitable[list[str]]]

    async def find(self, scope: Scope, script_id: UUID) -> dict[str, Any] | None:
        """The user, with the roles in a script; or None. Raises Unavailable."""
        if self.viewer is None or self.viewer.id is None:
            return None
        return described(self.viewer, await self.roles_of_user(script_id, self.viewer.id))


def described(viewer: Viewer, script_roles: list[str]) -> dict[str, Any]:
    """What a script learns of a user of the engine."""
    return {
        "id": str(viewer.id),
        "name": viewer.name,
        "email": viewer.email,
        "roles": [role.name for role in in_order(viewer.roles)],
        "scriptRoles": script_roles,
    }


@dataclass(frozen=True, slots=True)
class Visitors:
    """Signs visitors of the host called *host* in and finds them again.

    *engine_url* is the engine's own address. *accept* turns a one-time code into a secret,
    *user_of* finds the user of a secret.
    """

    host: str
    engine_url: str
    accept: Callable[[str, str, str], Awaitable[str | None]]
    user_of: Callable[[str, str, UUID], Awaitable[dict[str, Any] | None]]

    @property
    def is_https(self) -> bool:
        """Whether browsers use https here, as on the engine's host."""
        return self.engine_url.startswith("https:")

    @property
    def cookie(self) -> str:
        """Over https the prefix ties the cookie to this host (RFC 6265bis section 4.1.3.2)."""
        return f"__Host-{_COOKIE}" if self.is_https else _COOKIE

    @property
    def browser_cookie(self) -> str:
        """The cookie of a browser that signs in."""
        return f"{self.cookie}_browser"

    def is_sign_in(self, scope: Scope, hosts: Collection[str]) -> bool:
        """Whether this request is part of a sign-in, on one of *hosts*."""
        return (
            scope["path"] in (SIGN_IN, HAND_OVER)
            and scope["type"] == "http"
            and scope["method"] == "GET"
            and self.host in hosts
        )

    async def sign_in(self, scope: Scope) -> Response:
        """Begin a sign-in, or end it with the code that the engine's host has given.

        Raises Unauthenticated for a code that was used, has expired, is for another host, or was
        given to another browser.
        """
        asked = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=10)
        path = _own_path(asked.get("redirect", ["/"])[0])
        if scope["path"] == SIGN_IN:
            return self._begin(scope, path)
        return await self._end(scope, asked.get("code", [""])[0], path)

    def address(self, path: str) -> str:
        """The path, on this host, that signs a visitor in and then opens *path*."""
        return f"{SIGN_IN}?{urlencode({'redirect': _own_path(path)})}"

    async def find(self, scope: Scope, script_id: UUID) -> dict[str, Any] | None:
        """The user who sent a request, with the roles in a script; or None. Raises Unavailable."""
        secret = _cookie(scope, self.cookie)
        return None if secret is None else await self.user_of(secret, self.host, script_id)

    def _begin(self, scope: Scope, path: str) -> Response:
        # One that signs in for two pages at once has one secret.
        secret = _cookie(scope, self.browser_cookie)
        if secret is None or not _SECRET.fullmatch(secret):
            secret = secrets.new_secret()
        query = urlencode({"redirect": path, "browser": secrets.digest(secret).hex()})
        response = RedirectResponse(f"{self.engine_url}/auth/scripts?{query}", 303)
        self._set_cookie(response, self.browser_cookie, secret, BROWSER_LASTS_SECS)
        response.headers["Cache-Control"] = "no-store"
        return response

    async def _end(self, scope: Scope, code: str, path: str) -> Response:
        browser = _cookie(scope, self.browser_cookie)
        secret = None
        if browser is not None and len(code) <= _LONGEST_CODE:
            secret = await self.accept(code, self.host, browser)
        if secret is None:
            raise Unauthenticated("This link was used or has expired. Open the page again.")
        response = RedirectResponse(path, 303)
        self._set_cookie(response, self.cookie, secret, None)
        response.headers["Cache-Control"] = "no-store"
        # The address has the code.
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    def _set_cookie(self, response: Response, name: str, value: str, max_age: int | None) -> None:
        response.set_cookie(
            name,
            value,
            max_age=max_age,
            path="/",
            secure=self.is_https,
            httponly=True,
            samesite="lax",
        )


def _cookie(scope: Scope, wanted: str) -> str | None:
    """The first cookie with this name, or None."""
    for name, value in scope["headers"]:
        if name == b"cookie" and wanted.encode() in value:
            for part in value.decode("latin-1").split(";"):
                key, _, found = part.strip().partition("=")
                if key == wanted:
                    return str(found)
    return None


def _own_path(text: str) -> str:
    """The path if it is one of this host, without what another program could misread."""
    path, separator, query = text.partition("?")
    is_own = path.startswith("/") and plain(path) == (path.rstrip("/") or "/") and text.isascii()
    return f"{path}{separator}{query}" if is_own and text.isprintable() else "/"
