"""Answers requests by scripts, as plain ASGI before the engine's own routes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote

import orjson
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aiwebengine.core.errors import BodyTooLarge, EngineError, Forbidden, NotFound, Unavailable
from aiwebengine.runtimes.types import Failed, LogLine, Lost, Program, Reason
from aiwebengine.script_routes.active import ActiveRoute, ActiveScript, ActiveScripts
from aiwebengine.script_routes.headers import (
    Headers,
    PageMode,
    UnusableAnswer,
    for_script,
    for_visitor,
)
from aiwebengine.script_routes.matching import Match, NoSuchMethod
from aiwebengine.web.headers import header, request_id
from aiwebengine.web.problems import of_error

# Paths that stay the engine's, whatever a script claims.
RESERVED = frozenset(
    "engine auth graphql api editor health metrics static assets mcp scripts .well-known".split()
)
# What a page of the engine must never load from a script.
_CODE = frozenset(
    "script style worker sharedworker serviceworker audioworklet paintworklet".split()
)
WHOLE_BODY_BYTES = 262_144
"""A body up to this size goes to the script in one piece."""


class Answer(Protocol):
    """The answer of a program; `runtimes.client` makes it."""

    head: bytes
    body: bytes
    rest: AsyncIterator[bytes] | None

    async def close(self) -> None:
        """End the call if it still runs."""


class Caller(Protocol):
    """What calls programs; `runtimes.client` does it."""

    def call(
        self,
        program: Program,
        head: bytes,
        body: bytes,
        *,
        input: AsyncIterator[bytes] | None = None,
        on_log: Callable[[LogLine], None],
    ) -> Awaitable[Answer]:
        """Raises Failed, Lost."""


class Journal(Protocol):
    """What is told of calls: log lines, failures, numbers."""

    def line(self, script: ActiveScript, request_id: str, route: str, line: LogLine) -> None:
        """A script wrote a line."""

    def answered(self, script: ActiveScript, route: str, status: int, seconds: float) -> None:
        """A call ended with this status."""

    def lost(self, script: ActiveScript, error: Lost) -> None:
        """The engine ended a call."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How scripts are served here."""

    max_body_bytes: int
    scripts_host: str | None = None
    """The host that has nothing but scripts; None without one."""
    api_key: str | None = None


class ScriptFailed(EngineError):
    """The script threw; its visitors learn no more."""


class ScriptCrashed(EngineError):
    """The script's process ended (RFC 9110 section 15.6.3)."""

    status = 502


class ScriptTimedOut(EngineError):
    """The script took too long (RFC 9110 section 15.6.5)."""

    status = 504


class MethodNotAllowed(EngineError):
    """The path has no route for the method (RFC 9110 section 15.5.6)."""

    code = "BAD_USER_INPUT"
    status = 405


