"""The GraphQL of scripts in one worker: what `script_graphql/` is wired to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AbstractContextManager, aclosing
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit
from uuid import UUID

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from aiwebengine.audit.event_bus import AuditEventBus, Reminder
from aiwebengine.core.errors import BadUserInput, EngineError, ForeignOrigin, Unauthenticated
from aiwebengine.core.identity import Viewer, in_order
from aiwebengine.graphql.limits import Limits
from aiwebengine.graphql.websocket import SocketLimits
from aiwebengine.script_calls.caller import ScriptCaller
from aiwebengine.script_calls.operations import Operations
from aiwebengine.script_calls.types import ScriptUser, ServedScript
from aiwebengine.script_graphql.calls import ResolverCalls
from aiwebengine.script_graphql.context import ANYONE, Caller
from aiwebengine.script_graphql.endpoint import PATH, SDL_PATH, ScriptGraphQL
from aiwebengine.script_graphql.names import GraphQLNames
from aiwebengine.script_graphql.operations import GraphQLOperations
from aiwebengine.script_graphql.registered import is_about_graphql
from aiwebengine.script_graphql.resolving import Resolvers
from aiwebengine.script_graphql.schemas import Hosts, ScriptSchemas, Served
from aiwebengine.script_graphql.steps import GraphQLStep
from aiwebengine.script_graphql.subscriptions import FieldSubscriptions
from aiwebengine.script_routes.active import ActiveScripts
from aiwebengine.script_routes.hosts import Place, name_of, place_of
from aiwebengine.script_routes.visitors import Visitors
from aiwebengine.script_streams.broadcast import ScriptBroadcast, Subscription
from aiwebengine.script_streams.types import Matching
from aiwebengine.scripts.types import Dialect
from aiwebengine.web.headers import header

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine
    from aiwebengine.core.config import Config
    from aiwebengine.database import Database

EVERYWHERE = frozenset({PATH, SDL_PATH})
"""What the engine answers on the hosts of scripts too."""
CHECK_VISITOR_SECS = 60.0
"""How often the sign-in of a visitor is checked, who has a subscription; and at each change."""


# The roles of a user in a script are read when the script is called.
NO_SCRIPT = UUID(int=0)


class ScriptFields:
    """The fields of all scripts, and what scripts may ask about them."""

    def __init__(
        self,
        config: Config,
        db: Database,
        active: ActiveScripts,
        caller: Callable[[], ScriptCaller],
        broadcast: ScriptBroadcast,
        roles_of: Callable[[UUID, UUID], Awaitable[list[str]]],
    ) -> None:
        events, calls = _Events(broadcast), ResolverCalls(caller, roles_of)
        self.schemas = ScriptSchemas(
            Resolvers(calls, FieldSubscriptions(calls, events)).attach,
            Limits(seconds=config.server.request_timeout_secs),
            config.server.scripts_name,
        )
        self.step = GraphQLStep(GraphQLNames(db, config.server.scripts_name))
        self._operations = GraphQLOperations(self.schemas, events)
        self._active = active
        self._is_current = False
        self._refreshing = asyncio.Lock()
        # Those with fields; most scripts have none.
        self._served: dict[UUID, Served] = {}
        active.on_switch.append(self._changed)

    def add_operations(self, operations: Operations) -> None:
        """Add what scripts may ask."""
        self._operations.add_to(operations)

    async def refresh(self) -> None:
        """Serve the fields of the scripts that this worker serves, if these have changed."""
        # A caller that finds another one at it waits for the same result.
        async with self._refreshing:
            if self._is_current or not self._active.is_loaded:
                return
            self._is_current = True
            try:
                await self.schemas.update(self._served.values)
            except BaseException:
                self._is_current = False
                raise

    def _changed(self, scripts: Collection[UUID]) -> None:
        for script_id in scripts:
            before, script = self._served.pop(script_id, None), self._active.served(script_id)
            if script is not None and any(map(is_about_graphql, script.registrations)):
                self._served[script_id] = _served(script)
            if before != self._served.get(script_id):
                self._is_current = False


class ScriptGraphQLAccess:
    """Who sends a request for the GraphQL of scripts, and on which host."""

    def __init__(self, engine: Engine, visitors: Visitors | None) -> None:
        self._engine = engine
        self._visitors = visitors
        self._scheme = urlsplit(engine.config.server.public_url).scheme

    def endpoint(
        self,
        schemas: ScriptSchemas,
        playground: Callable[[Request], Any],
        limits: SocketLimits,
        count: Callable[[HTTPConnection], None],
    ) -> ScriptGraphQL:
        """The endpoint. *playground* is that of the engine's host; *count* counts operations."""

        async def page(request: Request) -> Response:
            if self._place(request).is_apart:
                raise BadUserInput("query: send a GraphQL document.")
            return cast(Response, await playground(request))

        async def caller_of(connection: HTTPConnection) -> Caller:
            if connection.scope["type"] == "websocket":
                count(connection)
            return await self._caller_of(connection)

        return ScriptGraphQL(schemas, caller_of, self._hosts_of, page, self._is_allowed, limits)

    def _place(self, connection: HTTPConnection) -> Place:
        """Raises MalformedHost."""
        assert self._engine.scripting is not None  # noqa: S101 - there are no routes without
        hosts = self._engine.scripting.active.table.hosts
        name = name_of(connection.scope)
        return place_of(name, self._engine.config.server.scripts_name, hosts)

    def _hosts_of(self, connection: HTTPConnection) -> Hosts:
        return self._place(connection).tables

    def _is_allowed(self, websocket: WebSocket) -> bool:
        """Whether a page of this host, or no browser, opens the WebSocket."""
        try:
            return self._is_same_origin(websocket)
        except EngineError:
            return False

    async def _caller_of(self, connection: HTTPConnection) -> Caller:
        """Raises ForeignOrigin, Unauthenticated for an invalid token, Unavailable."""
        scope = connection.scope
        is_write = scope["type"] == "http" and scope["method"] == "POST"
        is_apart = self._place(connection).is_apart
        if is_write and header(scope, b"cookie") is not None:
            if not is_apart:
                self._engine.authenticator.must_be_same_origin(connection)
            elif not self._is_same_origin(connection):
                raise ForeignOrigin("This request came from a page of another site.")
        if is_apart:
            return await self._visitor(connection)
        viewer = await self._engine.authenticator.viewer(connection, "graphql")
        if viewer.id is None:
            return ANYONE
        return Caller(viewer.id, _user_of(viewer), lambda: self._until_viewer_leaves(viewer))

    def _is_same_origin(self, connection: HTTPConnection) -> bool:
        if not self._place(connection).is_apart:
            return self._engine.authenticator.is_same_origin(connection)
        scope = connection.scope
        origin = header(scope, b"origin") or header(scope, b"referer")
        if origin is None:
            return header(scope, b"sec-fetch-site") in (None, "none", "same-origin")
        parts = urlsplit(origin)
        host = header(scope, b"host") or ""
        return (parts.scheme, parts.netloc.lower()) == (self._scheme, host.lower())

    async def _visitor(self, connection: HTTPConnection) -> Caller:
        visitors = self._visitors
        if visitors is None or name_of(connection.scope) != visitors.host:
            return ANYONE
        found = await visitors.find(connection.scope, NO_SCRIPT)
        if found is None:
            return ANYONE
        user = ScriptUser.from_json(found)
        return Caller(
            UUID(user.id), user, lambda: self._until_visitor_leaves(visitors, connection, user)
        )

    async def _until_viewer_leaves(self, viewer: Viewer) -> None:
        async def check(viewer: Viewer) -> None:
            viewer.must_be_signed_in()

        following = self._engine.services.following.events(viewer, check)
        async with aclosing(cast(Any, following)) as events:
            async for _ in events:
                pass

    async def _until_visitor_leaves(
        self, visitors: Visitors, connection: HTTPConnection, user: ScriptUser
    ) -> None:
        live: AuditEventBus = self._engine.live
        async with live.follow() as events:
            events.remind_in(CHECK_VISITOR_SECS)
            async for event in events:
                if not isinstance(event, Reminder) and event.target_id != user.id:
                    continue
                if await visitors.find(connection.scope, NO_SCRIPT) is None:
                    raise Unauthenticated("The sign-in has ended. Sign in again.")
                events.remind_in(CHECK_VISITOR_SECS)


