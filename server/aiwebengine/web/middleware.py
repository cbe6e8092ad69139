"""The engine's own middleware.

It is plain ASGI, because Starlette's `BaseHTTPMiddleware` runs the application in another task.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from secrets import token_hex

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aiwebengine.core.errors import BodyTooLarge, BodyTooLate, EngineError, RateLimited, Unavailable
from aiwebengine.core.request_record import note_bug, note_code
from aiwebengine.web.access_log import RequestLine
from aiwebengine.web.deadlines import Deadlines
from aiwebengine.web.headers import header, request_id
from aiwebengine.web.problems import of_error
from aiwebengine.web.proxies import is_from_trusted_proxy

log = logging.getLogger(__name__)

_VALID_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

DRAINED_BYTES = 16 * 1_048_576

# Status in the log and the metrics for a request whose client disconnected while it sent the body.
# It is never sent.
CLIENT_LEFT = 499

# Additional time for paths that report a timeout in their own format.
GRACE_SECS = 1.0

# In a request's state: its response needs no content security policy but its own.
OWN_POLICY = "has_own_policy"

# ASGI messages that start a response; the second one rejects a WebSocket handshake.
_STARTS = ("http.response.start", "websocket.http.response.start")

# The content security policy of responses that are not pages.
_NOTHING = b"default-src 'none'; frame-ancestors 'none'"

Headers = list[tuple[bytes, bytes]]

ErrorResponse = Callable[[Scope, EngineError], Response]
"""Makes the response for an error. GraphQL has its own format, other routes use `as_problem`."""


def as_problem(scope: Scope, error: EngineError) -> Response:
    """The error as problem details (RFC 9457)."""
    return of_error(error, request_id(scope))


class RequestId:
    """Gives each request an ID and returns it in the header `X-Request-Id`.

    A trusted proxy may set the ID: up to 64 letters, digits, dots, hyphens and underscores. Other
    clients may not, because they could reuse the ID of another request and confuse the log and the
    audit trail.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        name = _given_id(scope) or token_hex(8)
        scope.setdefault("state", {})["request_id"] = name
        added: Headers = [(b"x-request-id", name.encode())]
        await self._app(scope, receive, _adding(send, lambda _: added))


def _given_id(scope: Scope) -> str | None:
    """The request ID from a trusted proxy; None when it is missing or invalid."""
    if not is_from_trusted_proxy(scope):
        return None
    # A proxy that keeps the client's header appends its own.
    given = [value for name, value in scope["headers"] if name == b"x-request-id"]
    name = given[-1].decode("latin-1") if given else ""
    return name if _VALID_ID.fullmatch(name) else None


