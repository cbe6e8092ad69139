"""Middleware as plain ASGI: Starlette's base class would run the app in another task."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from secrets import token_hex

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aiwebengine.core.errors import BodyTooLarge, BodyTooLate, EngineError, RateLimited, Unavailable
from aiwebengine.core.request_record import note_bug, note_code
from aiwebengine.web.access_log import Answered, request_line
from aiwebengine.web.deadlines import Deadlines
from aiwebengine.web.headers import header, request_id
from aiwebengine.web.problems import of_error
from aiwebengine.web.proxies import is_from_trusted_proxy

log = logging.getLogger(__name__)

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

DRAINED_BYTES = 16 * 1_048_576

# What the log and the figures say of a request whose sender left in the middle of its body; no
# client ever sees it.
CLIENT_LEFT = 499

# What tells its own callers that it is late has so long to do it.
GRACE_SECS = 1.0

# The messages that begin an answer, a refusal of a WebSocket's handshake included.
_STARTS = ("http.response.start", "websocket.http.response.start")

# What an answer that is no page may do.
_NOTHING = b"default-src 'none'; frame-ancestors 'none'"

Headers = list[tuple[bytes, bytes]]

Tell = Callable[[Scope, EngineError], Response]
"""How a request is told of a refusal: some routes have a form of their own for it."""


def as_problem(scope: Scope, error: EngineError) -> Response:
    """A refusal as problem details, which is the form of most routes."""
    return of_error(error, request_id(scope))


class RequestId:
    """Gives each request an id, which every answer names in `X-Request-Id`.

    A trusted proxy may bring one: up to 64 letters, digits, dots, dashes and underscores. Nobody
    else may, or an outsider could mix up the lines of others in the log and in the trail.
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
    """The id that a trusted proxy gave; None when there is none that can be used."""
    if not is_from_trusted_proxy(scope):
        return None
    # A proxy that adds one to a caller's puts its own behind it.
    given = [value for name, value in scope["headers"] if name == b"x-request-id"]
    name = given[-1].decode("latin-1") if given else ""
    return name if _SANE_ID.fullmatch(name) else None


class SecurityHeaders:
    """Tells the browser what our answers may do.

    *policy* is for pages; anything else may do nothing at all. *strict_transport*: the value of
    Strict-Transport-Security (RFC 6797), None where browsers reach us by http.
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
        await self._app(scope, receive, _adding(send, self._missing))

    def _missing(self, message: Message) -> Headers:
        names = {name for name, _ in message.get("headers", ())}
        return [one for one in self._fitting(message) if one[0] not in names]

    def _fitting(self, message: Message) -> Headers:
        if not (header(message, b"content-type") or "").startswith("text/html"):
            return self._of_data
        return [*self._always, (b"content-security-policy", self._policy().encode())]


class BodyLimit:
    """Refuses bodies above *most* bytes with 413, told beforehand or counted while they come.

    *most_below* has higher limits for the paths below some prefixes.
    Of a caller who is not known yet, or not at all, *most_of_strangers* are read: a route that
    takes more must find out who asks first. Larger ones end where the route reads them.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        most: int,
        most_of_strangers: int,
        most_below: Mapping[str, int] | None = None,
        tell: Tell = as_problem,
    ) -> None:
        self._app = app
        self._most = most
        self._most_below = most_below or {}
        self._most_of_strangers = most_of_strangers
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(scope, receive, send, self._allowed)
        most = self._most_at(scope["path"])
        if body.told > most:
            await self._tell(scope, body.too_large(most))(scope, receive, body.send)
            return
        await self._app(scope, body.receive, body.send)

    def _allowed(self, scope: Scope) -> int:
        viewer = scope["state"].get("viewer")
        if viewer is None or not viewer.is_signed_in:
            return self._most_of_strangers
        return self._most_at(scope["path"])

    def _most_at(self, path: str) -> int:
        higher = [
            most for prefix, most in self._most_below.items() if path.startswith(f"{prefix}/")
        ]
        return max([self._most, *higher])


