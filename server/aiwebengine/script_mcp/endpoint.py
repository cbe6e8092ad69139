"""The endpoint of the Model Context Protocol: Streamable HTTP, without sessions, answers in JSON.

Each request stands for itself, so any worker of any instance may answer it; only the answer to
`subscriptions/listen` is a stream. The package `mcp` reads and writes the protocol in all its
versions; it is loaded at the first request.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Send
from starlette.types import Scope as AsgiScope

from aiwebengine import __version__
from aiwebengine.core.errors import EngineError, Forbidden, NotFound, RateLimited, Unauthenticated
from aiwebengine.core.identity import Viewer
from aiwebengine.core.rights import by_operation
from aiwebengine.script_mcp import results
from aiwebengine.script_mcp.listening import Listening
from aiwebengine.script_mcp.sources import Json, McpCall, McpSource
from aiwebengine.web.crowding import Places
from aiwebengine.web.headers import header, request_id
from aiwebengine.web.problems import of_error

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

log = logging.getLogger(__name__)

MOST_BODY_BYTES = 1_000_000
"""Bytes of one request."""
MOST_CALLS_OF_USER = 16
"""Requests of one user that one worker answers at the same time."""
PAGE = 200
"""Tools, prompts or resources in one page of a list."""
LIST_FRESH_MS = 30_000
"""How long a client may keep a list (protocol 2026-07-28)."""

COMPLETE: Json = {"resultType": "complete"}
"""Member of each result (protocol 2026-07-28)."""
_INVALID_PARAMS = -32602
_INTERNAL = -32603
# The resource was not found; protocol up to 2025-11-25.
_NO_RESOURCE = -32002

_HELD = "mcp_held"

INSTRUCTIONS = (
    "Tools whose names begin with engine_ administer this engine; each change takes dryRun: true to"
    " see the audit events that it would write. Other tools belong to scripts of this site."
)

Authenticate = Callable[[Request, str], Awaitable[Viewer]]
"""The caller of a request to the resource with this address. Raises Unauthenticated."""


class McpEndpoint:
    """Answers `/mcp` and `/mcp/scripts/{slug}` for callers with a token.

    Browsers' sessions do not count here, so no page can act for its visitor. *is_foreign* returns
    whether a page of another site sent a request (protection from DNS rebinding).
    """

    def __init__(
        self,
        sources: Sequence[McpSource],
        authenticate: Authenticate,
        is_foreign: Callable[[Request], bool],
        public_url: str,
    ) -> None:
        self._sources = sources
        self._authenticate = authenticate
        self._is_foreign = is_foreign
        self._public_url = public_url
        self._places = Places(MOST_CALLS_OF_USER)
        self.listening = Listening()
        """The streams of changes."""
        self._loading: asyncio.Task[Server[Any]] | None = None

    @by_operation
    async def __call__(self, request: Request) -> Response:
        """Model Context Protocol over Streamable HTTP: POST with one JSON-RPC request.

        Needs an API token, or one that a user gave the program by OAuth. The tools of the
        administration have the rights of their GraphQL operations, those of scripts need the scope
        `scripts:call`.

        Args:
            slug: only the tools, prompts and resources of this script.

        Answers:
            200: the JSON-RPC response.
            202: a notification was read.
            400: the body is no JSON-RPC message, or the protocol version is unknown.
            405: another method; there are no sessions.

        Raises Unauthenticated with the address of the metadata (RFC 9728), Forbidden for a page
        of another site, RateLimited for too many requests at the same time.
        """
        if self._is_foreign(request):
            raise Forbidden("This request came from a page of another site.")
        slug = request.path_params.get("slug")
        path = "/mcp" if slug is None else f"/mcp/scripts/{slug}"
        if request.method != "POST":
            return Response(status_code=405, headers={"Allow": "POST"})
        try:
            viewer = await self._viewer(request, path)
        except Unauthenticated as error:
            return self._challenge(request, path, error)
        server, key = await self._server(), viewer.id
        if not self._places.take(key):
            raise RateLimited(
                f"{MOST_CALLS_OF_USER} requests of this user are being answered.", retry_after=1
            )
        held = _Held(lambda: self._places.leave(key), server)
        # For a stream, which lasts for longer than a call.
        request.scope["state"][_HELD] = held.leave, lambda: self._viewer(request, path)
        return held

    async def _viewer(self, request: Request, path: str) -> Viewer:
        viewer = await self._authenticate(request, self._public_url + path)
        if viewer.token_id is None:
            raise Unauthenticated("Send an access token: Authorization: Bearer …")
        return viewer

    def _challenge(self, request: Request, path: str, error: Unauthenticated) -> Response:
        """401 with the address of the metadata (RFC 9728 section 5.1)."""
        metadata = f"{self._public_url}/.well-known/oauth-protected-resource{path}"
        response = of_error(error, request_id(request.scope))
        challenge = f'Bearer resource_metadata="{metadata}"'
        if header(request.scope, b"authorization") is not None:
            challenge += ', error="invalid_token"'
        response.headers["WWW-Authenticate"] = challenge
        return response

    async def _server(self) -> Server[Any]:
        if self._loading is None:
            self._loading = asyncio.create_task(self._load())
        return await asyncio.shield(self._loading)

    async def _load(self) -> Server[Any]:
        # Importing takes most of a second, in which other requests are answered.
        await asyncio.to_thread(__import__, "mcp.server.streamable_http_manager")
        from mcp.server.lowlevel import Server as LowLevelServer

        class Server(LowLevelServer[Any]):
            """Declares only what is sent."""

            def get_capabilities(self, *args: Any, **options: Any) -> Any:
                found = super().get_capabilities(*args, **options)
                if found.resources is not None:
                    found.resources.subscribe = False
                return found

        # It reports each request; ours are in the access log.
        logging.getLogger("mcp").setLevel(logging.ERROR)
        server = Server(
            "aiwebengine",
            version=__version__,
            instructions=INSTRUCTIONS,
            # Tools of ours ask for no headers; without this, each call would list all tools.
            get_tool_input_schema=lambda _: None,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_prompts=self._list_prompts,
            on_get_prompt=self._get_prompt,
            on_list_resources=self._list_resources,
            on_read_resource=self._read_resource,
            on_subscriptions_listen=self._listen,
        )
        server.middleware.clear()
        return server

    async def _list_tools(self, context: Any, params: Any) -> Any:
        call = _call_of(context)
        return _page("tools", [one for s in self._sources for one in await s.tools(call)], params)

    async def _list_prompts(self, context: Any, params: Any) -> Any:
        call = _call_of(context)
        found = [one for s in self._sources for one in await s.prompts(call)]
        return _page("prompts", found, params)

    async def _list_resources(self, context: Any, params: Any) -> Any:
        call = _call_of(context)
        found = [one for s in self._sources for one in await s.resources(call)]
        return _page("resources", found, params)

    async def _call_tool(self, context: Any, params: Any) -> Any:
        call = _call_of(context)
        try:
            for source in self._sources:
                result = await source.call_tool(call, params.name, params.arguments or {})
                if result is not None:
                    return results.bounded(result) | COMPLETE
        except EngineError as error:
            return results.of_error(error.message, error.code, call.request_id) | COMPLETE
        except Exception:
            log.exception("mcp.bug", extra={"tool": params.name[:200]})
            raise _protocol_error(
                _INTERNAL, f"Internal error (request {call.request_id})."
            ) from None
        raise _protocol_error(_INVALID_PARAMS, f"Unknown tool: {params.name[:200]}")

    async def _get_prompt(self, context: Any, params: Any) -> Any:
        call = _call_of(context)
        for source in self._sources:
            found = await _asked(call, source.get_prompt(call, params.name, params.arguments or {}))
            if found is not None:
                return found
        raise _protocol_error(_INVALID_PARAMS, f"Unknown prompt: {params.name[:200]}")

    async def _read_resource(self, context: Any, params: Any) -> Any:
        call = _call_of(context)
        for source in self._sources:
            found = await _asked(call, source.read_resource(call, str(params.uri)))
            if found is not None:
                return found
        raise _protocol_error(_NO_RESOURCE, f"Unknown resource: {str(params.uri)[:200]}")

    async def _listen(self, context: Any, params: Any) -> Any:
        leave, check = context.request.scope["state"][_HELD]
        leave()
        try:
            return await self.listening.listen(_call_of(context), check, context, params)
        except EngineError as error:
            raise _protocol_error(_INTERNAL, f"{error.code}: {error.message}") from None


class _Held(Response):
    """The response that the package writes; frees the caller's place at its end."""

    def __init__(self, leave: Callable[[], None], server: Server[Any]) -> None:
        super().__init__()
        self._leave: Callable[[], None] | None = leave
        self._server = server

    def leave(self) -> None:
        """Free the place, unless it is free already."""
        if self._leave is not None:
            self._leave()
            self._leave = None

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Answer the request in tasks that end with it."""
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        try:
            manager = StreamableHTTPSessionManager(
                self._server,
                json_response=True,
                stateless=True,
                max_request_body_size=MOST_BODY_BYTES,
            )
            async with manager.run():
                await manager.handle_request(scope, receive, _not_stored(send))
        finally:
            self.leave()


def _not_stored(send: Send) -> Send:
    """*send*, with a header: results may hold a secret, such as a new token."""

    async def send_with_header(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [
                *message.get("headers", ()),
                (b"cache-control", b"no-store, no-transform"),
            ]
        await send(message)

    return send_with_header


async def _asked(call: McpCall, answer: Awaitable[Json | None]) -> Json | None:
    """The answer; an EngineError becomes one of the protocol."""
    try:
        found = await answer
        return None if found is None else results.bounded(found) | COMPLETE
    except EngineError as error:
        code = _NO_RESOURCE if isinstance(error, NotFound) else _INVALID_PARAMS
        message = f"{error.code}: {error.message} (request {call.request_id})"
        raise _protocol_error(code, message) from None


def _call_of(context: Any) -> McpCall:
    scope = context.request.scope
    return McpCall(
        scope["state"]["viewer"], scope["path_params"].get("slug"), request_id(scope) or ""
    )


def _page(name: str, found: list[Json], params: Any) -> Mapping[str, Any]:
    """A page of a list; the cursor is the number of the first one."""
    cursor = getattr(params, "cursor", None) or "0"
    if not cursor.isdecimal() or len(cursor) > 6:
        raise _protocol_error(_INVALID_PARAMS, "cursor: not one that this list returned.")
    start = int(cursor)
    page: Json = {
        name: found[start : start + PAGE],
        "ttlMs": LIST_FRESH_MS,
        "cacheScope": "private",
        **COMPLETE,
    }
    if start + PAGE < len(found):
        page["nextCursor"] = str(start + PAGE)
    return page


def _protocol_error(code: int, message: str) -> Exception:
    from mcp.shared.exceptions import MCPError

    return MCPError(code, message)
