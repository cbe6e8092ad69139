"""Answers requests by scripts, as plain ASGI before the engine's own routes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from uuid import UUID

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from aiwebengine.core.errors import EngineError, Forbidden, NotFound, Unavailable
from aiwebengine.runtimes.instance import InstanceRuntimes
from aiwebengine.runtimes.types import Failed, LogLine, Lost
from aiwebengine.script_calls.errors import (
    MethodNotAllowed,
    ScriptFailed,
    ScriptUnavailable,
    error_of,
    failure_line,
)
from aiwebengine.script_calls.invocations import Invocations
from aiwebengine.script_calls.journal import Journal
from aiwebengine.script_calls.types import Kind, ScriptUser, ServedScript
from aiwebengine.script_routes.active import ActiveScripts, ServedRoute
from aiwebengine.script_routes.answers import AnswerSender
from aiwebengine.script_routes.connecting import Connecting, Connections, head_within, may_connect
from aiwebengine.script_routes.headers import UnusableAnswer, for_visitor
from aiwebengine.script_routes.hosts import Place, name_of, place_of
from aiwebengine.script_routes.leaving import UntilDisconnect
from aiwebengine.script_routes.matching import Match, NoSuchMethod
from aiwebengine.script_routes.only import must_be_answered_by
from aiwebengine.script_routes.paths import is_the_engines
from aiwebengine.script_routes.requests import RequestBody, call_head, described, segments_of
from aiwebengine.script_routes.signing_in import SignInRequired, sign_in_page
from aiwebengine.script_routes.visitors import FindsVisitors, Visitors
from aiwebengine.scripts.routes import METHODS, SOCKET_METHOD
from aiwebengine.scripts.types import PageMode
from aiwebengine.web.headers import header, request_id
from aiwebengine.web.middleware import CLIENT_LEFT, OWN_POLICY
from aiwebengine.web.problems import of_error

# RFC 6455 section 7.4.1.
POLICY_VIOLATION = 1008
_METHODS = frozenset((*METHODS, SOCKET_METHOD))
# What a page of the engine must never load from a script.
_CODE = frozenset(
    "script style worker sharedworker serviceworker audioworklet paintworklet xslt manifest object"
    " embed frame iframe json webidentity".split()
)


class ServesFiles(Protocol):
    """Responses with the files of scripts."""

    async def response(
        self, script_id: UUID, version: int, asset: str, params: Mapping[str, str], scope: Scope
    ) -> Response:
        """The response for the route of an asset. Raises NotFound, Unavailable."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How scripts are served here."""

    max_body_bytes: int
    engine_host: str | None = None
    """The name that browsers use for the engine."""
    scripts_host: str | None = None
    """The name of the host that has nothing but scripts; None without one."""
    api_key: str | None = None
    visitors: Visitors | None = None
    """Who visits the scripts host."""
    engine_visitors: FindsVisitors | None = None
    """Who visits the engine's host."""
    run_visitor: FindsVisitors | None = None
    """The visitor of a run, on every host; None for requests that visitors send."""
    files: ServesFiles | None = None
    note_failure: Callable[[ServedScript, Scope, bytes | None, str], None] | None = None
    """Gets a request that failed: its body, None if it was too large to keep, and the reason."""
    is_trial: bool = False
    """Whether everything that scripts write is undone."""
    everywhere: frozenset[str] = frozenset()
    """Paths that the engine answers on the hosts of scripts too."""


