"""Every setting: its default, its meaning, its bounds. Read once, checked whole."""

from __future__ import annotations

import re
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from aiwebengine.core import addresses
from aiwebengine.core.config_providers import (
    THIS_MACHINE,
    Domain,
    Provider,
    ProviderName,
    kind_of,
    must_be_complete,
)
from aiwebengine.core.cron import checked, checked_zone
from aiwebengine.core.task_names import checked_name

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def _duration(value: Any) -> Any:
    """Seconds as a number, or "30m", "12h", "7d"."""
    if isinstance(value, str):
        match = re.fullmatch(r"(\d+)([smhd]?)", value.strip())
        if match is None:
            raise ValueError('a duration such as "30m", "12h" or "7d"')
        value = int(match[1]) * _UNITS[match[2] or "s"]
    return timedelta(seconds=value) if isinstance(value, int | float) else value


def _http_address(value: Any) -> Any:
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address such as https://engine.example.com")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("an address without path, such as https://engine.example.com")
    return value.rstrip("/")


def _contact(value: Any) -> Any:
    parts = urlsplit(value) if isinstance(value, str) and value.isascii() else None
    is_whole = parts is not None and (
        parts.hostname if parts.scheme == "https" else parts.path and not parts.netloc
    )
    # RFC 9116 section 2.5.3: a URI; web addresses by https.
    if not is_whole or parts is None or parts.scheme not in ("https", "mailto", "tel"):
        raise ValueError(
            "an address such as mailto:security@example.com or https://example.com/vdp"
        )
    if re.search(r"[^!-~]", value):
        raise ValueError("an address without blanks and line breaks")
    return value


Contact = Annotated[str, BeforeValidator(_contact)]
Duration = Annotated[timedelta, BeforeValidator(_duration), Field(gt=timedelta(0))]
HttpAddress = Annotated[str, BeforeValidator(_http_address)]
EmailAddress = Annotated[str, Field(pattern=r"^[^@\s<>,]+@[^@\s<>,]+$")]
Account = Annotated[str, AfterValidator(addresses.normal)]

