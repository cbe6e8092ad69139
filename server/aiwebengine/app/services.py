"""The services of all features, built in order of their dependencies."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiwebengine.access_reviews.export import ReviewExport
from aiwebengine.access_reviews.service import AccessReviews
from aiwebengine.alerts.channels import configured as alert_channels
from aiwebengine.alerts.service import Alerts
from aiwebengine.app.scripting import script_settings
from aiwebengine.app.tasks import data_tasks, own_tasks, script_task
from aiwebengine.audit.authorized_stream import AuthorizedStream
from aiwebengine.audit.chain import HashChain
from aiwebengine.audit.denials import Denials
from aiwebengine.audit.event_bus import AuditEventBus
from aiwebengine.audit.export import Export
from aiwebengine.audit.service import AuditTrail
from aiwebengine.auth import vouching
from aiwebengine.auth.callers import CallerResolver
from aiwebengine.auth.sign_in import SignIn
from aiwebengine.backups.service import Backups
from aiwebengine.config_history.service import ConfigHistory
from aiwebengine.core.addresses import parse
from aiwebengine.core.caching import Cache
from aiwebengine.core.config import Auth, Config
from aiwebengine.core.resources import CONSTRAINTS, MIGRATIONS
from aiwebengine.database import Database
from aiwebengine.database.slow import SlowStatements
from aiwebengine.database_admin.service import DatabaseAdmin
from aiwebengine.health import checks as health_checks
from aiwebengine.health.backups import backups_seen
from aiwebengine.health.service import Health
from aiwebengine.jobs.service import Jobs
from aiwebengine.logs.service import Logs
from aiwebengine.logs.stream import LogStream
from aiwebengine.logs.tail import Tail
from aiwebengine.maintenance import backup_evidence, evidence, script_evidence
from aiwebengine.maintenance.service import Maintenance
from aiwebengine.metrics.instruments import Instruments
from aiwebengine.migrations.service import Migrations
from aiwebengine.oauth_server.clients import Clients
from aiwebengine.oauth_server.service import Authorizations
from aiwebengine.rate_limits.service import RateLimits
from aiwebengine.runtimes.instance import InstanceRuntimes
from aiwebengine.script_assets.people import ScriptFiles
from aiwebengine.script_assets.service import ScriptAssets
from aiwebengine.script_database.service import ScriptDatabases
from aiwebengine.script_drafts.service import ScriptDrafts
from aiwebengine.script_fetch.allowed_hosts import FetchHosts
from aiwebengine.script_fetch.outbound import OutboundHttp
from aiwebengine.script_language.service import ScriptLanguage
from aiwebengine.script_messages.service import ScriptMessages
from aiwebengine.script_requests.service import ScriptRequests
from aiwebengine.script_routes.runs import ScriptRuns
from aiwebengine.script_schedules.service import ScriptSchedules
from aiwebengine.script_secrets.service import ScriptSecrets
from aiwebengine.script_streams.listeners import Listeners
from aiwebengine.script_tables.service import ScriptTables
from aiwebengine.script_trials.replaying import ScriptFailures
from aiwebengine.script_trials.service import ScriptTrials
from aiwebengine.script_values.people import OwnedValues
from aiwebengine.script_values.service import ScriptValues
from aiwebengine.scripts.loading import NoRuntime
from aiwebengine.scripts.service import Scripts
from aiwebengine.scripts.streams import ScriptStreams
from aiwebengine.scripts.trees import Trees
from aiwebengine.sessions.client_tokens import ClientTokens
from aiwebengine.sessions.script_sessions import ScriptSessions
from aiwebengine.sessions.service import Sessions
from aiwebengine.sessions.tokens import Tokens
from aiwebengine.signing_keys.service import SigningKeys
from aiwebengine.telemetry.scripts import ScriptTelemetry
from aiwebengine.telemetry.service import Telemetry
from aiwebengine.upgrades.service import Upgrades
from aiwebengine.users.provisioning import Provisioning
from aiwebengine.users.service import Users
from aiwebengine.users.types import Admission

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine
    from aiwebengine.auth.sign_in_provider import SignInProvider

MCP = "/mcp"
"""The path of the Model Context Protocol, and the audience of its tokens."""
SCRIPTS_ARE_OFF = "Scripts are off: scripts.enabled is false."


@dataclass(frozen=True)
class Services:
    """The services of all packages."""

    users: Users
    sessions: Sessions
    script_sessions: ScriptSessions
    tokens: Tokens
    clients: Clients
    authorizations: Authorizations
    sign_in: SignIn
    callers: CallerResolver
    audit: AuditTrail
    telemetry: Telemetry
    health: Health
    alerts: Alerts
    following: AuthorizedStream
    chain: HashChain
    export: Export
    denials: Denials
    config_history: ConfigHistory
    migrations: Migrations
    database_admin: DatabaseAdmin
    logs: Logs
    following_logs: LogStream
    signing_keys: SigningKeys
    jobs: Jobs
    maintenance: Maintenance
    access_reviews: AccessReviews
    review_export: ReviewExport
    backups: Backups
    rate_limits: RateLimits
    upgrades: Upgrades
    scripts: Scripts
    script_telemetry: ScriptTelemetry
    script_streams: ScriptStreams
    script_runs: ScriptRuns
    script_requests: ScriptRequests
    script_trials: ScriptTrials
    script_failures: ScriptFailures
    script_language: ScriptLanguage
    script_databases: ScriptDatabases
    script_secrets: ScriptSecrets
    script_drafts: ScriptDrafts
    fetch_hosts: FetchHosts
    outbound: OutboundHttp
    script_schedules: ScriptSchedules
    script_messages: ScriptMessages
    script_listeners: Listeners
    script_values: ScriptValues
    owned_values: OwnedValues
    script_tables: ScriptTables
    script_assets: ScriptAssets
    script_files: ScriptFiles


@dataclass(frozen=True)
class Infrastructure:
    """What the services need: one engine's configuration, database, event buses and metrics.

    *url* is the address of the database; *engine_on* makes an engine on another address.
    """

    config: Config
    url: str
    db: Database
    audit: AuditTrail
    live: AuditEventBus
    cache: Cache
    tail: Tail
    slow_statements: SlowStatements
    instruments: Instruments
    runtimes: InstanceRuntimes
    engine_on: Callable[[str], Engine]

    @property
    def name(self) -> str:
        """The name of the instance, `host:port`; the same for all of its workers."""
        return f"{socket.gethostname()}:{self.config.server.port}"


def build_services(infrastructure: Infrastructure) -> Services:
    """Build all services on this infrastructure."""
    config, db, audit, cache = (
        infrastructure.config,
        infrastructure.db,
        infrastructure.audit,
        infrastructure.cache,
    )
    auth, lasts, idle = config.auth, config.auth.session_timeout, config.auth.session_idle_timeout
    refusals = Denials(db, audit)
    sessions = Sessions(
        db,
        audit,
        lasts_secs=lasts.total_seconds(),
        idle_secs=idle.total_seconds(),
        most=auth.max_concurrent_sessions,
    )
    users = Users(db, audit, sessions, cache)
    tokens = Tokens(db, audit, users, lifetime=auth.token_lifetime, longest=auth.max_token_lifetime)
    clients = Clients(db)
    client_tokens = ClientTokens(
        db, audit, lifetime=min(auth.token_lifetime, auth.max_token_lifetime)
    )
    scripts = Scripts(
        db,
        audit,
        users,
        script_settings(config),
        infrastructure.runtimes if config.scripts.enabled else NoRuntime(SCRIPTS_ARE_OFF),
        Trees(lambda: infrastructure.runtimes.folder),
    )
    keys = SigningKeys(db, audit)
    script_secrets = ScriptSecrets(db, audit, script_settings(config), keys)
    drafts = ScriptDrafts(db, audit, script_settings(config))
    fetch_hosts = FetchHosts(db, audit, script_settings(config))
    script_messages = ScriptMessages(db, audit, scripts)
    assets = ScriptAssets(db)
    values = ScriptValues(db)
    script_databases = ScriptDatabases(db, infrastructure.url)
    script_telemetry = ScriptTelemetry(
        db, infrastructure.runtimes if config.scripts.enabled else None
    )
    callers = CallerResolver(db, audit, idle.total_seconds(), auth.sudo_minutes * 60)
    system = Telemetry(db, users, audit, cache, config.repository.data_dir)
    backups = Backups(db, audit, config, infrastructure.url, infrastructure.engine_on)
    care = DatabaseAdmin(db, audit, infrastructure.slow_statements.worst)
    providers = _providers(auth)
    following, logs = AuthorizedStream(infrastructure.live, callers), Logs(config.logging, callers)
    rates = RateLimits(db, config.security.rate_limit_per_minute)
    chain = HashChain(db)
    settings = ConfigHistory(db, audit, keys)
    reviews = AccessReviews(db, audit, users)
    schedules = Jobs(
        db,
        audit,
        [
            *data_tasks(config, backups, care),
            *own_tasks(db, sessions, rates, users, chain, keys),
            script_task(scripts, drafts, script_messages, script_databases),
        ],
        config.maintenance.schedules,
        config.maintenance.timezone,
        keep_days=config.maintenance.keep_runs_days,
    )
    health = _health(infrastructure, providers, backups, system, schedules)
    migrations = Migrations(infrastructure.url, MIGRATIONS)
    maintenance = Maintenance(
        db,
        audit,
        {
            "health": evidence.health(health),
            "error-logs": evidence.errors_logged(logs, lambda: maintenance),
            "disk": evidence.disk(system),
            "backup": backup_evidence.backed_up(backups, schedules),
            "database-size": evidence.database_size(system),
            "slow-queries": evidence.slow_statements(infrastructure.slow_statements.worst),
            "performance": evidence.performance(system),
            "restore-drill": backup_evidence.drilled(backups, schedules),
            "audit-trail": evidence.task_done(schedules, "verify-audit"),
            "dependencies": evidence.dependencies(CONSTRAINTS),
            "vacuum": evidence.task_done(schedules, "vacuum", "analyze"),
            "secrets": evidence.secrets_age(keys, settings, tokens),
            "access-review": evidence.access_review(reviews),
            "scripts": script_evidence.reviewed(scripts, script_telemetry),
        },
    )
    return Services(
        users=users,
        sessions=sessions,
        script_sessions=ScriptSessions(db, idle.total_seconds()),
        tokens=tokens,
        clients=clients,
        authorizations=Authorizations(
            db, clients, client_tokens, f"{config.server.public_url}{MCP}"
        ),
        sign_in=SignIn(
            db,
            audit,
            users,
            Provisioning(db, audit, users, sessions, _admission(auth), vouching.configured(auth)),
            sessions,
            refusals,
            providers,
            infrastructure.instruments.sign_in,
        ),
        callers=callers,
        audit=audit,
        telemetry=system,
        health=health,
        alerts=Alerts(
            db,
            audit,
            config.alerts,
            alert_channels(config.alerts),
            infrastructure.name,
            config.server.public_url,
        ),
        following=following,
        logs=logs,
        following_logs=LogStream(logs, infrastructure.tail, following),
        migrations=migrations,
        database_admin=care,
        chain=chain,
        export=Export(audit, callers),
        denials=refusals,
        config_history=settings,
        signing_keys=keys,
        jobs=schedules,
        maintenance=maintenance,
        access_reviews=reviews,
        review_export=ReviewExport(reviews, callers),
        backups=backups,
        rate_limits=rates,
        upgrades=Upgrades(db, migrations, MIGRATIONS, CONSTRAINTS),
        scripts=scripts,
        script_telemetry=script_telemetry,
        script_streams=ScriptStreams(scripts, following),
        script_runs=ScriptRuns(scripts),
        script_requests=ScriptRequests(db, audit, script_settings(config)),
        script_trials=ScriptTrials(scripts, audit),
        script_failures=ScriptFailures(db, scripts),
        script_language=ScriptLanguage(
            scripts,
            lambda: infrastructure.runtimes.folder,
            None if config.scripts.enabled else SCRIPTS_ARE_OFF,
        ),
        script_databases=script_databases,
        script_secrets=script_secrets,
        script_drafts=drafts,
        fetch_hosts=fetch_hosts,
        outbound=OutboundHttp(script_secrets, fetch_hosts, config.scripts.fetch_private_hosts),
        script_schedules=ScriptSchedules(db, audit, scripts),
        script_messages=script_messages,
        script_listeners=Listeners(db, scripts),
        script_values=values,
        owned_values=OwnedValues(db, audit, scripts, values),
        script_tables=ScriptTables(db, audit, scripts, script_databases),
        script_assets=assets,
        script_files=ScriptFiles(db, audit, script_settings(config), assets),
    )


def _providers(auth: Auth) -> Mapping[str, SignInProvider]:
    if not auth.providers:
        return {}
    # Imported only if used: the OpenID Connect library takes 11 MB of memory.
    from aiwebengine.auth.providers import configured

    return configured(auth)


def _health(
    infrastructure: Infrastructure,
    providers: Mapping[str, SignInProvider],
    backups: Backups,
    system: Telemetry,
    schedules: Jobs,
) -> Health:
    asked = [(one.name, one.label, one.asked) for one in providers.values()]
    checks = health_checks.of_instance(
        infrastructure.config,
        infrastructure.db,
        asked,
        backups_seen=backups_seen(backups, schedules),
        backup_due=lambda now: schedules.last_due("backup", now),
        error_rate=system.error_rate,
    )
    return Health(infrastructure.db, infrastructure.name, checks)


def _admission(auth: Auth) -> Admission:
    return Admission(
        allow_sign_up=auth.allow_sign_up,
        allowed_domains=frozenset(auth.allowed_domains),
        bootstrap_admins=frozenset(parse(address).key for address in auth.bootstrap_admins),
    )
