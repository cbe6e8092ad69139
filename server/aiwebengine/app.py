"""The one place where things are put together."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from strawberry.dataloader import DataLoader

from aiwebengine import upkeep
from aiwebengine.alerts.channels import configured as alert_channels
from aiwebengine.alerts.service import Alerts
from aiwebengine.alerts.watch import Watch
from aiwebengine.audit import rest as audit_rest
from aiwebengine.audit.chain import Chain
from aiwebengine.audit.export import Export
from aiwebengine.audit.following import Following
from aiwebengine.audit.live import LiveTrail
from aiwebengine.audit.refusals import Refusals
from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.store import CHANNEL
from aiwebengine.audit.types import AuditAction
from aiwebengine.auth import rest as auth_rest
from aiwebengine.auth.callers import Callers
from aiwebengine.auth.providers import configured
from aiwebengine.auth.requests import Doorkeeper
from aiwebengine.auth.sessions import Sessions
from aiwebengine.auth.sign_in import SignIn
from aiwebengine.auth.tokens import Tokens
from aiwebengine.background import RETRY_EVERY_SECS, once, repeatedly
from aiwebengine.backups import rest as backups_rest
from aiwebengine.backups.runs import AnotherRuns
from aiwebengine.backups.service import Backups
from aiwebengine.caching import Cache
from aiwebengine.care.service import Care
from aiwebengine.config import Auth, Config
from aiwebengine.context import Context, Loaders
from aiwebengine.database import Database, Listener
from aiwebengine.database.pool import Statement
from aiwebengine.database.slow import SlowStatements
from aiwebengine.errors import EngineError, Unavailable
from aiwebengine.graphql.connection import Cursors
from aiwebengine.graphql.execution import Executor
from aiwebengine.graphql.http import HttpEndpoint
from aiwebengine.graphql.limits import Limits
from aiwebengine.graphql.schema import schema
from aiwebengine.graphql.websocket import WebSocketEndpoint
from aiwebengine.health import checks as health_checks
from aiwebengine.health import rest as health_rest
from aiwebengine.health.service import Health
from aiwebengine.keys.service import LOOK_EVERY_SECS, KeyRing, Keys
from aiwebengine.keys.types import CURSORS
from aiwebengine.logs import rest as logs_rest
from aiwebengine.logs.following import FollowingLogs
from aiwebengine.logs.service import Logs
from aiwebengine.logs.tail import Tail
from aiwebengine.maintenance import evidence
from aiwebengine.maintenance.service import Maintenance
from aiwebengine.metrics import rest as metrics_rest
from aiwebengine.metrics.exposition import Exposition
from aiwebengine.metrics.instruments import Instruments
from aiwebengine.migrations.service import Migrations
from aiwebengine.notes import current_request_id, note_statement
from aiwebengine.pages import Pages
from aiwebengine.rates.service import Rates
from aiwebengine.resources import CONSTRAINTS, FRONTEND, MIGRATIONS
from aiwebengine.reviews import rest as reviews_rest
from aiwebengine.reviews.export import ReviewExport
from aiwebengine.reviews.service import Reviews
from aiwebengine.schedules.service import Schedules
from aiwebengine.schedules.tasks import own_tasks
from aiwebengine.settings.service import Settings
from aiwebengine.system.beats import ThisInstance
from aiwebengine.system.figures import Figures
from aiwebengine.system.heart import Heart
from aiwebengine.system.service import System
from aiwebengine.upgrades.service import Upgrades
from aiwebengine.users import rest as users_rest
from aiwebengine.users.arrivals import Arrivals
from aiwebengine.users.service import CHANGES_TOTALS, Users
from aiwebengine.users.types import Admission
from aiwebengine.viewer import Viewer, engine
from aiwebengine.web.compression import Compression
from aiwebengine.web.files import Frontend
from aiwebengine.web.middleware import (
    AccessLog,
    BodyLimit,
    RateLimit,
    RequestId,
    SecurityHeaders,
    TimeLimit,
)

log = logging.getLogger(__name__)

SWEEP_EVERY_SECS = 2.0
SHARE_EVERY_SECS = 1.0
SEAL_EVERY_SECS = 1.0
TIDY_EVERY_SECS = 600.0
THIN_OUT_EVERY_SECS = 60.0
HEART_TIMEOUT_SECS = 4.0
SAMPLE_EVERY_SECS = 600.0
WATCH_EVERY_SECS = 2.0
DELIVER_EVERY_SECS = 0.5
TIDY_LOGS_EVERY_SECS = 60.0


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
    health: Health
    alerts: Alerts
    following: Following
    chain: Chain
    export: Export
    refusals: Refusals
    settings: Settings
    migrations: Migrations
    care: Care
    logs: Logs
    following_logs: FollowingLogs
    keys: Keys
    schedules: Schedules
    maintenance: Maintenance
    reviews: Reviews
    review_export: ReviewExport
    backups: Backups
    upgrades: Upgrades


class Engine:
    """One instance: its services, and the web application in front of them.

    *url* is the database's address. The engine may be built before the database answers: until
    `prepare` succeeded every request that needs it is refused as unavailable. *instance* is what
    this process shares with the other workers of the same start, *place* its own among them,
    *folder* where they count.
    """

    def __init__(
        self,
        config: Config,
        url: str,
        instance: ThisInstance | None = None,
        place: int = 0,
        folder: Path | None = None,
    ) -> None:
        self.config = config
        repository, auth = config.repository, config.auth
        self.db = Database(
            url,
            max_connections=repository.max_connections,
            acquire_timeout=repository.acquire_timeout_secs,
            statement_timeout=repository.statement_timeout_secs,
        )
        self.slow_statements = SlowStatements(
            repository.slow_query_ms, request_id=current_request_id
        )
        self.db.observers += [
            self.slow_statements.observe,
            lambda statement: note_statement(statement.waited_secs + statement.took_secs),
        ]
        lasts, idle = auth.session_timeout, auth.session_idle_timeout
        audit = AuditTrail(self.db)
        self.live = LiveTrail(self.db, Listener(url, CHANNEL))
        self.cache = Cache(
            _half_of(config.performance.cache_size_mb),
            config.performance.cache_ttl_seconds,
            may_trust=lambda: self.live.is_listening and not self.db.is_in_transaction,
        )
        for tell_of in (audit.observers, self.live.observers):
            tell_of.append(self._forget_totals)
        sessions = Sessions(
            self.db,
            audit,
            lasts_secs=lasts.total_seconds(),
            idle_secs=idle.total_seconds(),
            most=auth.max_concurrent_sessions,
        )
        users = Users(self.db, audit, sessions, self.cache)
        callers = Callers(self.db, audit, idle.total_seconds(), auth.sudo_minutes * 60)
        self.figures, self.instruments = Figures(), Instruments()
        instance = instance or ThisInstance()
        self.heart = Heart(
            Database(
                url,
                max_connections=1,
                acquire_timeout=HEART_TIMEOUT_SECS,
                statement_timeout=HEART_TIMEOUT_SECS,
                application_name="aiwebengine heart",
            ),
            self.db,
            instance,
            place,
            self.figures,
            lambda: self.is_ready,
        )
        self.heart.listeners.append(self.instruments.beat)
        self.db.observers += [self.instruments.statement, self._statement_ran]
        system = System(self.db, users, audit, self.cache, repository.data_dir)
        backups = Backups(self.db, audit, config, url, lambda other: Engine(config, other))
        care = Care(self.db, audit, self.slow_statements.worst)
        providers = configured(auth)
        # All workers of one machine and port are one instance.
        name, address = f"{socket.gethostname()}:{config.server.port}", config.server.public_url
        asked = [(one.name, one.label, one.asked) for one in providers.values()]
        self.health = Health(
            self.db,
            name,
            health_checks.of_instance(
                config,
                self.db,
                asked,
                newest_backup=upkeep.newest_backup(backups),
                error_rate=system.error_rate,
            ),
        )
        alerts = Alerts(self.db, audit, config.alerts, alert_channels(config.alerts), name, address)
        self._watch = Watch(self.health, alerts, config.alerts, name, repository.data_dir)
        self.tail = Tail(config.logging.file)
        following, logs = Following(self.live, callers), Logs(config.logging, callers)
        self.rates = Rates(self.db, config.security.rate_limit_per_minute)
        chain, keys = Chain(self.db), Keys(self.db, audit)
        settings = Settings(self.db, audit, keys)
        reviews = Reviews(self.db, audit, users)
        schedules = Schedules(
            self.db,
            audit,
            [
                *upkeep.tasks(config, backups, care),
                *own_tasks(self.db, sessions, self.rates, users, chain, keys),
            ],
            config.maintenance.schedules,
            config.maintenance.timezone,
            keep_days=config.maintenance.keep_runs_days,
        )
        migrations = Migrations(url, MIGRATIONS)
        maintenance = Maintenance(
            self.db,
            audit,
            {
                "health": evidence.health(self.health, migrations.pending),
                "error-logs": upkeep.errors_logged(logs, lambda: self.services.maintenance),
                "disk": evidence.disk(system),
                "backup": upkeep.backed_up(backups),
                "database-size": evidence.database_size(system),
                "slow-queries": upkeep.slow_statements(self.slow_statements.worst),
                "performance": evidence.performance(system),
                "restore-drill": upkeep.drilled(backups),
                "audit-trail": evidence.task_done(schedules, "verify-audit"),
                "dependencies": evidence.dependencies(CONSTRAINTS),
                "vacuum": evidence.task_done(schedules, "vacuum", "analyze"),
                "secrets": evidence.secrets_age(keys, settings),
                "access-review": evidence.access_review(reviews),
            },
        )
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
                providers,
                self.instruments.sign_in,
            ),
            callers=callers,
            audit=audit,
            system=system,
            health=self.health,
            alerts=alerts,
            following=following,
            logs=logs,
            following_logs=FollowingLogs(logs, self.tail, following),
            migrations=migrations,
            care=care,
            chain=chain,
            export=Export(audit, callers),
            refusals=Refusals(audit),
            settings=settings,
            keys=keys,
            schedules=schedules,
            maintenance=maintenance,
            reviews=reviews,
            review_export=ReviewExport(reviews, callers),
            backups=backups,
            upgrades=Upgrades(self.db, migrations, MIGRATIONS, CONSTRAINTS),
        )
        self.doorkeeper = Doorkeeper(
            callers, self.rates, config.server.public_url, lasts.total_seconds()
        )
        self.exposition = Exposition(
            self.instruments, instance, folder, self._trouble, sessions.count_live
        )
        self.exposition.backup_age = upkeep.backup_age(backups)
        self.frontend = Frontend(FRONTEND, compress=config.performance.enable_compression)
        self._cursor_keys = KeyRing(self.db, CURSORS)
        self._cursors: Cursors | None = None
        self.is_ready = False
        self.is_leaving = False
        """Whether the engine is about to stop: it answers, but should be sent nothing new."""
        self.once_ready: list[Callable[[], Awaitable[object]]] = []
        """What is to be done once, when the engine serves and the database answers."""
        self.at_stop: list[Callable[[], Awaitable[None]]] = []
        """What is to be done first when the engine stops, before it waits for what is running."""

    async def prepare(self) -> None:
        """Connect, bring the tables up to date, read the keys. Doing it again is fine.

        A backup comes before the first step of a database that holds users. Raises Unavailable
        while the database does not answer or another backup runs, MigrationsDue, MigrationFailed.
        """
        migrations = self.services.migrations
        if self.config.repository.apply_migrations_at_start:
            loop = asyncio.get_running_loop()
            await asyncio.to_thread(
                migrations.up,
                backup_first=lambda: asyncio.run_coroutine_threadsafe(
                    self._back_up_first(), loop
                ).result(),
            )
        else:
            await asyncio.to_thread(migrations.must_be_applied)
        await self.db.connect()
        await self._cursor_keys.refresh()
        self._cursors = Cursors(self._cursor_keys)
        self.is_ready = True

    async def _back_up_first(self) -> None:
        """Back up the database as it is, before it is migrated."""
        log.info("migrations.backup")
        await self.db.connect()
        try:
            told = await upkeep.backed_up_before_migrating(self.services.backups, engine())
        except AnotherRuns as error:
            # Waited for like an outage: it ends by itself.
            raise Unavailable(f"Migrations wait for a backup. {error.message}") from error
        log.info("migrations.backed_up", extra={"result": told})

    async def first_sign_in_link(self) -> str | None:
        """The address that signs in the first administrator; None once one has signed in.

        None, too, where a provider lets in the administrators that the configuration names.
        """
        auth = self.config.auth
        if auth.providers and auth.bootstrap_admins:
            return None
        admin = next(iter(auth.bootstrap_admins), "admin@localhost")
        secret = await self.services.sign_in.first_link(admin)
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
            on_done=self._operation_done,
            on_refused=self.instruments.refused,
            on_subscribed=self.figures.subscribed,
            on_forbidden=lambda context, operation, error: services.refusals.note(
                context.viewer, operation, error
            ),
            documents_bytes=_half_of(config.performance.cache_size_mb),
        )
        sockets = WebSocketEndpoint(
            executor,
            self._graphql_context,
            self.doorkeeper.is_same_origin,
            limits.operations_per_socket,
        )
        graphql = HttpEndpoint(executor, self._graphql_context, pages.playground)
        # They would not end by themselves.
        self.at_stop = [sockets.close_all, graphql.end_streams]
        routes: list[BaseRoute] = [
            *pages.routes(),
            *metrics_rest.routes(self.exposition, self.doorkeeper, config.security),
            *health_rest.routes(self._trouble, self.health.failing, lambda: self.is_leaving),
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
            *logs_rest.routes(services.logs, self.doorkeeper),
            *reviews_rest.routes(services.reviews, services.review_export, self.doorkeeper),
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
                *([Middleware(Compression)] if config.performance.enable_compression else []),
                Middleware(
                    TimeLimit,
                    seconds=config.server.request_timeout_secs,
                    tell_it_themselves=frozenset({"/graphql"}),
                ),
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
        tasks = [
            asyncio.create_task(self._run()),
            asyncio.create_task(self.heart.run()),
            asyncio.create_task(self._look_after()),
        ]
        try:
            yield
        finally:
            await sockets.close_all()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.services.care.stop()
            self._watch.stop()
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
            self.tail.run(),
            repeatedly(TIDY_LOGS_EVERY_SECS, self.services.logs.tidy),
            *map(once, self.once_ready),
            repeatedly(SEAL_EVERY_SECS, self.services.chain.seal),
            repeatedly(SWEEP_EVERY_SECS, self.services.users.end_expired_grants),
            repeatedly(SHARE_EVERY_SECS, self.rates.share),
            repeatedly(THIN_OUT_EVERY_SECS, self.services.system.thin_out),
            repeatedly(SAMPLE_EVERY_SECS, self.services.care.sample_size),
            repeatedly(LOOK_EVERY_SECS, self._cursor_keys.refresh),
            self.services.schedules.run(),
        )

    async def _look_after(self) -> None:
        """What goes on while the database is down as well."""
        await asyncio.gather(
            repeatedly(WATCH_EVERY_SECS, self._watch.look),
            repeatedly(DELIVER_EVERY_SECS, self._watch.deliver),
            repeatedly(TIDY_EVERY_SECS, self._watch.tidy),
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
        found = await self.services.health.trouble()
        return found if found or self.is_ready else "answers; the engine is starting"

    def _forget_totals(self, action: AuditAction | None) -> None:
        if action is None or action in CHANGES_TOTALS:
            self.cache.forget()

    def _answered(self, scope: Scope, status: int, seconds: float) -> None:
        codes = scope.get("state", {}).get("error_codes", ())
        self.figures.answered(seconds, failed=status >= 500 or EngineError.code in codes)
        self.instruments.answered(scope, status, seconds)

    def _operation_done(self, label: str, seconds: float, codes: list[str]) -> None:
        self.figures.operation(label, seconds, failed=bool(codes))
        self.instruments.operation(label, seconds, codes)

    def _statement_ran(self, statement: Statement) -> None:
        self.figures.statement(statement.sql, statement.took_secs, failed=statement.failed)

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


def _half_of(megabytes: int) -> int:
    """In bytes: one half of the memory is for documents, the other for answers."""
    return megabytes * 1_048_576 // 2


def _admission(auth: Auth) -> Admission:
    return Admission(
        allow_sign_up=auth.allow_sign_up,
        allowed_domains=frozenset(domain.lower() for domain in auth.allowed_domains),
        bootstrap_admins=frozenset(address.lower() for address in auth.bootstrap_admins),
    )


def link_address(config: Config, secret: str) -> str:
    """The address of a sign-in link: always this machine's own, where alone it works."""
    return f"http://localhost:{config.server.port}/auth/link?token={secret}"