class _Body:
    """One body on its way in, and what is sent about it."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, allowed: Callable[[Scope], int]
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._allowed = allowed
        self._size = 0
        self._has_begun_to_answer = False
        self._is_too_large = False
        told = header(scope, b"content-length") or ""
        self.told = int(told[:12]) if told.isdecimal() else 0

    async def receive(self) -> Message:
        """The next part. Raises BodyTooLarge, unless the answer has begun already."""
        if not self._has_begun_to_answer:
            self._must_be_within(self.told)
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if not self._has_begun_to_answer:
            self._must_be_within(self._size)
        return message

    async def send(self, message: Message) -> None:
        """Send on; the refusal of a body once the client has sent a little more of it."""
        if message["type"] == "http.response.start":
            self._has_begun_to_answer = True
            if self._is_too_large:
                await self._drain()
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        await self._send(message)

    def too_large(self, allowed: int) -> BodyTooLarge:
        """The refusal, which closes the connection."""
        self._is_too_large = True
        return BodyTooLarge(f"The body is too large; at most {allowed} bytes are read.")

    def _must_be_within(self, size: int) -> None:
        # Without a body nobody has to ask how much is allowed.
        if size and size > (allowed := self._allowed(self._scope)):
            raise self.too_large(allowed)

    async def _drain(self) -> None:
        """Take in a little more: a client that still sends would not read the answer."""
        if header(self._scope, b"expect") is not None:
            # It waits for leave to send, and reads.
            return
        while self._size < DRAINED_BYTES:
            message = await self._receive()
            self._size += len(message.get("body", b""))
            if message["type"] == "http.disconnect" or not message.get("more_body"):
                return


class RateLimit:
    """Refuses with 429 whoever comes too often.

    *count* raises RateLimited then.
    """

    def __init__(
        self, app: ASGIApp, *, count: Callable[[Scope], None], tell: Tell = as_problem
    ) -> None:
        self._app = app
        self._count = count
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        path = scope.get("path", "")
        # A check of our health must not be refused because of somebody else's haste.
        if scope["type"] == "http" and path != "/health" and not path.startswith("/assets/"):
            try:
                self._count(scope)
            except RateLimited as error:
                await self._tell(scope, error)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class TimeLimit:
    """Ends a request that has no answer after *seconds*, with all that it does, the running
    statement included: 503, or 408 when it is the body that does not come.

    The limit is for the beginning of the answer. What is sent bit by bit, such as an export or
    an event stream, may take as long as it takes. The paths *tell_it_themselves* have a moment
    more, to say it in their own words.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        seconds: float,
        tell_it_themselves: frozenset[str] = frozenset(),
        tell: Tell = as_problem,
    ) -> None:
        self._app = app
        self._seconds = seconds
        self._tell = tell
        self._usual, self._later = Deadlines(seconds), Deadlines(seconds + GRACE_SECS)
        self._tell_it_themselves = tell_it_themselves

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        deadlines = self._later if scope["path"] in self._tell_it_themselves else self._usual
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
            return self._tell(
                scope, Unavailable(f"The request took longer than {self._seconds:g} s.")
            )
        late = f"The request's body did not arrive within {self._seconds:g} s."
        response = self._tell(scope, BodyTooLate(late))
        response.headers["Connection"] = "close"
        return response


class AccessLog:
    """Logs each request, without the query string (it may hold secrets); the last resort.

    *answered* is told of each answer: the scope as the routes left it, the status, and the seconds
    until it began (a stream may then go on for hours). An error that nobody caught is
    logged and told with the request id alone.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        answered: Callable[[Scope, int, float], None],
        tell: Tell = as_problem,
    ) -> None:
        self._app = app
        self._answered = answered
        self._tell = tell

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with request_line(scope, scope["method"]) as line:
            await self._answer(scope, receive, send, line)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, line: Answered) -> None:
        began, waited = time.perf_counter(), 0.0
        line.status = 0

        async def noting(message: Message) -> None:
            nonlocal waited
            if message["type"] == "http.response.start":
                line.status, waited = message["status"], time.perf_counter() - began
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except ClientDisconnect:
            # Nobody reads an answer, and nobody but the client made the request fail.
            line.status = line.status or CLIENT_LEFT
        except Exception as error:
            if not note_bug(error):
                log.exception("request.bug")
            note_code(EngineError.code)
            if line.status:
                # The answer has begun; all that is left is to cut it off.
                raise
            hidden = "Something went wrong on our side. The log has the details."
            await self._tell(scope, EngineError(hidden))(scope, receive, noting)
        finally:
            seconds = time.perf_counter() - began
            self._answered(scope, line.status, waited or seconds)


def _adding(send: Send, headers: Callable[[Message], Headers]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] in _STARTS:
            present = message.get("headers", ())
            message = {**message, "headers": [*present, *headers(message)]}
        await send(message)

    return sending
