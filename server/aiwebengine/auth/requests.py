"""What a connection says about who sent it: cookie, token, origin, address."""

from __future__ import annotations

import ipaddress
from typing import NoReturn
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.responses import Response

from aiwebengine.auth.callers import Callers
from aiwebengine.errors import Forbidden, Unauthenticated
from aiwebengine.rates.service import Kind, Rates
from aiwebengine.viewer import Origin, Viewer, anonymous
from aiwebengine.web.headers import address_of, header, request_id

_LOOPBACK_NAMES = {"localhost", "127.0.0.1", "::1"}
_FORWARDING_HEADERS = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
LONGEST_USER_AGENT = 300


class Doorkeeper:
    """Tells who sent a request. *public_url* is the address under which browsers know us."""

    def __init__(self, callers: Callers, rates: Rates, public_url: str, lasts_secs: float) -> None:
        self._callers = callers
        self._rates = rates
        self._lasts_secs = lasts_secs
        parts = urlsplit(public_url)
        self._is_https = parts.scheme == "https"
        # RFC 6265bis section 4.1.3.2: the prefix ties the cookie to https and to this host.
        self.cookie = ("__Host-" if self._is_https else "") + "aiwebengine_session"
        # Which browser began a sign-in. Apple's answer is a POST from its own page, which brings
        # no stricter cookie; browsers take this one over https only.
        self.browser_cookie = ("__Host-" if self._is_https else "") + "aiwebengine_browser"
        names = {parts.hostname or ""}
        if names & _LOOPBACK_NAMES:
            names = _LOOPBACK_NAMES
        port = parts.port or (443 if self._is_https else 80)
        self._origins = {(parts.scheme, name, port) for name in names}

    async def viewer(self, connection: HTTPConnection, door: str) -> Viewer:
        """Who asks: by token if one is shown, else by session, else anonymous.

        Raises Unauthenticated for a token that is not valid, RateLimited after many of these,
        Unavailable without a database.
        """
        viewer = await self._viewer(connection, self.origin(connection, door))
        # For what is told of the request afterwards: the log, and the trail of refusals.
        connection.scope["state"]["viewer"] = viewer
        return viewer

    async def _viewer(self, connection: HTTPConnection, origin: Origin) -> Viewer:
        authorization = header(connection.scope, b"authorization")
        if authorization is not None:
            scheme, _, token = authorization.partition(" ")
            if scheme.lower() != "bearer":
                raise Unauthenticated("Authorization: only `Bearer awe_…` is understood here.")
            try:
                return await self._callers.by_token(token.strip(), origin)
            except Unauthenticated:
                await self._rates.attempt(Kind.BAD_TOKEN, origin.address)
                raise
        secret = connection.cookies.get(self.cookie)
        if secret is None:
            return anonymous(origin)
        return await self._callers.by_session(secret, origin)

    async def refuse_key(self, connection: HTTPConnection) -> NoReturn:
        """Count a key that is not the right one. Raises Unauthenticated, RateLimited."""
        await self._rates.attempt(Kind.BAD_TOKEN, address_of(connection.scope))
        raise Unauthenticated("This API key is not valid.")

    async def count_sign_in(self, connection: HTTPConnection) -> None:
        """Count an attempt to get in. Raises RateLimited."""
        await self._rates.attempt(Kind.SIGN_IN, address_of(connection.scope))

    def origin(self, connection: HTTPConnection, door: str) -> Origin:
        """Where a request came from, for the trail."""
        return Origin(
            door,
            request_id=request_id(connection.scope),
            address=address_of(connection.scope),
            user_agent=(header(connection.scope, b"user-agent") or "")[:LONGEST_USER_AGENT] or None,
        )

    def is_same_origin(self, connection: HTTPConnection) -> bool:
        """Whether a browser sent this from one of our own pages, or no browser sent it.

        Browsers tell `Origin` with every POST and every WebSocket (Fetch standard section 3.2);
        without it `Referer` and `Sec-Fetch-Site` must not say otherwise.
        """
        told = header(connection.scope, b"origin") or header(connection.scope, b"referer")
        if told is not None:
            return self._is_ours(told)
        return header(connection.scope, b"sec-fetch-site") in (None, "none", "same-origin")

    def must_be_same_origin(self, connection: HTTPConnection) -> None:
        """Raise Forbidden for a request that a foreign page made the browser send.

        A request that shows a token is not authorised by a cookie, and no page can make a browser
        show one.
        """
        is_by_token = header(connection.scope, b"authorization") is not None
        if not is_by_token and not self.is_same_origin(connection):
            raise Forbidden("This request came from a page of another site.")

    def is_local(self, connection: HTTPConnection) -> bool:
        """Whether the request comes straight from this machine: no proxy, no borrowed name."""
        if connection.client is None or connection.url.hostname not in _LOOPBACK_NAMES:
            return False
        if any(name in connection.headers for name in _FORWARDING_HEADERS):
            return False
        try:
            return ipaddress.ip_address(connection.client.host).is_loopback
        except ValueError:
            return False

    def set_cookie(self, response: Response, secret: str) -> None:
        """Hand a session's secret to the browser."""
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
        """Let the browser prove, when it comes back, that it began the sign-in."""
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
        """Make the browser forget the session."""
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
