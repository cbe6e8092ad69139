"""The routes of the engine and its middleware."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from aiwebengine.access_reviews import rest as reviews_rest
from aiwebengine.app.mcp import mcp_endpoint
from aiwebengine.app.pages import Pages
from aiwebengine.app.schema import schema
from aiwebengine.app.script_graphql import ScriptGraphQLAccess
from aiwebengine.app.services import MCP
from aiwebengine.audit import rest as audit_rest
from aiwebengine.auth import rest as auth_rest
from aiwebengine.backups import rest as backups_rest
from aiwebengine.core.caching import half_of
from aiwebengine.core.config import Config
from aiwebengine.core.errors import EngineError
from aiwebengine.graphql.context import Context
from aiwebengine.graphql.execution import Executor
from aiwebengine.graphql.http import HttpEndpoint
from aiwebengine.graphql.http import refused as refused_by_graphql
from aiwebengine.graphql.limits import Limits
from aiwebengine.graphql.websocket import SocketLimits, WebSocketEndpoint
from aiwebengine.health import rest as health_rest
from aiwebengine.logs import rest as logs_rest
from aiwebengine.metrics import rest as metrics_rest
from aiwebengine.oauth_server import consent as oauth_consent
from aiwebengine.oauth_server import rest as oauth_rest
from aiwebengine.rate_limits.service import client_network
from aiwebengine.script_assets import rest as script_assets_rest
from aiwebengine.script_drafts import rest as script_drafts_rest
from aiwebengine.script_fetch import rest as script_fetch_rest
from aiwebengine.script_graphql.endpoint import PATH as SCRIPT_GRAPHQL
from aiwebengine.script_graphql.endpoint import ScriptGraphQL
from aiwebengine.script_routes.only import NoScript
from aiwebengine.script_secrets import rest as script_secrets_rest
from aiwebengine.script_trials import rest as script_trials_rest
from aiwebengine.scripts import rest as scripts_rest
from aiwebengine.scripts import rest_owning as scripts_rest_owning
from aiwebengine.users import rest as users_rest
from aiwebengine.web import security_txt
from aiwebengine.web.compression import Compression
from aiwebengine.web.crowding import Places, crowds
from aiwebengine.web.headers import address_of, header
from aiwebengine.web.middleware import (
    AccessLog,
    BodyLimit,
    RateLimit,
    RequestId,
    SecurityHeaders,
    TimeLimit,
    as_problem,
)
from aiwebengine.web.proxies import TrustedProxies, is_said_to_be_loopback
from aiwebengine.web.rights import must_declare_rights

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine

GRAPHQL = "/graphql"

# Request headers of GraphQL clients and tracing, in addition to those that CORS always allows.
CLIENT_HEADERS = (
    "apollo-require-preflight apollographql-client-name apollographql-client-version authorization"
    " b3 baggage cache-control content-type graphql-preflight if-none-match last-event-id"
    " sentry-trace traceparent tracestate x-apollo-operation-id x-apollo-operation-name"
    " x-apollo-operation-type x-graphql-client-name x-graphql-client-version x-request-id"
    " x-requested-with"
).split()


class WebApplication:
    """The web application of one engine: routes, middleware and the GraphQL endpoints."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        services, config = engine.services, engine.config
        self._pages = Pages(
            engine.frontend,
            engine.authenticator,
            services.denials,
            services.health.status,
            services.users.administrators_to_ask,
        )
        limits = Limits(seconds=config.server.request_timeout_secs)
        executor = Executor(
            schema,
            limits,
            lambda context: context.viewer.is_signed_in,
            on_done=self._operation_done,
            on_refused=engine.instruments.refused,
            on_subscribed=engine.counters.subscribed,
            on_forbidden=lambda context, operation, error: services.denials.note(
                context.viewer, operation, error
            ),
            documents_bytes=half_of(config.performance.cache_size_mb),
            compiled_plans=config.performance.compiled_plans,
        )
        socket_limits = SocketLimits(
            limits.operations_per_socket,
            config.security.max_anonymous_body_bytes,
            Places(config.security.max_sockets_per_address),
            Places(config.security.max_sockets_per_user),
            crowds(client_network, config.server.trusted_proxies),
        )
        self._sockets = WebSocketEndpoint(
            lambda _: executor,
            self._graphql_context,
            engine.authenticator.is_same_origin,
            socket_limits,
        )
        self._graphql = HttpEndpoint(
            lambda _: executor, self._graphql_context, self._pages.playground
        )
        self._script_graphql: ScriptGraphQL | None = None
        if engine.scripting is not None:
            doors = ScriptGraphQLAccess(engine, engine.scripting.known_visitors())
            self._script_graphql = doors.endpoint(
                engine.scripting.fields.schemas,
                self._pages.playground,
                replace(socket_limits, needs_sign_in=False),
                lambda connection: self._count(connection.scope),
            )
        self._mcp = mcp_endpoint(engine, executor)

    def app(self, lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]]) -> Starlette:
        """The ASGI application; *lifespan* runs from its start to its end."""
        routes = self._routes()
        # A route without declared rights is a bug, so the engine does not start with one.
        must_declare_rights(routes)
        app = Starlette(
            routes=routes,
            middleware=self._middleware(),
            exception_handlers={
                EngineError: self._pages.refused,
                HTTPException: self._pages.http_error,
            },
            lifespan=lifespan,
        )
        # Starlette would build the redirect from the request's Host, which an attacker can choose.
        app.router.redirect_slashes = False
        return app

    async def close_sockets(self) -> None:
        """Close all WebSockets; the clients are asked to reconnect later."""
        await self._sockets.close_all()
        if self._script_graphql is not None:
            await self._script_graphql.close_sockets()

    async def end_streams(self) -> None:
        """End all event streams; the clients are asked to reconnect later."""
        await self._graphql.end_streams()
        self._mcp.listening.end_all()
        if self._script_graphql is not None:
            await self._script_graphql.end_streams()

    def _routes(self) -> list[BaseRoute]:
        engine, services = self._engine, self._engine.services
        config, authenticator = engine.config, engine.authenticator
        return [
            # First, because routes are tried in order and most requests are for this one.
            Route(GRAPHQL, _Unrouted(self._graphql.__call__)),
            WebSocketRoute(GRAPHQL, self._sockets.__call__),
            Route(MCP, _Unrouted(self._mcp.__call__)),
            Route(f"{MCP}/scripts/{{slug}}", _Unrouted(self._mcp.__call__)),
            *self._pages.routes(),
            *metrics_rest.routes(engine.exposition, authenticator, config.security),
            *security_txt.routes(config.security.contact, config.server.public_url),
            *health_rest.routes(services.health),
            *auth_rest.routes(
                authenticator,
                services.sign_in,
                services.sessions,
                services.script_sessions,
                engine.frontend,
                config.server,
            ),
            *oauth_rest.routes(
                authenticator,
                services.authorizations,
                services.clients,
                config.server.public_url,
            ),
            *oauth_consent.routes(
                authenticator,
                services.authorizations,
                engine.frontend,
                config.server.public_url,
            ),
            *users_rest.routes(services.users, authenticator, lambda: engine.cursors),
            *scripts_rest.routes(services.scripts, authenticator, lambda: engine.cursors),
            *scripts_rest_owning.routes(services.scripts, authenticator),
            *script_drafts_rest.routes(services.script_drafts, authenticator),
            *script_secrets_rest.routes(services.script_secrets, authenticator),
            *script_trials_rest.routes(services.script_trials, authenticator),
            *script_fetch_rest.routes(services.fetch_hosts, authenticator),
            *script_assets_rest.routes(services.script_files, authenticator),
            *([] if self._script_graphql is None else self._script_graphql.routes(_Unrouted)),
            *audit_rest.routes(services.export, authenticator),
            *logs_rest.routes(services.logs, authenticator),
            *reviews_rest.routes(services.access_reviews, services.review_export, authenticator),
            *backups_rest.routes(services.backups, authenticator),
            *engine.frontend.routes(),
        ]

    def _middleware(self) -> list[Middleware]:
        """The middleware, outermost first."""
        config, origins = self._engine.config, self._engine.config.security.cors_allowed_origins
        scripting = self._engine.scripting
        return [
            Middleware(TrustedProxies, networks=config.server.trusted_proxies),
            Middleware(RequestId),
            Middleware(
                SecurityHeaders,
                policy=self._content_security_policy,
                strict_transport=_strict_transport(config),
            ),
            Middleware(AccessLog, answered=self._answered, error_response=_refused),
            # Before everything that refuses, so that pages of other origins can read the reason.
            *(
                [
                    Middleware(
                        CORSMiddleware,
                        allow_origins=origins,
                        allow_methods=["GET", "POST"],
                        allow_headers=CLIENT_HEADERS,
                        expose_headers=["Link", "Retry-After", "WWW-Authenticate", "X-Request-Id"],
                    )
                ]
                if origins
                else []
            ),
            *([Middleware(Compression)] if config.performance.enable_compression else []),
            Middleware(
                TimeLimit,
                seconds=config.server.request_timeout_secs,
                with_own_timeout=frozenset({GRAPHQL, SCRIPT_GRAPHQL}),
                error_response=_refused,
            ),
            Middleware(RateLimit, count=self._count, error_response=_refused),
            Middleware(NoScript) if scripting is None else scripting.middleware(),
            Middleware(
                BodyLimit,
                most=config.security.max_request_body_bytes,
                most_anonymous=config.security.max_anonymous_body_bytes,
                most_below={scripts_rest.PATH: scripts_rest.LARGEST_BODY_BYTES},
                error_response=_refused,
            ),
        ]

    async def _graphql_context(self, connection: HTTPConnection) -> Context:
        authenticator = self._engine.authenticator
        if connection.scope["type"] == "websocket":
            # Operations on an open WebSocket count, too; the middleware counts HTTP requests.
            self._count(connection.scope)
        is_write = connection.scope["type"] == "http" and connection.scope["method"] == "POST"
        if is_write and header(connection.scope, b"cookie") is not None:
            authenticator.must_be_same_origin(connection)
        viewer = await authenticator.viewer(connection, "graphql")
        return self._engine.context(viewer, self._engine.cursors)

    def _count(self, scope: Scope) -> None:
        """Count a request for the rate limit. Raises RateLimited."""
        is_local = self._engine.this_machine.sent(scope) or is_said_to_be_loopback(scope)
        self._engine.services.rate_limits.request(address_of(scope), is_local=is_local)

    def _answered(self, scope: Scope, status: int, seconds: float) -> None:
        codes = scope.get("state", {}).get("error_codes", ())
        # A 503 of /health is a correct response. If it counted as a failure, the error rate would
        # keep the engine degraded for minutes after an outage.
        failed = (
            (status >= 500 or EngineError.code in codes)
            and scope["path"] != "/health"
            # A script that fails does not make the engine degraded.
            and "script" not in scope["state"]
        )
        self._engine.counters.answered(seconds, failed=failed)
        self._engine.instruments.answered(scope, status, seconds)

    def _operation_done(self, label: str, seconds: float, codes: list[str]) -> None:
        self._engine.counters.operation(label, seconds, failed=bool(codes))
        self._engine.instruments.operation(label, seconds, codes)

    def _content_security_policy(self) -> str:
        configured = self._engine.config.security.content_security_policy
        return configured or self._engine.frontend.content_security_policy


def _strict_transport(config: Config) -> str | None:
    """The value of Strict-Transport-Security (RFC 6797); None if browsers use http."""
    if not config.server.public_url.startswith("https:"):
        return None
    subdomains = "; includeSubDomains" if config.security.hsts_include_subdomains else ""
    return f"max-age=31536000{subdomains}"


class _Unrouted:
    """Passes requests of all methods to an endpoint, which answers 405 itself.

    Starlette would allow only GET for a function; an ASGI object gets every method.
    """

    def __init__(self, endpoint: Callable[[Request], Awaitable[Response]]) -> None:
        self._endpoint = endpoint
        # `rights_of` and the reference read the attributes and docstring of the endpoint.
        self.__wrapped__ = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the endpoint and send its response."""
        response: ASGIApp = await self._endpoint(Request(scope, receive, send))
        await response(scope, receive, send)


def _refused(scope: Scope, error: EngineError) -> Response:
    """The response for an error in a middleware: GraphQL format for its path, else a problem."""
    is_graphql = scope["path"] in (GRAPHQL, SCRIPT_GRAPHQL)
    return (refused_by_graphql if is_graphql else as_problem)(scope, error)
