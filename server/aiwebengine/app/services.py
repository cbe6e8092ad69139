"""Every room's verbs, built in the order in which they need each other."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiwebengine.access_reviews.export import ReviewExport
from aiwebengine.access_reviews.service import Reviews
from aiwebengine.alerts.channels import configured as alert_channels
from aiwebengine.alerts.service import Alerts
from aiwebengine.app.tasks import data_tasks, own_tasks
from aiwebengine.audit.chain import Chain
from aiwebengine.audit.export import Export
from aiwebengine.audit.following import Following
from aiwebengine.audit.live import LiveTrail
from aiwebengine.audit.refusals import Refusals
from aiwebengine.audit.service import AuditTrail
from aiwebengine.auth import vouching
from aiwebengine.auth.callers import Callers
from aiwebengine.auth.sign_in import SignIn
from aiwebengine.backups.service import Backups
from aiwebengine.config_history.service import Settings
from aiwebengine.core.addresses import parse
from aiwebengine.core.caching import Cache
from aiwebengine.core.config import Auth, Config
from aiwebengine.core.resources import CONSTRAINTS, MIGRATIONS
from aiwebengine.database import Database
from aiwebengine.database.slow import SlowStatements
from aiwebengine.database_admin.service import Care
from aiwebengine.health import checks as health_checks
from aiwebengine.health.backups import backups_seen
from aiwebengine.health.service import Health
from aiwebengine.jobs.service import Schedules
from aiwebengine.logs.following import FollowingLogs
from aiwebengine.logs.service import Logs
from aiwebengine.logs.tail import Tail
from aiwebengine.maintenance import backup_evidence, evidence
from aiwebengine.maintenance.service import Maintenance
from aiwebengine.metrics.instruments import Instruments
from aiwebengine.migrations.service import Migrations
from aiwebengine.rate_limits.service import Rates
from aiwebengine.sessions.service import Sessions
from aiwebengine.sessions.tokens import Tokens
from aiwebengine.signing_keys.service import Keys
from aiwebengine.telemetry.service import System
from aiwebengine.upgrades.service import Upgrades
from aiwebengine.users.arrivals import Arrivals
from aiwebengine.users.service import Users
from aiwebengine.users.types import Admission

if TYPE_CHECKING:
    from aiwebengine.app.engine import Engine
    from aiwebengine.auth.sign_in_provider import SignInProvider


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
    rates: Rates
    upgrades: Upgrades


@dataclass(frozen=True)
class Ground:
    """What the rooms stand on: one engine's database and what it hears and counts.

    *url* is the database's address, *engine_on* makes an engine on another one.
    """

    config: Config
    url: str
    db: Database
    audit: AuditTrail
    live: LiveTrail
    cache: Cache
    tail: Tail
    slow_statements: SlowStatements
    instruments: Instruments
    engine_on: Callable[[str], Engine]

    @property
    def name(self) -> str:
        """The instance's: all workers of one machine and port are one."""
        return f"{socket.gethostname()}:{self.config.server.port}"


def built(ground: Ground) -> Services:
    """Every room on this ground."""
    config, db, audit, cache = ground.config, ground.db, ground.audit, ground.cache
    auth, lasts, idle = config.auth, config.auth.session_timeout, config.auth.session_idle_timeout
    refusals = Refusals(db, audit)
    sessions = Sessions(
        db,
        audit,
        lasts_secs=lasts.total_seconds(),
        idle_secs=idle.total_seconds(),
        most=auth.max_concurrent_sessions,
    )
    users = Users(db, audit, sessions, cache)
    tokens = Tokens(db, audit, users, lifetime=auth.token_lifetime, longest=auth.max_token_lifetime)
    callers = Callers(db, audit, idle.total_seconds(), auth.sudo_minutes * 60)
    system = System(db, users, audit, cache, config.repository.data_dir)
    backups = Backups(db, audit, config, ground.url, ground.engine_on)
    care = Care(db, audit, ground.slow_statements.worst)
    providers = _providers(auth)
    following, logs = Following(ground.live, callers), Logs(config.logging, callers)
    rates = Rates(db, config.security.rate_limit_per_minute)
    chain, keys = Chain(db), Keys(db, audit)
    settings = Settings(db, audit, keys)
    reviews = Reviews(db, audit, users)
    schedules = Schedules(
        db,
        audit,
        [
            *data_tasks(config, backups, care),
            *own_tasks(db, sessions, rates, users, chain, keys),
        ],
        config.maintenance.schedules,
        config.maintenance.timezone,
        keep_days=config.maintenance.keep_runs_days,
    )
    health = _health(ground, providers, backups, system, schedules)
    migrations = Migrations(ground.url, MIGRATIONS)
    maintenance = Maintenance(
        db,
        audit,
        {
            "health": evidence.health(health),
            "error-logs": evidence.errors_logged(logs, lambda: maintenance),
            "disk": evidence.disk(system),
            "backup": backup_evidence.backed_up(backups, schedules),
            "database-size": evidence.database_size(system),
            "slow-queries": evidence.slow_statements(ground.slow_statements.worst),
            "performance": evidence.performance(system),
            "restore-drill": backup_evidence.drilled(backups, schedules),
            "audit-trail": evidence.task_done(schedules, "verify-audit"),
            "dependencies": evidence.dependencies(CONSTRAINTS),
            "vacuum": evidence.task_done(schedules, "vacuum", "analyze"),
            "secrets": evidence.secrets_age(keys, settings, tokens),
            "access-review": evidence.access_review(reviews),
        },
    )
    return Services(
        users=users,
        sessions=sessions,
        tokens=tokens,
        sign_in=SignIn(
            db,
            audit,
            users,
            Arrivals(db, audit, users, sessions, _admission(auth), vouching.configured(auth)),
            sessions,
            refusals,
            providers,
            ground.instruments.sign_in,
        ),
        callers=callers,
        audit=audit,
        system=system,
        health=health,
        alerts=Alerts(
            db,
            audit,
            config.alerts,
            alert_channels(config.alerts),
            ground.name,
            config.server.public_url,
        ),
        following=following,
        logs=logs,
        following_logs=FollowingLogs(logs, ground.tail, following),
        migrations=migrations,
        care=care,
        chain=chain,
        export=Export(audit, callers),
        refusals=refusals,
        settings=settings,
        keys=keys,
        schedules=schedules,
        maintenance=maintenance,
        reviews=reviews,
        review_export=ReviewExport(reviews, callers),
        backups=backups,
        rates=rates,
        upgrades=Upgrades(db, migrations, MIGRATIONS, CONSTRAINTS),
    )


def _providers(auth: Auth) -> Mapping[str, SignInProvider]:
    if not auth.providers:
        return {}
    # Imported in use: what it needs of OpenID Connect takes 11 MB.
    from aiwebengine.auth.providers import configured

    return configured(auth)


def _health(
    ground: Ground,
    providers: Mapping[str, SignInProvider],
    backups: Backups,
    system: System,
    schedules: Schedules,
) -> Health:
    asked = [(one.name, one.label, one.asked) for one in providers.values()]
    checks = health_checks.of_instance(
        ground.config,
        ground.db,
        asked,
        backups_seen=backups_seen(backups, schedules),
        backup_due=lambda now: schedules.last_due("backup", now),
        error_rate=system.error_rate,
    )
    return Health(ground.db, ground.name, checks)


def _admission(auth: Auth) -> Admission:
    return Admission(
        allow_sign_up=auth.allow_sign_up,
        allowed_domains=frozenset(auth.allowed_domains),
        bootstrap_admins=frozenset(parse(address).key for address in auth.bootstrap_admins),
    )