class SecurityHeaders:
    """Adds security headers to responses that do not set them.

    *policy* returns the Content-Security-Policy of pages; other responses get one that allows
    nothing. *strict_transport* is the value of Strict-Transport-Security (RFC 6797), or None if
    browsers use http.
    """

    def __init__(
        self, app: ASGIApp, *, policy: Callable[[], str], strict_transport: str | None
    ) -> None:
        self._app = app
        self._policy = policy
        self._always: Headers = [
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", b"DENY"),
            (b"referrer-policy", b"same-origin"),
            (b"cross-origin-opener-policy", b"same-origin"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=()"),
        ]
        if strict_transport is not None:
            self._always.append((b"strict-transport-security", strict_transport.encode()))
        self._of_data: Headers = [*self._always, (b"content-security-policy", _NOTHING)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        await self._app(scope, receive, _adding(send, partial(self._missing, scope)))

    def _missing(self, scope: Scope, message: Message) -> Headers:
        names = {name for name, _ in message.get("headers", ())}
        is_free = OWN_POLICY in scope.get("state", ())
        wanted = self._always if is_free else self._for_type(message)
        return [header for header in wanted if header[0] not in names]

    def _for_type(self, message: Message) -> Headers:
        if not (header(message, b"content-type") or "").startswith("text/html"):
            return self._of_data
        return [*self._always, (b"content-security-policy", self._policy().encode())]


class BodyLimit:
    """Refuses bodies above *most* bytes with 413, by their Content-Length or while reading them.

    The limit is *most_anonymous* until the caller is authenticated, so a route that accepts larger
    bodies must authenticate before it reads. Reading more raises BodyTooLarge in the route.
    *most_below* has higher limits for the paths below some prefixes.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        most: int,
        most_anonymous: int,
        most_below: Mapping[str, int] | None = None,
        error_response: ErrorResponse = as_problem,
    ) -> None:
        self._app = app
        self._most = most
        self._most_below = most_below or {}
        self._most_anonymous = most_anonymous
        self._error_response = error_response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(scope, receive, send, self._allowed)
        most = self._most_at(scope["path"])
        if body.announced > most:
            response = self._error_response(scope, body.too_large(most))
            await response(scope, receive, body.send)
            return
        await self._app(scope, body.receive, body.send)

    def _allowed(self, scope: Scope) -> int:
        viewer = scope["state"].get("viewer")
        if viewer is None or not viewer.is_signed_in:
            return self._most_anonymous
        return self._most_at(scope["path"])

    def _most_at(self, path: str) -> int:
        higher = [
            most for prefix, most in self._most_below.items() if path.startswith(f"{prefix}/")
        ]
        return max([self._most, *higher])


class _Body:
    """The body of one request, and its response. `announced` is the Content-Length, or 0."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, allowed: Callable[[Scope], int]
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._allowed = allowed
        self._size = 0
        self._has_started_response = False
        self._is_too_large = False
        length = header(scope, b"content-length") or ""
        self.announced = int(length[:12]) if length.isdecimal() else 0

    async def receive(self) -> Message:
        """The next chunk. Raises BodyTooLarge, unless the response has started already."""
        if not self._has_started_response:
            self._must_be_within(self.announced)
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if not self._has_started_response:
            self._must_be_within(self._size)
        return message

    async def send(self, message: Message) -> None:
        """Send the message; before a refusal, read more of the body first (see `_drain`)."""
        if message["type"] == "http.response.start":
            self._has_started_response = True
            if self._is_too_large:
                await self._drain()
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        await self._send(message)

    def too_large(self, allowed: int) -> BodyTooLarge:
        """The error; its response will close the connection."""
        self._is_too_large = True
        return BodyTooLarge(f"The body is too large; at most {allowed} bytes are read.")

    def _must_be_within(self, size: int) -> None:
        # Requests without a body skip the look-up of the limit.
        if size and size > (allowed := self._allowed(self._scope)):
            raise self.too_large(allowed)

    async def _drain(self) -> None:
        """Read up to DRAINED_BYTES: a client that is still sending would not read the response."""
        if header(self._scope, b"expect") is not None:
            # `Expect: 100-continue`: the client sends nothing until it has read a response.
            return
        while self._size < DRAINED_BYTES:
            message = await self._receive()
            self._size += len(message.get("body", b""))
            if message["type"] == "http.disconnect" or not message.get("more_body"):
                return


class RateLimit:
    """Answers 429 when *count*, which is called for each request, raises RateLimited."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        count: Callable[[Scope], None],
        error_response: ErrorResponse = as_problem,
    ) -> None:
        self._app = app
        self._count = count
        self._error_response = error_response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        path = scope.get("path", "")
        # Health checks may share an address with other clients, so they are not rate limited.
        if scope["type"] == "http" and path != "/health" and not path.startswith("/assets/"):
            try:
                self._count(scope)
            except RateLimited as error:
                await self._error_response(scope, error)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class TimeLimit:
    """Cancels a request whose response has not started after *seconds*, and its SQL statement.

    The response is 503, or 408 if the engine was waiting for the body. There is no limit once the
    response has started, so exports and event streams can take longer. Paths in *with_own_timeout*
    report the timeout in their own format; they get GRACE_SECS more.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        seconds: float,
        with_own_timeout: frozenset[str] = frozenset(),
        error_response: ErrorResponse = as_problem,
    ) -> None:
        self._app = app
        self._seconds = seconds
        self._error_response = error_response
        self._usual, self._later = Deadlines(seconds), Deadlines(seconds + GRACE_SECS)
        self._with_own_timeout = with_own_timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        deadlines = self._later if scope["path"] in self._with_own_timeout else self._usual
        awaits_body = False

        async def receiving() -> Message:
            nonlocal awaits_body
            awaits_body = True
            message = await receive()
            awaits_body = False
            return message

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                limit.lift()
            await send(message)

        try:
            with deadlines.within() as limit:
                await self._app(scope, receiving, sending)
        except TimeoutError:
            if not limit.is_over:
                raise
            await self._refused(scope, awaits_body)(scope, receive, send)

    def _refused(self, scope: Scope, awaits_body: bool) -> Response:
        if not awaits_body:
            return self._error_response(
                scope, Unavailable(f"The request took longer than {self._seconds:g} s.")
            )
        late = f"The request's body did not arrive within {self._seconds:g} s."
        response = self._error_response(scope, BodyTooLate(late))
        response.headers["Connection"] = "close"
        return response


class AccessLog:
    """Logs each request and handles exceptions that nothing else has caught.

    *answered* is called after each response with the scope (which the router has extended), the
    status, and the seconds until the response started (a stream may last for hours). An unexpected
    exception is logged with its stack trace; the client gets only the request ID.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        answered: Callable[[Scope, int, float], None],
        error_response: ErrorResponse = as_problem,
    ) -> None:
        self._app = app
        self._answered = answered
        self._error_response = error_response

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with RequestLine(scope, scope["method"]) as line:
            line.status, waited = 0, 0.0

            async def noting(message: Message) -> None:
                nonlocal waited
                if message["type"] == "http.response.start":
                    line.status, waited = message["status"], time.perf_counter() - line.began
                await send(message)

            try:
                await self._app(scope, receive, noting)
            except ClientDisconnect:
                # The client is gone: nobody would read a response, and the engine did not fail.
                line.status = line.status or CLIENT_LEFT
            except Exception as error:
                if not note_bug(error):
                    log.exception("request.bug")
                note_code(EngineError.code)
                if line.status:
                    # The response has started; it can only be cut off.
                    raise
                hidden = EngineError("Something went wrong on our side. The log has the details.")
                await self._error_response(scope, hidden)(scope, receive, noting)
            finally:
                waited = waited or time.perf_counter() - line.began
                self._answered(scope, line.status, waited)


def _adding(send: Send, headers: Callable[[Message], Headers]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] in _STARTS:
            present = message.get("headers", ())
            message = {**message, "headers": [*present, *headers(message)]}
        await send(message)

    return sending