Schedule = Annotated[str, AfterValidator(checked)]
TimeZone = Annotated[str, AfterValidator(checked_zone)]
TaskName = Annotated[str, AfterValidator(checked_name)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Server(_Section):
    """Where the engine listens."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(3000, ge=0, le=65_535, description="Port to listen on; 0 picks a free one.")
    base_url: HttpAddress | None = Field(
        None, description="Address under which browsers reach the engine."
    )
    request_timeout_secs: float = Field(
        30, gt=0, le=3_600, description="Longest until a request has the beginning of its answer."
    )
    shutdown_timeout_secs: float = Field(
        30, ge=0, le=3_600, description="How long a stop waits for what is running."
    )
    drain_secs: float = Field(
        0,
        ge=0,
        le=600,
        description="How long a stop first goes on answering while /health says 503,"
        " so that proxies look elsewhere.",
    )
    trusted_proxies: list[IPv4Network | IPv6Network] = Field(
        [], description="Networks of proxies whose X-Forwarded-For is believed."
    )

    @property
    def public_url(self) -> str:
        """The address for links and cookies."""
        return self.base_url or f"http://localhost:{self.port}"


class Logging(_Section):
    """What is logged, and where to."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level.")
    format: Literal["pretty", "json"] | None = Field(
        None, description="Console for people or for machines; left out: whichever it is."
    )
    file: Path | None = Field(
        Path("logs/aiwebengine.log"), description="Log file, always JSON; empty: none."
    )
    rotation: Literal["hourly", "daily", "weekly"] = Field("daily", description="When to rotate.")
    retention_days: int = Field(30, ge=1, le=3_650, description="Days to keep rotated files.")
    compress: bool = Field(True, description="Whether rotated files are compressed.")

    @field_validator("level", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @field_validator("file", mode="before")
    @classmethod
    def _none(cls, value: Any) -> Any:
        return None if value == "" else value


class Repository(_Section):
    """The database."""

    database_url: SecretStr = Field(
        SecretStr(""), description="PostgreSQL server; empty: an embedded one."
    )
    data_dir: Path = Field(Path("data"), description="Where the embedded server keeps its data.")
    max_connections: int = Field(50, ge=2, le=1_000, description="Most connections of an instance.")
    slow_query_ms: int = Field(
        1_000, ge=0, description="Queries slower than this are logged; 0: none."
    )
    acquire_timeout_secs: float = Field(
        5, gt=0, le=60, description="Longest wait for a free connection."
    )
    statement_timeout_secs: float = Field(
        10, gt=0, le=600, description="Longest a statement of a request may take."
    )
    apply_migrations_at_start: bool = Field(
        True, description="False: refuse to start while `aiwebengine migrate up` is due."
    )

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value()
        if url and urlsplit(url).scheme not in ("postgresql", "postgres"):
            raise ValueError("an address such as postgresql://user:password@host:5432/database")
        return value


class Cookie(_Section):
    """The session cookie. Its name and flags follow from server.base_url."""


class Auth(_Section):
    """Who gets in."""

    bootstrap_admins: list[Account] = Field(
        [],
        description="Addresses that become administrators when a provider first proves them;"
        " each once.",
    )
    allow_sign_up: bool = Field(
        True, description="False: only who was invited, or has signed in before, gets in."
    )
    allowed_domains: list[Domain] = Field(
        [],
        description="Domains whose verified addresses may sign up; empty: all, verified or not.",
    )
    session_timeout: Duration = Field(
        timedelta(days=7), description="How long a session lasts at most."
    )
    session_idle_timeout: Duration = Field(
        timedelta(hours=12), description="How long an unused session lasts."
    )
    max_concurrent_sessions: int = Field(5, ge=1, le=100, description="Sessions a user may have.")
    sudo_minutes: int = Field(
        30, ge=1, le=10_080, description="How recent a sign-in must be for what can do most harm."
    )
    token_lifetime: Duration = Field(
        timedelta(days=90), description="Default lifetime of an API token."
    )
    max_token_lifetime: Duration = Field(
        timedelta(days=365), description="Maximum lifetime of an API token; wins over the default."
    )
    cookie: Cookie = Field(Cookie(), description="The session cookie.")
    providers: dict[ProviderName, Provider] = Field({}, description="Sign-in providers by name.")

    # Of this field alone, so that it is told together with what is wrong with others.
    @field_validator("providers")
    @classmethod
    def _are_complete(cls, providers: dict[str, Provider]) -> dict[str, Provider]:
        must_be_complete(providers)
        return providers

    def kind_of(self, name: str) -> str:
        """Which kind of provider the section *name* describes."""
        return kind_of(name, self.providers[name])


class Security(_Section):
    """What is refused."""

    rate_limit_per_minute: int | None = Field(
        None,
        ge=1,
        description="Requests of one address a minute; left out: 600, and this machine is free.",
    )
    max_request_body_bytes: int = Field(
        1_048_576, ge=1_024, le=1_073_741_824, description="Largest body."
    )
    max_anonymous_body_bytes: int = Field(
        16_384, ge=1_024, le=1_073_741_824, description="Maximum body size of an anonymous request."
    )
    max_connections_per_address: int = Field(
        256, ge=1, description="Maximum connections per address and worker."
    )
    max_sockets_per_address: int = Field(
        256, ge=1, description="Maximum WebSockets per address and worker."
    )
    max_sockets_per_user: int = Field(
        100, ge=1, description="Maximum WebSockets per user and worker."
    )
    cors_allowed_origins: list[HttpAddress] = Field(
        [], description="Other sites whose pages may read answers, without cookies."
    )
    api_key: SecretStr | None = Field(None, description="Key for /metrics.")
    metrics_from_loopback: bool = Field(
        False, description="Whether this machine itself may read /metrics without a key."
    )
    content_security_policy: str | None = Field(None, description="Replaces our own policy.")
    hsts_include_subdomains: bool = Field(
        False,
        description="Whether Strict-Transport-Security covers every name below the engine's:"
        " browsers then refuse plain http there.",
    )
    contact: Contact | None = Field(
        None,
        description="Address for reports of security problems, shown in"
        " /.well-known/security.txt; left out: no such page.",
    )


class Performance(_Section):
    """Tuning."""

    enable_compression: bool = Field(True, description="Whether answers are compressed.")
    cache_size_mb: int = Field(
        64, ge=0, le=65_536, description="Memory for caches of an instance; 0: no cache."
    )
    cache_ttl_seconds: int = Field(
        300, ge=0, description="Longest that a cached answer counts; 0: none is kept."
    )
    compiled_plans: bool = Field(
        True,
        description="Whether selections of plain fields are compiled. Off, graphql-core executes"
        " every field: same answers, slower lists.",
    )
    worker_pool_size: int = Field(1, ge=1, le=256, description="Worker processes.")


class S3(_Section):
    """S3-compatible storage for backups."""

    bucket: str = Field(min_length=3, description="Bucket.")
    prefix: str = Field("aiwebengine/", description="What the names of our objects begin with.")
    region: str | None = Field(None, description="Region.")
    endpoint: HttpAddress | None = Field(None, description="Address, when it is not Amazon's.")
    access_key_id: str | None = Field(None, description="Key id.")
    secret_access_key: SecretStr | None = Field(None, description="Key.")
    upload_after_create: bool = Field(True, description="Whether each new archive is copied there.")


class Backup(_Section):
    """Backups."""

    directory: Path = Field(Path("backups"), description="Where archives lie.")
    schedule: Schedule = Field("0 2 * * *", description="When, as a cron expression.")
    retention_days: int = Field(30, ge=1, description="Days to keep archives.")
    keep_daily: int = Field(
        7, ge=0, le=3_650, description="Newest archives of so many days that are kept longer."
    )
    keep_weekly: int = Field(
        4, ge=0, le=520, description="Newest archives of so many weeks that are kept longer."
    )
    keep_monthly: int = Field(
        12, ge=0, le=120, description="Newest archives of so many months that are kept longer."
    )
    signing_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="Key that archives are signed with, the same on all instances. Left out: one"
        " is made in `repository.data_dir`.",
    )
    former_signing_keys: list[Annotated[SecretStr, Field(min_length=32)]] = Field(
        [], description="Keys used before; archives signed with them are still trusted."
    )
    s3: S3 | None = Field(None, description="S3-compatible storage.")


