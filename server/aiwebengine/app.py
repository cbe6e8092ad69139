"""The one place where things are put together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.dataloader import DataLoader

from aiwebengine import __version__
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
from aiwebengine.auth.redirects import sign_in_address
from aiwebengine.auth.requests import Doorkeeper
from aiwebengine.auth.sessions import Sessions
from aiwebengine.auth.sign_in import SignIn
from aiwebengine.auth.tokens import Tokens
from aiwebengine.config import Auth, Config
from aiwebengine.context import Context, Loaders
from aiwebengine.database import Database, Listener
from aiwebengine.errors import EngineError, Forbidden, NotFound, Unauthenticated, Unavailable
from aiwebengine.graphql.connection import Cursors
from aiwebengine.graphql.execution import Executor
from aiwebengine.graphql.http import HttpEndpoint
from aiwebengine.graphql.limits import Limits
from aiwebengine.graphql.schema import schema
from aiwebengine.graphql.websocket import WebSocketEndpoint
from aiwebengine.keys.service import signing_key
from aiwebengine.migrations.service import Migrations
from aiwebengine.rates.service import Rates
from aiwebengine.resources import FRONTEND, MIGRATIONS
from aiwebengine.settings.service import Settings
from aiwebengine.system import rest as system_rest
from aiwebengine.system.requests import RequestFigures
from aiwebengine.system.service import System
from aiwebengine.users import rest as users_rest
from aiwebengine.users.arrivals import Arrivals
from aiwebengine.users.service import Users
from aiwebengine.users.types import Admission, Role
from aiwebengine.viewer import Viewer, anonymous
from aiwebengine.web import problems
from aiwebengine.web.files import Frontend
from aiwebengine.web.middleware import (
    AccessLog,
    BodyLimit,
    RateLimit,
    RequestId,
    SecurityHeaders,
    request_id,
)

log = logging.getLogger(__name__)

SWEEP_EVERY_SECS = 2.0
SHARE_EVERY_SECS = 1.0
SEAL_EVERY_SECS = 1.0
TIDY_EVERY_SECS = 600.0
RETRY_EVERY_SECS = 1.0


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
        graphql = HttpEndpoint(executor, self._graphql_context, self._playground)
        routes: list[BaseRoute] = [
            Route("/", self._home, methods=["GET"]),
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
            Route("/engine/admin", self._manager, methods=["GET"]),
            Route("/engine/admin/{path:path}", self._manager, methods=["GET"]),
            Route("/editor", self._editor, methods=["GET"]),
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
            exception_handlers={EngineError: self._refused, HTTPException: self._http_error},
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
            *map(_once, self.once_ready),
            _repeatedly(SEAL_EVERY_SECS, self.services.chain.seal),
            _repeatedly(SWEEP_EVERY_SECS, self.services.users.end_expired_grants),
            _repeatedly(TIDY_EVERY_SECS, self.services.sessions.remove_ended),
            _repeatedly(SHARE_EVERY_SECS, self.rates.share),
            _repeatedly(TIDY_EVERY_SECS, self.rates.forget),
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

    async def _home(self, request: Request) -> Response:
        trouble = await self._trouble()
        viewer = await self.doorkeeper.viewer(request, "web") if not trouble else None
        signed_in = viewer is not None and viewer.is_signed_in
        return self.frontend.page(
            "home.html",
            status=503 if trouble else 200,
            viewer=viewer if signed_in else None,
            is_administrator=viewer is not None and Role.ADMINISTRATOR in viewer.roles,
            roles=[role.value for role in Role if viewer is not None and role in viewer.roles],
            trouble=trouble,
            version=__version__,
        )

    async def _manager(self, request: Request) -> Response:
        return await self._page_for(request, "index.html", Role.ADMINISTRATOR)

    async def _editor(self, request: Request) -> Response:
        return await self._page_for(
            request,
            "message.html",
            Role.EDITOR,
            Role.ADMINISTRATOR,
            title="The editor is not here yet",
            detail="Scripts will be written here in a later version.",
        )

    async def _page_for(self, request: Request, page: str, *roles: Role, **values: Any) -> Response:
        """A page for holders of one of the roles; others are sent to sign in, or refused."""
        viewer = await self.doorkeeper.viewer(request, "web")
        if not viewer.is_signed_in:
            if _wants_json(request):
                raise Unauthenticated("Sign in first.")
            return RedirectResponse(sign_in_address(_path(request)), 303)
        if not viewer.roles & set(roles):
            raise Forbidden(
                f"This page needs the role {' or '.join(role.value for role in roles)}."
            )
        return self.frontend.page(page, **values)

    async def _playground(self, _: Request) -> Response:
        return self.frontend.page("graphiql.html")

    async def _refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, EngineError)  # noqa: S101 - registered for nothing else
        if isinstance(error, Forbidden):
            await self._note_refusal(request, error)
        if _is_page(request):
            return self.frontend.page(
                "message.html",
                status=error.status,
                title=_TITLES.get(error.status, "This did not work"),
                detail=error.message,
                request_id=request_id(request.scope),
            )
        return problems.of_error(error, request_id(request.scope))

    async def _note_refusal(self, request: Request, error: EngineError) -> None:
        viewer = getattr(request.state, "viewer", None) or anonymous(
            self.doorkeeper.origin(request, "web")
        )
        await self.services.refusals.note(viewer, f"{request.method} {request.url.path}", error)

    async def _http_error(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
        if error.status_code == 404:
            return await self._refused(
                request, NotFound(f"There is nothing at {request.url.path}.")
            )
        response = problems.problem(
            error.status_code, error.detail, "BAD_USER_INPUT", request_id(request.scope), {}
        )
        response.headers.update(error.headers or {})
        return response

    def _answered(self, status: int, seconds: float) -> None:
        self.figures.answered(seconds, failed=status >= 500)

    def _content_security_policy(self) -> str:
        return self.config.security.content_security_policy or self.frontend.content_security_policy


_TITLES = {
    401: "Sign in first",
    403: "This is not for you",
    404: "Nothing is here",
    503: "The engine is not well",
}


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


async def _once(verb: Callable[[], Awaitable[object]]) -> None:
    """Do it, however often it takes."""
    while True:
        try:
            await verb()
        except Unavailable:
            await asyncio.sleep(RETRY_EVERY_SECS)
        else:
            return


async def _repeatedly(seconds: float, verb: Callable[[], Awaitable[object]]) -> None:
    while True:
        try:
            await verb()
        except Unavailable:
            # Said once by whoever answers requests; this comes round again.
            log.debug("task.postponed")
        except Exception:
            log.exception("task.bug")
        await asyncio.sleep(seconds)


def _path(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _wants_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return "json" in accept and "text/html" not in accept


def _is_page(request: Request) -> bool:
    """Whether a person looks at the answer."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(
        ("/api/", "/health", "/metrics")
    )