class _Events:
    """The broadcast as `script_graphql` knows it."""

    def __init__(self, broadcast: ScriptBroadcast) -> None:
        self._broadcast = broadcast

    def subscribe(
        self, script_id: UUID, channel: str, connection: Mapping[str, str] | None = None
    ) -> AbstractContextManager[Subscription]:
        return self._broadcast.subscribe(script_id, channel, connection)

    async def publish(
        self,
        script_id: UUID,
        channel: str,
        data: str,
        *,
        match: Mapping[str, str] | None = None,
        is_overlap: bool = False,
    ) -> object:
        matching = Matching.OVERLAP if is_overlap else Matching.SUBSET
        return await self._broadcast.publish(
            script_id, channel, data, match=match, matching=matching
        )


def _served(script: ServedScript) -> Served:
    active = script.active
    return Served(
        script=script.id,
        slug=script.slug,
        version_key=script.program.key,
        host=active.host or "",
        activation=active.activation,
        is_classic=active.dialect is Dialect.CLASSIC,
        registrations=script.registrations,
    )


def _user_of(viewer: Viewer) -> ScriptUser:
    """What scripts learn of a user of the engine."""
    roles = tuple(role.name for role in in_order(viewer.roles))
    return ScriptUser(str(viewer.id), viewer.name, viewer.email or None, roles)
