"""The one place where things are put together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.dataloader import DataLoader

from aiwebengine.audit import rest as audit_rest
from aiwebengine.audit.chain import Chain
from aiwebengine.audit.export import Export
from aiwebengine.audit.following import Following
from aiwebengine.audit.live import LiveTrail
from aiwebengine.audit.refusals import Refusals
from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.store import CHANNEL
from aiwebengine.auth import rest as auth_rest
from aiwebengine.auth.callers import Callers
from aiwebengine.auth.providers import configured
from aiwebengine.auth.requests import Doorkeeper
from aiwebengine.auth.sessions import Sessions
from aiwebengine.auth.sign_in import SignIn
from aiwebengine.auth.tokens import Tokens
from aiwebengine.background import RETRY_EVERY_SECS, once, repeatedly
from aiwebengine.backups import rest as backups_rest
from aiwebengine.backups.service import Backups
from aiwebengine.config import Auth, Config
from aiwebengine.context import Context, Loaders
from aiwebengine.database import Database, Listener
from aiwebengine.errors import EngineError, Unavailable
from aiwebengine.graphql.connection import Cursors
from aiwebengine.graphql.execution import Executor
from aiwebengine.graphql.http import HttpEndpoint
from aiwebengine.graphql.limits import Limits
from aiwebengine.graphql.schema import schema
from aiwebengine.graphql.websocket import WebSocketEndpoint
from aiwebengine.keys.service import signing_key
from aiwebengine.migrations.service import Migrations
from aiwebengine.pages import Pages
from aiwebengine.rates.service import Rates
from aiwebengine.resources import FRONTEND, MIGRATIONS
from aiwebengine.settings.service import Settings
from aiwebengine.system import rest as system_rest
from aiwebengine.system.requests import RequestFigures
from aiwebengine.system.service import System
from aiwebengine.users import rest as users_rest
from aiwebengine.users.arrivals import Arrivals
from aiwebengine.users.service import Users
from aiwebengine.users.types import Admission
from aiwebengine.viewer import Viewer
from aiwebengine.web.files import Frontend
from aiwebengine.web.middleware import (
    AccessLog,
    BodyLimit,
    RateLimit,
    RequestId,
    SecurityHeaders,
)

log = logging.getLogger(__name__)

SWEEP_EVERY_SECS = 2.0
SHARE_EVERY_SECS = 1.0
SEAL_EVERY_SECS = 1.0
TIDY_EVERY_SECS = 600.0


@dataclass(frozen=True)
class Services:
    """The verbs of every room."""

    users: Users
    sessions: Sessions
    tokens: Tokens
    sign_in: SignIn
    callers: Callers
    audit: AuditTrail
    system: System
    following: Following
    chain: Chain
    export: Export
    refusals: Refusals
    settings: Settings
    backups: Backups


class Engine:
    """One instance: its services, and the web application in front of them.

    *url* is the database's address. The engine may be built before the database answers: until
    `prepare` succeeded every request that needs it is refused as unavailable.
    """

    def __init__(self, config: Config, url: str) -> None:
        self.config = config
        self._url = url
        repository, auth = config.repository, config.auth
        self.db = Database(
            url,
            max_connections=repository.max_connections,
            acquire_timeout=repository.acquire_timeout_secs,
            statement_timeout=repository.statement_timeout_secs,
        )
        lasts, idle = auth.session_timeout, auth.session_idle_timeout
        audit = AuditTrail(self.db)
        sessions = Sessions(
            self.db,
            audit,
            lasts_secs=lasts.total_seconds(),
            idle_secs=idle.total_seconds(),
            most=auth.max_concurrent_sessions,
        )
        users = Users(self.db, audit, sessions)
        callers = Callers(self.db, audit, idle.total_seconds(), auth.sudo_minutes * 60)
        self.figures = RequestFigures()
        self.live = LiveTrail(self.db, Listener(url, CHANNEL))
        self.services = Services(
            users=users,
            sessions=sessions,
            tokens=Tokens(self.db, audit, users),
            sign_in=SignIn(
                self.db,
                audit,
                users,
                Arrivals(self.db, audit, users, _admission(auth)),
                sessions,
                configured(auth),
            ),
            callers=callers,
            audit=audit,
            system=System(self.db, users, audit, self.figures, repository.data_dir),
            following=Following(self.live, callers),
            chain=Chain(self.db),
            export=Export(audit, callers),
            refusals=Refusals(audit),
            settings=Settings(self.db, audit),
            backups=Backups(self.db, audit, config, url, lambda other: Engine(config, other)),
        )
        self.rates = Rates(self.db, config.security.rate_limit_per_minute)
        self.doorkeeper = Doorkeeper(
            callers, self.rates, config.server.public_url, lasts.total_seconds()
        )
        self.frontend = Frontend(FRONTEND)
        self._cursors: Cursors | None = None
        self.is_ready = False
        self.once_ready: list[Callable[[], Awaitable[object]]] = []
        """What is to be done once, when the engine serves and the database answers."""

    async def prepare(self) -> None:
        """Connect, bring the tables up to date, read the keys. Doing it again is fine.

        Raises Unavailable while the database does not answer, MigrationsDue, MigrationFailed.
        """
        migrations = Migrations(self._url, MIGRATIONS)
        if self.config.repository.apply_migrations_at_start:
            await asyncio.to_thread(migrations.up)
        else:
            await asyncio.to_thread(migrations.must_be_applied)
        await self.db.connect()
        self._cursors = Cursors(await signing_key(self.db, "cursors"))
        self.is_ready = True

    async def first_sign_in_link(self) -> str | None:
        """The address that signs in the first administrator; None once one has signed in."""
        admins = self.config.auth.bootstrap_admins
        secret = await self.services.sign_in.first_link(admins[0] if admins else "admin@localhost")
        return None if secret is None else link_address(self.config, secret)

    @property
    def cursors(self) -> Cursors:
        """Raises Unavailable until the engine is prepared."""
        if self._cursors is None:
            raise Unavailable("The engine is starting: it waits for the database.")
        return self._cursors

    def app(self) -> Starlette:
        """The web application."""
        config, services = self.config, self.services
        pages = Pages(self.frontend, self.doorkeeper, services.refusals, self._trouble)
        limits = Limits(seconds=config.server.request_timeout_secs)
        executor = Executor(
            schema,
            limits,
            lambda context: context.viewer.is_signed_in,
            on_forbidden=lambda context, operation, error: services.refusals.note(
                context.viewer, operation, error
            ),
        )
        sockets = WebSocketEndpoint(
            executor,
            self._graphql_context,
            self.doorkeeper.is_same_origin,
            limits.operations_per_socket,
        )
        graphql = HttpEndpoint(executor, self._graphql_context, pages.playground)
        routes: list[BaseRoute] = [
            *pages.routes(),
            *system_rest.routes(self._trouble),
            Route("/graphql", _Unrouted(graphql)),
            WebSocketRoute("/graphql", sockets.__call__),
            *auth_rest.routes(
                self.doorkeeper,
                services.sign_in,
                services.sessions,
                self.frontend,
                config.server.public_url,
            ),
            *users_rest.routes(services.users, self.doorkeeper, lambda: self.cursors),
            *audit_rest.routes(services.export, self.doorkeeper),
            *backups_rest.routes(services.backups, self.doorkeeper),
            *self.frontend.routes(),
        ]
        origins = config.security.cors_allowed_origins
        return Starlette(
            routes=routes,
            middleware=[
                Middleware(RequestId),
                Middleware(
                    SecurityHeaders,
                    policy=self._content_security_policy,
                    is_https=config.server.public_url.startswith("https:"),
                ),
                Middleware(AccessLog, answered=self._answered),
                Middleware(RateLimit, count=self.rates.request),
                Middleware(BodyLimit, most=config.security.max_request_body_bytes),
                *(
                    [
                        Middleware(
                            CORSMiddleware,
                            allow_origins=origins,
                            allow_methods=["GET", "POST"],
                            allow_headers=["authorization", "content-type"],
                        )
                    ]
                    if origins
                    else []
                ),
            ],
            exception_handlers={EngineError: pages.refused, HTTPException: pages.http_error},
            lifespan=lambda _: self._lifespan(sockets),
        )

    @asynccontextmanager
    async def _lifespan(self, sockets: WebSocketEndpoint) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._run())]
        try:
            yield
        finally:
            await sockets.close_all()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.services.backups.stop()
            await self.db.disconnect()

    async def _run(self) -> None:
        """What goes on beside the requests."""
        while not self.is_ready:
            try:
                await self.prepare()
            except Unavailable as error:
                log.error("database.down", extra={"error": error.message})
                await asyncio.sleep(RETRY_EVERY_SECS)
            except EngineError as error:
                # Nothing that waiting would mend; every request goes on being refused.
                log.critical("engine.not_ready", extra={"error": error.message})
                return
        await asyncio.gather(
            self.live.run(),
            *map(once, self.once_ready),
            repeatedly(SEAL_EVERY_SECS, self.services.chain.seal),
            repeatedly(SWEEP_EVERY_SECS, self.services.users.end_expired_grants),
            repeatedly(TIDY_EVERY_SECS, self.services.sessions.remove_ended),
            repeatedly(SHARE_EVERY_SECS, self.rates.share),
            repeatedly(TIDY_EVERY_SECS, self.rates.forget),
        )

    async def _graphql_context(self, connection: HTTPConnection) -> Context:
        cursors = self.cursors
        if connection.scope["type"] == "websocket":
            # An open socket must not be a way around the limit; the middleware counts the rest.
            self.rates.request(connection.client.host if connection.client else None)
        is_write = connection.scope["type"] == "http" and connection.scope["method"] == "POST"
        if is_write and "cookie" in connection.headers:
            self.doorkeeper.must_be_same_origin(connection)
        viewer = await self.doorkeeper.viewer(connection, "graphql")
        return self.context(viewer, cursors)

    def context(self, viewer: Viewer, cursors: Cursors) -> Context:
        """What the resolvers of one request are handed."""
        services = self.services
        loaders = Loaders(
            users=DataLoader(services.users.many),
            grants=DataLoader(services.users.grants_of),
            identities=DataLoader(services.users.identities_of),
            sessions=DataLoader(services.sessions.of_users),
            api_tokens=DataLoader(services.tokens.of_users),
        )
        return Context(viewer=viewer, services=services, loaders=loaders, cursors=cursors)

    async def _trouble(self) -> str | None:
        """What keeps the engine from answering, in words; None when it is well."""
        found = await self.services.system.trouble()
        return found if found or self.is_ready else "answers; the engine is starting"

    def _answered(self, status: int, seconds: float) -> None:
        self.figures.answered(seconds, failed=status >= 500)

    def _content_security_policy(self) -> str:
        return self.config.security.content_security_policy or self.frontend.content_security_policy


class _Unrouted:
    """Lets an endpoint see every method, so that it can say itself which ones it answers."""

    def __init__(self, endpoint: Callable[[Request], Awaitable[Response]]) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        response: ASGIApp = await self._endpoint(Request(scope, receive, send))
        await response(scope, receive, send)


def _admission(auth: Auth) -> Admission:
    return Admission(
        allow_sign_up=auth.allow_sign_up,
        allowed_domains=frozenset(domain.lower() for domain in auth.allowed_domains),
        bootstrap_admins=frozenset(address.lower() for address in auth.bootstrap_admins),
    )


def link_address(config: Config, secret: str) -> str:
    """The address of a sign-in link: always this machine's own, where alone it works."""
    return f"http://localhost:{config.server.port}/auth/link?token={secret}"