class Smtp(_Section):
    """The mail server that takes alerts."""

    host: str | None = Field(None, min_length=1, description="Host of the mail server.")
    port: int | None = Field(
        None, ge=1, le=65_535, description="Port; left out: 587, 465 with tls, 25 with none."
    )
    username: str | None = Field(None, min_length=1, description="Name to sign in there with.")
    password: SecretStr | None = Field(None, description="The password that goes with it.")
    encryption: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the way there is protected."
    )

    @model_validator(mode="after")
    def _password_is_protected(self) -> Smtp:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password together, or neither")
        if self.username and self.encryption == "none" and self.host not in THIS_MACHINE:
            raise ValueError("encryption = starttls or tls, or the password would go in clear")
        return self


class Alerts(_Section):
    """Who is told when something is wrong."""

    webhook_url: SecretStr | None = Field(None, description="Address that alerts are posted to.")
    webhook_secret: SecretStr | None = Field(
        None, description="Key of the signature that goes with them."
    )
    email_to: list[EmailAddress] = Field([], description="Addresses that alerts are mailed to.")
    email_from: EmailAddress | None = Field(None, description="Address that they come from.")
    smtp: Smtp = Field(Smtp(), description="The mail server.")
    error_rate_percent: float = Field(
        5, gt=0, le=100, description="More failed requests than this share are alerted."
    )
    error_rate_minutes: int = Field(5, ge=1, le=60, description="Of the requests of so long.")
    group_secs: float = Field(
        2, ge=0, le=3_600, description="What happens within so long goes out as one message."
    )
    settle_secs: float = Field(
        10, ge=0, le=3_600, description="How long all must be well to count as over."
    )
    reminder_hours: float = Field(
        24, gt=0, le=720, description="How often to remind of what lasts."
    )

    @field_validator("webhook_url")
    @classmethod
    def _is_http(cls, value: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(value.get_secret_value()) if value else None
        if parts and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("an address such as https://hooks.example.com/services/team")
        return value

    @model_validator(mode="after")
    def _mail_is_complete(self) -> Alerts:
        if self.email_to and not (self.email_from and self.smtp.host):
            raise ValueError("email_to together with email_from and smtp.host")
        return self


class Maintenance(_Section):
    """What the engine does by the clock."""

    timezone: TimeZone = Field("UTC", description="Time zone of every schedule.")
    keep_runs_days: int = Field(30, ge=1, le=3_650, description="Days to remember runs of tasks.")
    schedules: dict[TaskName, Schedule] = Field(
        {}, description='Cron expressions by task, instead of the usual ones; "off" for never.'
    )


class Config(_Section):
    """The whole configuration."""

    server: Server = Server()
    logging: Logging = Logging()
    repository: Repository = Repository()
    auth: Auth = Auth()
    security: Security = Security()
    performance: Performance = Performance()
    backup: Backup = Backup()
    alerts: Alerts = Alerts()
    maintenance: Maintenance = Maintenance()

    def at_port(self, port: int) -> Config:
        """The same with the port that was really taken, which `port = 0` leaves open."""
        server = self.server.model_copy(update={"port": port})
        return self.model_copy(update={"server": server})