class ScriptRoutes:
    """Middleware that answers what scripts have routes for, and passes everything else on."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        scripts: ActiveScripts,
        caller: Caller,
        journal: Journal,
        settings: Settings,
    ) -> None:
        self._app = app
        self._scripts = scripts
        self._caller = caller
        self._journal = journal
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        host = _host(scope)
        is_own_host = host == self._settings.scripts_host
        segments = _segments(scope)
        if segments[0] in RESERVED and not is_own_host:
            await self._app(scope, receive, send)
            return
        found = self._scripts.table.find(host, scope["method"], segments)
        try:
            if isinstance(found, Match):
                _must_not_be_code_of_the_engine(scope, is_own_host=is_own_host)
                await self._serve(found, scope, receive, send, is_own_host=is_own_host)
            elif found is not None:
                await _not_allowed(found, scope)(scope, receive, send)
            elif is_own_host:
                raise NotFound("No script serves this path.")
            else:
                await self._app(scope, receive, send)
        except EngineError as error:
            await of_error(error, request_id(scope))(scope, receive, send)

    async def _serve(
        self,
        match: Match[ActiveRoute],
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        is_own_host: bool,
    ) -> None:
        """Answer by the script. Raises EngineError as long as nothing was sent."""
        route, script = match.route, match.route.script
        scope["state"]["script"] = script.slug
        scope["route_path"] = route.path
        if script.is_suspended:
            raise Unavailable("This script is suspended.")
        mode = script.page_mode if is_own_host else PageMode.SANDBOXED
        sending = _Sending(send, mode, is_head=scope["method"] == "HEAD", is_own_host=is_own_host)
        label, begun, status = f"{route.method} {route.path}", time.perf_counter(), 500
        try:
            await self._scripts.prepare(script)
            if route.kind == "asset":
                await _asset(route, mode)(scope, receive, send)
                status = 200
                return
            await self._call(match, label, scope, receive, sending)
            status = sending.status
        except EngineError as error:
            status = error.status
            raise
        finally:
            self._journal.answered(script, label, status, time.perf_counter() - begun)

    async def _call(
        self, match: Match[ActiveRoute], label: str, scope: Scope, receive: Receive, to: _Sending
    ) -> None:
        script, name = match.route.script, request_id(scope) or ""
        write = partial(self._journal.line, script, name, label)
        body = _RequestBody(receive, scope, self._settings.max_body_bytes)
        first, rest = await body.begin()
        head = _call_head(match, scope, name, self._settings.api_key)
        try:
            answer = await self._caller.call(script.program, head, first, input=rest, on_log=write)
            try:
                refused = await to.send_answer(answer)
            finally:
                if answer.rest is not None:
                    await answer.close()
        except Failed as error:
            write(_failure(error))
            raise ScriptFailed("The script failed. Its log has the details.") from None
        except UnusableAnswer as error:
            write(LogLine(0, "error", f"The answer can't be sent: {error}"))
            raise ScriptFailed("The script answered what can't be sent.") from None
        except Lost as error:
            if body.error is not None:
                raise body.error from None
            write(LogLine(0, "error", error.message))
            self._journal.lost(script, error)
            raise _status_of(error) from None
        if refused:
            names = ", ".join(refused[:10])
            write(LogLine(0, "warn", f"Not sent, because scripts may not set it here: {names}"))


class _RequestBody:
    """The body of a request on its way to a script, within a limit."""

    def __init__(self, receive: Receive, scope: Scope, most: int) -> None:
        self._receive = receive
        self._most = most
        self._size = 0
        self.error: BodyTooLarge | None = None
        """Set when the body was cut off because it is too large."""
        declared = header(scope, b"content-length") or ""
        if declared.isdecimal() and int(declared[:15]) > most:
            raise self._too_large()

    async def begin(self) -> tuple[bytes, AsyncIterator[bytes] | None]:
        """All of a small body, or the beginning of a large one and what follows."""
        parts, more = [], True
        while more and self._size < WHOLE_BODY_BYTES:
            message = await self._receive()
            parts.append(self._counted(message))
            more = message.get("more_body", False)
        first = parts[0] if len(parts) == 1 else b"".join(parts)
        return first, self._rest() if more else None

    async def _rest(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                return
            yield self._counted(message)
            more = message.get("more_body", False)

    def _counted(self, message: Message) -> bytes:
        part: bytes = message.get("body", b"")
        self._size += len(part)
        if self._size > self._most:
            raise self._too_large()
        return part

    def _too_large(self) -> BodyTooLarge:
        self.error = BodyTooLarge(f"The body is too large; at most {self._most} bytes are read.")
        return self.error


class _Sending:
    """Sends one answer."""

    def __init__(self, send: Send, mode: PageMode, *, is_head: bool, is_own_host: bool) -> None:
        self._send = send
        self._mode = mode
        self._is_head = is_head
        self._is_own_host = is_own_host
        self.status = 0

    async def send_answer(self, answer: Answer) -> list[str]:
        """Send the whole answer; the names of the headers that were refused.

        Raises UnusableAnswer before anything was sent.
        """
        status, headers, refused = self._start(answer.head)
        self.status = status
        if answer.rest is None:
            headers.append((b"content-length", str(len(answer.body)).encode()))
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        if self._is_head or answer.rest is None:
            body = b"" if self._is_head else answer.body
            await self._send({"type": "http.response.body", "body": body})
            return refused
        await self._send(_part(answer.body))
        async for part in answer.rest:
            await self._send(_part(part))
        await self._send({"type": "http.response.body", "body": b""})
        return refused

    def _start(self, head: bytes) -> tuple[int, Headers, list[str]]:
        """Status and headers, out of what the script says."""
        try:
            said = orjson.loads(head)
            status = said["status"]
            given = [(str(name), str(value)) for name, value in said["headers"]]
        except (ValueError, KeyError, TypeError):
            raise UnusableAnswer("the head of the answer is malformed") from None
        if type(status) is not int or not 200 <= status <= 599:
            raise UnusableAnswer(f"status {status!r} is not one from 200 to 599")
        headers, refused = for_visitor(given, self._mode, is_own_host=self._is_own_host)
        _must_lead_elsewhere(headers)
        return status, headers, refused


def _part(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": True}


def _call_head(match: Match[ActiveRoute], scope: Scope, name: str, api_key: str | None) -> bytes:
    path = scope["path"]
    query = scope["query_string"].decode("latin-1")
    raw = scope.get("raw_path", path.encode()).decode("latin-1")
    host = header(scope, b"host") or "localhost"
    head: dict[str, Any] = {
        "type": "http",
        "handler": match.route.handler,
        "request_id": name,
        "method": scope["method"],
        "url": f"{scope['scheme']}://{host}{raw}{'?' if query else ''}{query}",
        "path": path,
        "headers": for_script(scope["headers"], api_key),
        "params": match.params,
        "user": None,
    }
    return orjson.dumps(head)


def _host(scope: Scope) -> str:
    return (header(scope, b"host") or "").lower()


def _segments(scope: Scope) -> list[str]:
    """The parts of the path; a slash that is written as %2F does not part them."""
    raw = scope.get("raw_path")
    if raw is None or b"%" not in raw:
        path: str = scope["path"]
        return path.split("/")[1:] or [""]
    return [unquote(part) for part in raw.decode("latin-1").split("/")[1:]] or [""]


def _must_not_be_code_of_the_engine(scope: Scope, *, is_own_host: bool) -> None:
    """Raise Forbidden if a page of the engine, or a service worker, loads this as code.

    The engine's pages trust the host that they come from, which scripts share. A script's own page
    is another origin to browsers (Fetch Metadata, section 2), so it may load its files.
    """
    if header(scope, b"service-worker") is not None and not is_own_host:
        raise Forbidden("A script can't install a service worker on this host.")
    if (
        header(scope, b"sec-fetch-site") == "same-origin"
        and header(scope, b"sec-fetch-dest") in _CODE
        and not is_own_host
    ):
        raise Forbidden("Pages of the engine load no code of scripts.")


def _must_lead_elsewhere(headers: Headers) -> None:
    """Raise UnusableAnswer for a redirect to a path of the engine, which would act for it."""
    for name, value in headers:
        if name == b"location":
            path = value.decode("latin-1").replace("\\", "/").partition("?")[0]
            first = unquote(path).lstrip("/").partition("/")[0].partition("#")[0].lower()
            if not path.startswith("//") and "://" not in path and first in RESERVED:
                raise UnusableAnswer(f"a redirect to /{first} is the engine's alone")


def _not_allowed(found: NoSuchMethod, scope: Scope) -> Response:
    methods = ", ".join(found.allowed)
    error = MethodNotAllowed(f"Method {scope['method']} is not allowed here; allowed: {methods}.")
    response = of_error(error, request_id(scope))
    response.headers["Allow"] = methods
    return response


def _asset(route: ActiveRoute, mode: PageMode) -> Response:
    """A file of the script, with its modification as its tag."""
    folder = Path(route.script.program.folder)
    path = (folder / route.handler).resolve()
    if not path.is_relative_to(folder.resolve()) or not path.is_file():
        raise NotFound("The script has no such file.")
    response = FileResponse(path)
    headers, _ = for_visitor([("Cache-Control", "no-cache")], mode, is_own_host=False)
    for name, value in headers:
        response.headers[name.decode()] = value.decode()
    return response


def _failure(error: Failed) -> LogLine:
    text = error.stack if error.message in error.stack else f"{error.message}\n{error.stack}"
    return LogLine(0, "error", text.strip(), error.file, error.line, error.column)


def _status_of(error: Lost) -> EngineError:
    if error.reason is Reason.TIMEOUT:
        return ScriptTimedOut("The script took too long.")
    if error.reason in (Reason.CRASHED, Reason.MEMORY):
        return ScriptCrashed("The script's process ended.")
    if error.reason is Reason.ANSWER_TOO_LARGE:
        return ScriptFailed("The script's answer is too large.")
    if error.reason is Reason.BUSY:
        return Unavailable("The script has too many requests waiting.")
    return Unavailable("Scripts can't run at the moment.")
