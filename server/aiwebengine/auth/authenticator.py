"""Authentication of requests: cookie, token, origin and address."""

from __future__ import annotations

from typing import NoReturn
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

from aiwebengine.auth.callers import CallerResolver
from aiwebengine.auth.last_seen import ANONYMOUS, LastSeen
from aiwebengine.core.errors import Forbidden, ForeignOrigin, Unauthenticated
from aiwebengine.core.identity import Origin, Viewer, anonymous
from aiwebengine.rate_limits.service import Kind, RateLimits
from aiwebengine.web.headers import address_of, header, request_id
from aiwebengine.web.proxies import is_said_to_be_loopback
from aiwebengine.web.this_machine import LOOPBACK_NAMES, ThisMachine

LONGEST_USER_AGENT = 300
# A proxy may send any text; an address has up to 45 characters, more with its zone.
LONGEST_ADDRESS = 100


class Authenticator:
    """Authenticates requests. *public_url* is the address that browsers use."""

    def __init__(
        self,
        callers: CallerResolver,
        rates: RateLimits,
        this_machine: ThisMachine,
        public_url: str,
        lasts_secs: float,
    ) -> None:
        self._callers = callers
        self._rates = rates
        self._this_machine = this_machine
        self._lasts_secs = lasts_secs
        self._last_seen = LastSeen()
        parts = urlsplit(public_url)
        self._is_https = parts.scheme == "https"
        # RFC 6265bis section 4.1.3.2: the prefix ties the cookie to https and to this host.
        self.cookie = ("__Host-" if self._is_https else "") + "aiwebengine_session"
        # Identifies the browser that started a sign-in. Apple responds with a POST from its own
        # page, which sends no stricter cookie; browsers accept this one over https only.
        self.browser_cookie = ("__Host-" if self._is_https else "") + "aiwebengine_browser"
        names = {parts.hostname or ""}
        if names & LOOPBACK_NAMES:
            names = set(LOOPBACK_NAMES)
        port = parts.port or (443 if self._is_https else 80)
        self._origins = {(parts.scheme, name, port) for name in names}

    async def viewer(
        self, connection: HTTPConnection, api: str, *, resource: str | None = None
    ) -> Viewer:
        """The caller: by token if one is sent, else by session, else anonymous.

        *resource* is the address of a resource that has tokens of its own (RFC 8707).

        Raises Unauthenticated for an invalid token, RateLimited after many of these, Unavailable
        without a database.
        """
        viewer = await self._viewer(connection, self.origin(connection, api), resource)
        # Also for the log line of the request and for recorded denials.
        connection.scope["state"]["viewer"] = viewer
        return viewer

    async def _viewer(
        self, connection: HTTPConnection, origin: Origin, resource: str | None
    ) -> Viewer:
        token, secret = self.recall(connection)
        if secret is None:
            return anonymous(origin)
        if token is None:
            viewer = await self._callers.by_session(secret, origin)
        else:
            try:
                viewer = await self._callers.by_token(token, origin, resource)
            except Unauthenticated:
                connection.scope["state"]["caller"] = ANONYMOUS
                self._last_seen.note(secret, anonymous(origin))
                await self._count(Kind.BAD_TOKEN, connection)
                raise
        self._last_seen.note(secret, viewer)
        return viewer

    def recall(self, connection: HTTPConnection) -> tuple[str | None, str | None]:
        """The token that was sent, and that token or the session's secret, without a look-up.

        The log line gets the user that it belonged to at the latest look-up. Raises Unauthenticated
        for text that can't be a token.
        """
        token = _bearer_token(connection)
        secret = connection.cookies.get(self.cookie) if token is None else token
        if secret is not None:
            connection.scope["state"]["caller"] = self._last_seen.caller(secret)
        return token, secret

    async def viewer_of(self, secret: str, connection: HTTPConnection, api: str) -> Viewer:
        """Viewer of the session with this secret, such as a new one."""
        return await self._callers.by_session(secret, self.origin(connection, api))

    async def refuse_key(self, connection: HTTPConnection) -> NoReturn:
        """Count a wrong API key. Raises Unauthenticated, RateLimited."""
        await self._count(Kind.BAD_TOKEN, connection)
        raise Unauthenticated("This API key is not valid.")

    async def count_sign_in(self, connection: HTTPConnection) -> None:
        """Count an attempt to sign in. Raises RateLimited."""
        await self._count(Kind.SIGN_IN, connection)

    async def _count(self, kind: Kind, connection: HTTPConnection) -> None:
        is_local = self.is_local(connection) or is_said_to_be_loopback(connection.scope)
        await self._rates.attempt(kind, address_of(connection.scope), is_local=is_local)

    def origin(self, connection: HTTPConnection, api: str) -> Origin:
        """Origin of a request, for the audit trail."""
        return Origin(
            api,
            request_id=request_id(connection.scope),
            address=(address_of(connection.scope) or "")[:LONGEST_ADDRESS] or None,
            user_agent=(header(connection.scope, b"user-agent") or "")[:LONGEST_USER_AGENT] or None,
        )

    def is_same_origin(self, connection: HTTPConnection) -> bool:
        """Check that a page of this site or no browser sent the request.

        Browsers send `Origin` with every POST and every WebSocket (Fetch standard section 3.2);
        without it, `Referer` and `Sec-Fetch-Site` must not name another site.
        """
        origin = header(connection.scope, b"origin") or header(connection.scope, b"referer")
        if origin is not None:
            return self._is_ours(origin)
        return header(connection.scope, b"sec-fetch-site") in (None, "none", "same-origin")

    def must_be_same_origin(self, connection: HTTPConnection) -> None:
        """Raise ForeignOrigin for a request that a page of another site made the browser send.

        A request with a token is not authorised by a cookie, and no page can make a browser send a
        token. Any other `Authorization` proves nothing: browsers repeat the user name and password
        for a proxy on their own.
        """
        is_by_token = any(scheme == "bearer" for scheme, _ in _authorizations(connection))
        if not is_by_token and not self.is_same_origin(connection):
            raise ForeignOrigin("This request came from a page of another site.")

    def is_local(self, connection: HTTPConnection) -> bool:
        """Check that this machine sent the request and no proxy forwarded it."""
        return self._this_machine.sent(connection.scope)

    def must_be_local(self, connection: HTTPConnection) -> None:
        """Raise Forbidden for a sign-in link opened on another machine."""
        if not self.is_local(connection):
            raise Forbidden(
                "A sign-in link works only in a browser on the machine that runs the engine. "
                + self._this_machine.why_not_local(connection.scope)
            )

    def set_cookie(self, response: Response, secret: str) -> None:
        """Set the session cookie."""
        response.set_cookie(
            self.cookie,
            secret,
            max_age=int(self._lasts_secs),
            path="/",
            secure=self._is_https,
            httponly=True,
            samesite="lax",
        )

    def set_browser_cookie(self, response: Response, secret: str, lasts_secs: int) -> None:
        """Set the cookie that proves later that this browser started the sign-in."""
        response.set_cookie(
            self.browser_cookie,
            secret,
            max_age=lasts_secs,
            path="/",
            secure=self._is_https,
            httponly=True,
            samesite="none" if self._is_https else "lax",
        )

    def clear_cookie(self, response: Response) -> None:
        """Remove the session cookie."""
        response.delete_cookie(
            self.cookie, path="/", secure=self._is_https, httponly=True, samesite="lax"
        )

    def _is_ours(self, address: str) -> bool:
        try:
            parts = urlsplit(address)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            return False
        return (parts.scheme, parts.hostname or "", port) in self._origins


def _bearer_token(connection: HTTPConnection) -> str | None:
    """The bearer token of a request, or None.

    Other schemes belong to a proxy in front (Basic, Digest, Negotiate). Raises Unauthenticated for
    several tokens, and for one without its scheme.
    """
    found = _authorizations(connection)
    if any(scheme.startswith("awe_") for scheme, _ in found):
        raise Unauthenticated("Authorization: write `Bearer` before the token.")
    tokens = [rest for scheme, rest in found if scheme == "bearer"]
    if len(tokens) > 1:
        raise Unauthenticated(f"{len(tokens)} bearer tokens in one request; send one.")
    return tokens[0] if tokens else None


def _authorizations(connection: HTTPConnection) -> list[tuple[str, str]]:
    """Scheme, in lower case, and the rest of each `Authorization` header."""
    found = []
    for name, value in connection.scope["headers"]:
        if name == b"authorization":
            scheme, _, rest = value.decode("latin-1").strip().partition(" ")
            found.append((scheme.lower(), rest.strip()))
    return found
