"""The engine: builds all parts of one instance, in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from strawberry.dataloader import DataLoader

from aiwebengine.alerts.monitor import AlertMonitor
from aiwebengine.app.scripting import Scripting
from aiwebengine.app.services import Infrastructure, Services, build_services
from aiwebengine.app.tasks import PERIODIC
from aiwebengine.audit.event_bus import AuditEventBus
from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.store import CHANNEL
from aiwebengine.audit.types import AuditAction
from aiwebengine.auth.authenticator import Authenticator
from aiwebengine.backups.age import backup_age
from aiwebengine.backups.before_migrating import backed_up_before_migrating
from aiwebengine.backups.runs import AnotherRuns
from aiwebengine.core.background import RETRY_EVERY_SECS, end, once, repeatedly
from aiwebengine.core.caching import Cache, half_of
from aiwebengine.core.config import Config
from aiwebengine.core.errors import EngineError, Unavailable
from aiwebengine.core.identity import Viewer, engine
from aiwebengine.core.request_record import current_request_id, note_statement
from aiwebengine.core.resources import FRONTEND
from aiwebengine.core.slow_steps import Report, silent, slow_step
from aiwebengine.database import Database, Listener
from aiwebengine.database.pool import Statement
from aiwebengine.database.slow import SlowStatements
from aiwebengine.graphql.connection import Cursors
from aiwebengine.graphql.context import Context, Loaders
from aiwebengine.health import network
from aiwebengine.health import scripts as health_scripts
from aiwebengine.jobs.types import Note
from aiwebengine.logs.tail import Tail
from aiwebengine.metrics.exposition import Exposition
from aiwebengine.metrics.instruments import Instruments
from aiwebengine.runtimes.instance import InstanceRuntimes
from aiwebengine.runtimes.pool import Budget
from aiwebengine.script_fetch.types import Caller, Sent
from aiwebengine.scripts.loaders import script_loaders
from aiwebengine.sessions.sign_in_link import link_address
from aiwebengine.signing_keys.service import KeyRing
from aiwebengine.signing_keys.types import CURSORS
from aiwebengine.telemetry.beats import ThisInstance
from aiwebengine.telemetry.counters import Counters
from aiwebengine.telemetry.heartbeat import Heartbeat
from aiwebengine.users.reading import CHANGES_TOTALS
from aiwebengine.web.files import Frontend
from aiwebengine.web.this_machine import ThisMachine

if TYPE_CHECKING:
    from aiwebengine.app.routes import WebApplication

log = logging.getLogger(__name__)

HEARTBEAT_TIMEOUT_SECS = 4.0


class Engine:
    """One process of an instance: its services and the web application.

    *url* is the address of the database. The engine may be created while the database is down:
    until `prepare` has succeeded, requests that need it get Unavailable. *instance* identifies the
    instance, *place* is the number of this worker process (0 is the first), *folder* holds the
    metrics that the workers share, and *runtimes* is the folder of the supervisor that they share.
    """

    def __init__(
        self,
        config: Config,
        url: str,
        instance: ThisInstance | None = None,
        place: int = 0,
        folder: Path | None = None,
        runtimes: Path | None = None,
    ) -> None:
        self.config = config
        repository = config.repository
        self.db = Database(
            url,
            max_connections=repository.max_connections,
            acquire_timeout=repository.acquire_timeout_secs,
            statement_timeout=repository.statement_timeout_secs,
        )
        self.slow_statements = SlowStatements(
            repository.slow_query_ms, request_id=current_request_id
        )
        self.counters, self.instruments = Counters(), Instruments(folder)
        self.db.observers += [
            self.slow_statements.observe,
            lambda statement: note_statement(statement.waited_secs + statement.took_secs),
            self.instruments.statement,
            self._statement_ran,
        ]
        audit = AuditTrail(self.db)
        self.live = AuditEventBus(self.db, Listener(url, CHANNEL))
        self.cache = Cache(
            half_of(config.performance.cache_size_mb),
            config.performance.cache_ttl_seconds,
            may_trust=lambda: self.live.is_listening and not self.db.is_in_transaction,
        )
        for observers in (audit.observers, self.live.observers):
            observers.append(self._forget_totals)
        instance = instance or ThisInstance()
        self.heartbeat = Heartbeat(
            Database(
                url,
                max_connections=1,
                acquire_timeout=HEARTBEAT_TIMEOUT_SECS,
                statement_timeout=HEARTBEAT_TIMEOUT_SECS,
                application_name="aiwebengine heart",
            ),
            self.db,
            instance,
            place,
            self.counters,
            lambda: self.is_ready,
        )
        self.heartbeat.listeners.append(self.instruments.beat)
        self.tail = Tail(config.logging.file)
        budget = Budget(config.scripts.max_processes, config.scripts.max_memory_mb)
        self.runtimes = InstanceRuntimes(budget, runtimes)
        infrastructure = Infrastructure(
            config=config,
            url=url,
            db=self.db,
            audit=audit,
            live=self.live,
            cache=self.cache,
            tail=self.tail,
            slow_statements=self.slow_statements,
            instruments=self.instruments,
            runtimes=self.runtimes,
            engine_on=lambda other: Engine(config, other),
        )
        self.services: Services = build_services(infrastructure)
        services = self.services
        self.scripting: Scripting | None = None
        if config.scripts.enabled:
            scripting = Scripting(
                config,
                services.scripts,
                services.script_runs,
                self.runtimes,
                self._script_answered,
                services.script_sessions,
                self.db,
                services,
                lambda: self.authenticator,
                url,
                self.live,
            )
            self.scripting = scripting
            services.script_schedules.wake = scripting.work.schedules.wake
            services.script_messages.wake = scripting.work.messages.wake
            self.live.observers.append(scripting.observe)
            services.outbound.observers.append(self._script_fetched)
            services.script_telemetry.served = lambda: scripting.active.scripts
            services.health.watch(health_scripts.secrets(services.script_secrets.unreadable))
            services.health.watch(
                health_scripts.runs(
                    self.runtimes.problem,
                    lambda: scripting.active.failures,
                    lambda: [one.slug for one in scripting.active.scripts if one.is_suspended],
                )
            )
        self.alert_monitor: AlertMonitor = AlertMonitor(
            services.health,
            services.alerts,
            config.alerts,
            infrastructure.name,
            repository.data_dir,
        )
        self.this_machine = ThisMachine(
            config.server.public_url, trusts_proxies=bool(config.server.trusted_proxies)
        )
        services.health.engine_trouble = self._own_trouble
        services.health.watch(network.proxy(self.this_machine.problem))
        self.authenticator = Authenticator(
            services.callers,
            services.rate_limits,
            self.this_machine,
            config.server.public_url,
            config.auth.session_timeout.total_seconds(),
        )
        self.exposition = Exposition(
            self.instruments, instance, folder, services.health, services.sessions.count_live
        )
        self.exposition.backup_age = backup_age(services.backups)
        if self.scripting is not None:
            self.exposition.scripts = services.script_telemetry.usage
        self.frontend = Frontend(FRONTEND, compress=config.performance.enable_compression)
        self.cursor_keys: KeyRing = KeyRing(self.db, CURSORS)
        self._cursors: Cursors | None = None
        self._place = place
        self._waits_for: str | None = None
        self.is_ready = False
        self.is_leaving = False
        """Whether the engine drains before it stops: it answers, but is not ready for more."""
        self.once_ready: list[Callable[[], Awaitable[object]]] = []
        """Functions to call once, after the engine has started and the database answers."""
        self.at_stop: list[Callable[[], Awaitable[None]]] = []
        """Functions to call when the engine stops, before it waits for running requests."""

    async def prepare(
        self, note: Note = lambda _: None, *, begins: bool = True, report: Report = silent
    ) -> None:
        """Connect to the database, apply migrations, and read the signing keys. Idempotent.

        Before the first migration of a database with users it makes a backup, with its progress in
        *note*. Without *begins* an empty database is an error. *report* gets slow steps.

        Raises Unavailable, also while a backup runs, MigrationsDue, MigrationFailed, NoTables.
        """
        migrations = self.services.migrations
        if not begins:
            await asyncio.to_thread(migrations.must_have_begun)
        if self.config.repository.apply_migrations_at_start:
            loop = asyncio.get_running_loop()
            await asyncio.to_thread(
                migrations.up,
                backup_first=lambda: asyncio.run_coroutine_threadsafe(
                    self._back_up_first(note), loop
                ).result(),
                report=report,
            )
        else:
            await asyncio.to_thread(migrations.must_be_applied)
        with slow_step(report, "Reading the signing keys"):
            await self.db.connect()
            await self.cursor_keys.refresh()
        self._cursors = Cursors(self.cursor_keys)
        self.is_ready = True

    async def _back_up_first(self, note: Note) -> None:
        """Back up the database before it is migrated. Raises Unavailable while a backup runs."""
        log.info("migrations.backup")
        await self.db.connect()
        try:
            result = await backed_up_before_migrating(self.services.backups, engine(), note)
        except AnotherRuns as error:
            # The other backup ends by itself, so the engine retries as it does after an outage.
            raise Unavailable(f"Migrations wait for a backup. {error.message}") from error
        log.info("migrations.backed_up", extra={"result": result})

    async def first_sign_in_link(self) -> str | None:
        """The address of the first administrator's sign-in link; None after the first sign-in.

        Also None if the configured administrators can sign in with a provider.
        """
        auth = self.config.auth
        if auth.providers and auth.bootstrap_admins:
            return None
        admin = next(iter(auth.bootstrap_admins), "admin@localhost")
        secret = await self.services.sign_in.first_link(admin)
        return None if secret is None else link_address(self.config, secret)

    @property
    def cursors(self) -> Cursors:
        """Signs and checks pagination cursors. Raises Unavailable until the engine is prepared."""
        if self._cursors is None:
            raise Unavailable("The engine is starting: it waits for the database.")
        return self._cursors

    def app(self) -> Starlette:
        """The web application."""
        # Imported here because commands, which should start fast, need no schema and no routes.
        from aiwebengine.app.routes import WebApplication

        web = WebApplication(self)
        # Open WebSockets and event streams would not end by themselves.
        self.at_stop = [web.close_sockets, web.end_streams]
        if self.scripting is not None:
            self.at_stop.append(self.scripting.connections.end)
        return web.app(lambda _: self._lifespan(web))

    def context(self, viewer: Viewer, cursors: Cursors) -> Context:
        """The context of the resolvers of one request."""
        return Context(viewer, self.services, cursors, self._loaders)

    def _loaders(self) -> Loaders:
        services = self.services
        return Loaders(
            users=DataLoader(services.users.many),
            grants=DataLoader(services.users.grants_of),
            identities=DataLoader(services.users.identities_of),
            sessions=DataLoader(services.sessions.of_users),
            api_tokens=DataLoader(services.tokens.of_users),
            new_script_loaders=partial(
                script_loaders,
                services.scripts,
                services.script_secrets.of_scripts,
                services.fetch_hosts.of_scripts,
                services.script_drafts,
                services.script_telemetry.p95_of,
            ),
        )

    async def trouble(self) -> str | None:
        """Why the engine can't answer requests, as a sentence; None when it is healthy."""
        found = await self.services.health.trouble()
        return found if found or self.is_ready else "answers; the engine is starting"

    def _own_trouble(self) -> str | None:
        """Why the engine itself, apart from its checks, is not ready; None while it serves."""
        if self.is_leaving:
            return "is about to stop"
        return None if self.is_ready else "is starting"

    async def remove_unused_script_files(self) -> None:
        """Remove the files on disk of versions that are no longer served. Raises Unavailable."""
        if self.scripting is not None:
            await self.scripting.remove_unused_files()

    @asynccontextmanager
    async def _lifespan(self, web: WebApplication) -> AsyncIterator[None]:
        """Run the background tasks while the web application serves, then stop everything."""
        tasks = [
            asyncio.create_task(self._run()),
            asyncio.create_task(self.heartbeat.run()),
            asyncio.create_task(self._run_without_database()),
        ]
        try:
            yield
        finally:
            await web.close_sockets()
            await end(*tasks)
            await self.services.denials.end()
            await self.services.database_admin.stop()
            self.alert_monitor.stop()
            await self.services.backups.stop()
            if self.scripting is not None:
                await self.scripting.stop()
            await self.db.disconnect()

    async def _run(self) -> None:
        """Prepare the engine, with retries, and then run the tasks that need the database."""
        while not self.is_ready:
            try:
                await self.prepare()
            except Unavailable as error:
                self._log_waiting(error.message)
                await asyncio.sleep(RETRY_EVERY_SECS)
            except EngineError as error:
                # Retrying would not help, so requests are refused until the operator acts.
                log.critical("engine.not_ready", extra={"error": error.message})
                return
        services = self.services
        await asyncio.gather(
            self.live.run(),
            self.tail.run(),
            *map(once, self.once_ready),
            *self._periodic(needs_database=True),
            services.jobs.run(),
            *([] if self.scripting is None else [self.scripting.run()]),
        )

    def _log_waiting(self, why: str) -> None:
        """Log once why the engine can't serve yet; of several workers, only the first logs it."""
        if self._place == 0 and why != self._waits_for:
            self._waits_for = why
            log.warning("engine.waiting", extra={"error": why})

    async def _run_without_database(self) -> None:
        """Run the periodic work that does not need the database."""
        await asyncio.gather(*self._periodic(needs_database=False))

    def _periodic(self, *, needs_database: bool) -> list[Awaitable[None]]:
        return [
            repeatedly(work.every_secs, partial(work.run, self))
            for work in PERIODIC
            if work.needs_database is needs_database
        ]

    def _forget_totals(self, action: AuditAction | None) -> None:
        if action is None or action in CHANGES_TOTALS:
            self.cache.forget()

    def _script_answered(self, slug: str, status: int, seconds: float) -> None:
        self.instruments.script_answered(slug, status, seconds)
        self.counters.script(slug, status, seconds)

    def _script_fetched(self, caller: Caller, sent: Sent) -> None:
        answer = f"{sent.status // 100}xx" if sent.status and not sent.error else sent.error
        self.instruments.script_fetched(
            caller.slug, answer or "cancelled", sent.milliseconds / 1_000
        )

    def _statement_ran(self, statement: Statement) -> None:
        self.counters.statement(statement.sql, statement.took_secs, failed=statement.failed)
