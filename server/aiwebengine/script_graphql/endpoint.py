"""GraphQL of scripts by HTTP and WebSocket, on each host that serves scripts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from graphql import print_schema
from starlette.requests import HTTPConnection, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from aiwebengine.core.errors import Unauthenticated
from aiwebengine.core.rights import by_operation
from aiwebengine.graphql.execution import Executor
from aiwebengine.graphql.http import HttpEndpoint, Page
from aiwebengine.graphql.websocket import SocketLimits, WebSocketEndpoint
from aiwebengine.script_graphql.context import Caller, Context
from aiwebengine.script_graphql.schemas import Hosts, ScriptSchemas
from aiwebengine.script_graphql.types import Audience
from aiwebengine.web.headers import request_id

PATH = "/scripts/graphql"
SDL_PATH = f"{PATH}/schema.graphql"

CallerOf = Callable[[HTTPConnection], Awaitable[Caller]]
HostsOf = Callable[[HTTPConnection], Hosts]
Unrouted = Callable[[Callable[[Request], Awaitable[Response]]], object]


class ScriptGraphQL:
    """The endpoints.

    *caller_of* finds out who sends a request and raises for a request that a page of another site
    made a browser send; *hosts_of* finds out whose scripts are served where it came to.
    """

    def __init__(
        self,
        schemas: ScriptSchemas,
        caller_of: CallerOf,
        hosts_of: HostsOf,
        playground: Page,
        is_allowed: Callable[[WebSocket], bool],
        limits: SocketLimits,
    ) -> None:
        self._schemas = schemas
        self._caller_of = caller_of
        self._hosts_of = hosts_of
        self._http = HttpEndpoint(self._executor, self._context, playground)
        self._sockets = WebSocketEndpoint(self._executor, self._context, is_allowed, limits)

    def routes(self, unrouted: Unrouted) -> list[BaseRoute]:
        """The routes; *unrouted* passes requests of all methods to an endpoint."""
        return [
            Route(PATH, unrouted(self.http)),  # type: ignore[arg-type]
            WebSocketRoute(PATH, self.websocket),
            Route(SDL_PATH, self.sdl, methods=["GET"]),
        ]

    async def close_sockets(self) -> None:
        """Close all WebSockets because the engine stops; the clients reconnect later."""
        await self._sockets.close_all()

    async def end_streams(self) -> None:
        """End all event streams because the engine stops; the clients reconnect later."""
        await self._http.end_streams()

    @by_operation
    async def http(self, request: Request) -> Response:
        """GraphQL of scripts over HTTP, as at `/graphql`: the fields of all scripts of the host.

        Fields are for everyone, or for signed-in users, as their scripts say. Introspection needs a
        sign-in. A browser on the engine's own host gets the playground.

        Args:
            query: the document.
            variables: its variables, an object.
            operationName: the operation of the document to execute.
            extensions: an object, which is ignored.

        Answers:
            200: the result; errors are in `errors`.
            400: the document is invalid or too complex (with `application/json`: 200).
            405: a mutation by GET.
            406: a type that is not offered, or a subscription without `text/event-stream`.

        Raises MalformedRequest, Unauthenticated for an invalid token, Forbidden for a page of
        another site, UnsupportedMediaType.
        """
        return await self._http(request)

    @by_operation
    async def websocket(self, websocket: WebSocket) -> None:
        """GraphQL of scripts over a WebSocket, by the subprotocol `graphql-transport-ws`.

        As at `/graphql`, but without a sign-in too, for the fields that are for everyone.

        Answers:
            101: the WebSocket.
            403: a page of another site.
            429: too many WebSockets of one address.
        """
        await self._sockets(websocket)

    @by_operation
    async def sdl(self, request: Request) -> Response:
        """The schema of this host as SDL, without the fields that only scripts may use.

        Answers:
            200: the schema.

        Raises Unauthenticated: as introspection, it needs a sign-in.
        """
        caller = await self._caller_of(request)
        if not caller.is_signed_in:
            raise Unauthenticated("The schema is for signed-in callers. Sign in first.")
        schema = self._schemas.schema(self._hosts_of(request), Audience.CLIENTS)
        headers = {"Cache-Control": "no-store"}
        return PlainTextResponse(print_schema(schema) + "\n", headers=headers)

    def _executor(self, connection: HTTPConnection) -> Executor:
        return self._schemas.executor(self._hosts_of(connection), Audience.CLIENTS)

    async def _context(self, connection: HTTPConnection) -> Context:
        return Context(await self._caller_of(connection), request_id(connection.scope) or "")