class ScriptRoutes:
    """Middleware that answers what scripts have routes for, and passes everything else on."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        scripts: ActiveScripts,
        runtimes: InstanceRuntimes,
        journal: Journal,
        invocations: Invocations,
        settings: Settings,
        connections: Connections,
    ) -> None:
        self._app = app
        self._connections = connections
        self._scripts = scripts
        self._runtimes = runtimes
        self._journal = journal
        self._invocations = invocations
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        try:
            is_answered = await self._answer(scope, receive, send)
        except EngineError as error:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            else:
                await of_error(error, request_id(scope))(scope, receive, send)
        else:
            if not is_answered:
                await self._app(scope, receive, send)

    def find(self, scope: Scope) -> tuple[Place, Match[ServedRoute] | NoSuchMethod | None]:
        """The host that a request is for, and the route that answers it.

        Raises MalformedHost, and Unavailable for a path that may be a script's during the start.
        """
        table = self._scripts.table
        place = place_of(name_of(scope), self._settings.scripts_host, table.hosts)
        # Scripts answer no other methods: TRACE would show what proxies add.
        method = SOCKET_METHOD if scope["type"] == "websocket" else scope["method"]
        is_for_scripts = method in _METHODS
        if is_for_scripts and (place.is_apart or not is_the_engines(scope["path"])):
            found = table.find(place.tables, method, segments_of(scope))
            if method == SOCKET_METHOD and not _is_socket(found):
                # Routes for other methods, or for all of them.
                found = None
            if found is None and not self._scripts.is_loaded:
                # Clients and proxies remember a 404.
                raise Unavailable("The engine is starting: it has not read the scripts yet.")
            return place, found
        return place, None

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Answer by a script; False if the request is the engine's.

        Raises EngineError as long as nothing was sent.
        """
        place, found = self.find(scope)
        must_be_answered_by(scope, found)
        if place.is_apart and scope["path"] in self._settings.everywhere:
            return False
        visitors = self._settings.visitors
        if place.is_apart and visitors is not None and visitors.is_sign_in(scope, place.tables):
            await (await visitors.sign_in(scope))(scope, receive, send)
            return True
        if isinstance(found, Match):
            _must_not_be_code_of_the_engine(scope, is_own_host=place.is_apart)
            try:
                await self._serve(found, scope, receive, send, is_own_host=place.is_apart)
            except SignInRequired:
                page = sign_in_page(scope, visitors, name_of(scope), is_own_host=place.is_apart)
                if page is None:
                    raise
                await page(scope, receive, send)
        elif found is not None:
            await _not_allowed(found, scope)(scope, receive, send)
        elif place.is_apart:
            raise NotFound("No script serves this path.")
        else:
            return False
        return True

    async def _serve(
        self,
        match: Match[ServedRoute],
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        is_own_host: bool,
    ) -> None:
        """Answer by the script. Raises EngineError as long as nothing was sent."""
        route, script = match.route, match.route.script
        scope["state"]["script"] = script.slug
        if script.is_suspended:
            raise ScriptUnavailable("This script is suspended.")
        mode = script.page_mode if is_own_host else PageMode.SANDBOXED
        if mode is PageMode.FULL:
            scope["state"][OWN_POLICY] = True
        sending = AnswerSender(
            send,
            scope,
            mode,
            engine_host=self._settings.engine_host,
            is_own_host=is_own_host,
        )
        label, begun, status = f"{route.method} {route.path}", time.perf_counter(), 500
        if route.kind in ("stream", "socket"):
            # Not counted here: it is open for hours, and its calls are counted.
            wanted = await self._connecting(match, label, scope, sending, is_own_host=is_own_host)
            await self._connect(wanted, scope, receive, send)
            return
        try:
            if route.kind == "asset":
                response = await self._asset(match, mode, scope)
                status = sending.status = response.status_code
                await response(scope, receive, send)
                return
            await self._scripts.prepare(script)
            await self._call(match, label, scope, receive, sending, is_own_host=is_own_host)
            status = sending.status
        except EngineError as error:
            status = error.status
            # What has begun can only be cut off: the server closes the connection.
            if not sending.has_begun:
                raise
        except ClientDisconnect:
            status = CLIENT_LEFT
            raise
        finally:
            self._journal.answered(script, status, time.perf_counter() - begun)

    async def _call(
        self,
        match: Match[ServedRoute],
        label: str,
        scope: Scope,
        receive: Receive,
        to: AnswerSender,
        *,
        is_own_host: bool,
    ) -> None:
        script, name = match.route.script, request_id(scope) or ""
        write = partial(self._journal.line, script, name, label)
        body = RequestBody(receive, scope, self._settings.max_body_bytes)
        first, rest = await body.begin()
        user = await self._visitor(scope, script.id, is_own_host=is_own_host)
        head = call_head(match, scope, self._settings.api_key, user, is_own_host=is_own_host)
        invocation = self._invocations.begin(
            Kind.HTTP, script.ref, name, user, is_trial=self._settings.is_trial
        )
        whole = first if rest is None else None
        try:
            with UntilDisconnect(body):
                answer = await self._runtimes.call(
                    script.program,
                    head,
                    first,
                    input=rest,
                    on_log=write,
                    on_ask=invocation.answer,
                )
                if answer.over is None:
                    # What the script did must be kept before the visitor reads that it was.
                    await invocation.end(is_complete=True)
                try:
                    refused = await to.send_answer(answer)
                finally:
                    if answer.rest is not None:
                        await answer.close()
                if answer.over is not None:
                    await self._invocations.answered(invocation, answer)
        except Failed as error:
            self._scripts.has_failed(script)
            write(failure_line(error))
            self._note_failure(script, scope, whole, error.message)
            raise ScriptFailed("The script failed. Its log has the details.") from None
        except UnusableAnswer as error:
            write(LogLine(0, "error", f"The answer can't be sent: {error}."))
            raise ScriptFailed("The script's answer can't be sent.") from None
        except Lost as error:
            write(LogLine(0, "error", error.message))
            self._journal.lost(script, error)
            self._note_failure(script, scope, whole, error.message)
            raise error_of(error) from None
        finally:
            if not invocation.is_over and not self._invocations.is_continuing(invocation):
                await invocation.end(is_complete=False)
        if refused:
            names = ", ".join(refused[:10])
            write(LogLine(0, "warn", f"Not sent, because scripts may not set it here: {names}"))

    def _note_failure(
        self, script: ServedScript, scope: Scope, body: bytes | None, message: str
    ) -> None:
        if self._settings.note_failure is not None:
            self._settings.note_failure(script, scope, body, message)

    async def _connect(
        self, wanted: Connecting, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Serve a connection until it ends. Raises EngineError as long as nothing was sent."""
        if wanted.match.route.kind == "stream":
            await self._connections.stream(wanted, scope, receive, send)
            return
        try:
            await self._connections.socket(wanted, scope, receive, send)
        except EngineError as error:
            await of_error(error, request_id(scope))(scope, receive, send)

    async def _connecting(
        self,
        match: Match[ServedRoute],
        label: str,
        scope: Scope,
        sending: AnswerSender,
        *,
        is_own_host: bool,
    ) -> Connecting:
        """What the visitor wants, who is nobody to a page of another origin.

        Raises Unavailable.
        """

        async def find_user() -> ScriptUser | None:
            if not may_connect(scope, ()):
                return None
            script = match.route.script.id
            return await self._visitor(scope, script, is_own_host=is_own_host)

        write = partial(self._journal.line, match.route.script, request_id(scope) or "", label)
        return Connecting(
            match,
            described(match, scope, self._settings.api_key, is_own_host=is_own_host),
            await find_user(),
            find_user,
            head_within(sending, write),
            is_own_host,
        )

    async def _visitor(
        self, scope: Scope, script_id: UUID, *, is_own_host: bool
    ) -> ScriptUser | None:
        """Who is signed in. Raises Unauthenticated, RateLimited, Unavailable.

        On the engine's own host that is the user who is signed in there; on the scripts host the
        user who signed in there; on the host of a script nobody. In a run it is who started it.
        """
        visitors: FindsVisitors | None = self._settings.visitors
        if self._settings.run_visitor is not None:
            visitors = self._settings.run_visitor
        elif not is_own_host:
            visitors = self._settings.engine_visitors
        elif self._settings.visitors is None or name_of(scope) != self._settings.visitors.host:
            return None
        found = None if visitors is None else await visitors.find(scope, script_id)
        return None if found is None else ScriptUser.from_json(found)

    async def _asset(self, match: Match[ServedRoute], mode: PageMode, scope: Scope) -> Response:
        """The response with a file. Raises NotFound, Unavailable."""
        route, files = match.route, self._settings.files
        if files is None:
            raise NotFound("The script has no such file.")
        response = await files.response(
            route.script.id, route.script.version, route.handler, match.params, scope
        )
        headers, _ = for_visitor([], mode, is_own_host=False)
        for name, value in headers:
            response.headers[name.decode()] = value.decode()
        return response


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


def _is_socket(found: Match[ServedRoute] | NoSuchMethod | None) -> bool:
    return isinstance(found, Match) and found.route.kind == "socket"


def _not_allowed(found: NoSuchMethod, scope: Scope) -> Response:
    methods = ", ".join(one for one in found.allowed if one != SOCKET_METHOD) or "none"
    error = MethodNotAllowed(f"Method {scope['method']} is not allowed here; allowed: {methods}.")
    response = of_error(error, request_id(scope))
    response.headers["Allow"] = methods
    return response
