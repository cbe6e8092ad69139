"""All settings with their defaults, descriptions and limits. Read and validated once at start."""

from __future__ import annotations

import re
from datetime import timedelta
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
from aiwebengine.core.config_scripts import Scripts
from aiwebengine.core.config_server import HttpAddress, Server
from aiwebengine.core.cron import checked, checked_zone
from aiwebengine.core.task_names import checked_name

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def _duration(value: Any) -> Any:
    """A number of seconds, or text such as "30m", "12h" or "7d"."""
    if isinstance(value, str):
        match = re.fullmatch(r"(\d+)([smhd]?)", value.strip())
        if match is None:
            raise ValueError('a duration such as "30m", "12h" or "7d"')
        value = int(match[1]) * _UNITS[match[2] or "s"]
    return timedelta(seconds=value) if isinstance(value, int | float) else value


def _contact(value: Any) -> Any:
    parts = urlsplit(value) if isinstance(value, str) and value.isascii() else None
    is_whole = parts is not None and (
        parts.hostname if parts.scheme == "https" else parts.path and not parts.netloc
    )
    # RFC 9116 section 2.5.3: a URI; web URIs must use https.
    if not is_whole or parts is None or parts.scheme not in ("https", "mailto", "tel"):
        raise ValueError("a URI such as mailto:security@example.com or https://example.com/vdp")
    if re.search(r"[^!-~]", value):
        raise ValueError("a URI without spaces and line breaks")
    return value


Contact = Annotated[str, BeforeValidator(_contact)]
Duration = Annotated[timedelta, BeforeValidator(_duration), Field(gt=timedelta(0))]
EmailAddress = Annotated[str, Field(pattern=r"^[^@\s<>,]+@[^@\s<>,]+$")]
Account = Annotated[str, AfterValidator(addresses.normal)]

Schedule = Annotated[str, AfterValidator(checked)]
TimeZone = Annotated[str, AfterValidator(checked_zone)]
TaskName = Annotated[str, AfterValidator(checked_name)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Logging(_Section):
    """Logs."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Minimum level."
    )
    format: Literal["pretty", "json"] | None = Field(
        None, description="Format on the console. If omitted: pretty on a terminal, else json."
    )
    file: Path | None = Field(
        Path("logs/aiwebengine.log"), description="Log file, always JSON; empty for none."
    )
    rotation: Literal["hourly", "daily", "weekly"] = Field(
        "daily", description="How often to rotate the log file."
    )
    retention_days: int = Field(
        30, ge=1, le=3_650, description="Number of days to keep rotated files."
    )
    compress: bool = Field(True, description="Compress rotated files.")

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
        SecretStr(""), description="PostgreSQL URL; empty for an embedded server."
    )
    data_dir: Path = Field(Path("data"), description="Data directory, also of the embedded server.")
    max_connections: int = Field(
        50, ge=2, le=1_000, description="Maximum number of connections per instance."
    )
    slow_query_ms: int = Field(1_000, ge=0, description="Log queries slower than this; 0 for none.")
    acquire_timeout_secs: float = Field(
        5, gt=0, le=60, description="Timeout for a free connection, in seconds."
    )
    statement_timeout_secs: float = Field(
        10, gt=0, le=600, description="Timeout for each statement of a request, in seconds."
    )
    apply_migrations_at_start: bool = Field(
        True,
        description="Apply pending migrations at start. If false, the engine does not start with"
        " pending migrations.",
    )

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value()
        if url and urlsplit(url).scheme not in ("postgresql", "postgres"):
            raise ValueError("a URL such as postgresql://user:password@host:5432/database")
        return value


class Cookie(_Section):
    """The session cookie. Its name and flags depend on server.base_url."""


class Auth(_Section):
    """Sign-in, sessions and API tokens."""

    bootstrap_admins: list[Account] = Field(
        [],
        description="Email addresses that become administrators at their first verified sign-in,"
        " once each.",
    )
    allow_sign_up: bool = Field(
        True,
        description="Allow new users to sign up. If false, only invited and existing users can"
        " sign in.",
    )
    allowed_domains: list[Domain] = Field(
        [],
        description="Domains whose verified addresses can sign up. If empty: any address, even"
        " unverified.",
    )
    session_timeout: Duration = Field(timedelta(days=7), description="Maximum session lifetime.")
    session_idle_timeout: Duration = Field(
        timedelta(hours=12), description="Idle timeout of a session."
    )
    max_concurrent_sessions: int = Field(
        5, ge=1, le=100, description="Maximum number of sessions per user."
    )
    sudo_minutes: int = Field(
        30,
        ge=1,
        le=10_080,
        description="Maximum age of a sign-in for sensitive actions, in minutes.",
    )
    token_lifetime: Duration = Field(
        timedelta(days=90), description="Default lifetime of an API token."
    )
    max_token_lifetime: Duration = Field(
        timedelta(days=365),
        description="Maximum lifetime of an API token; also limits the default.",
    )
    cookie: Cookie = Field(Cookie(), description="The session cookie.")
    providers: dict[ProviderName, Provider] = Field({}, description="Sign-in providers by name.")

    # A field validator, so that its errors are reported together with those of other fields.
    @field_validator("providers")
    @classmethod
    def _are_complete(cls, providers: dict[str, Provider]) -> dict[str, Provider]:
        must_be_complete(providers)
        return providers

    def kind_of(self, name: str) -> str:
        """The kind of the provider in section *name*."""
        return kind_of(name, self.providers[name])


class Security(_Section):
    """Limits and access."""

    rate_limit_per_minute: int | None = Field(
        None,
        ge=1,
        description="Rate limit per address. If omitted: 600, except for this machine.",
    )
    max_request_body_bytes: int = Field(
        1_048_576, ge=1_024, le=1_073_741_824, description="Maximum body size of a request."
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
        [], description="Origins allowed to read responses, without cookies (CORS)."
    )
    api_key: SecretStr | None = Field(None, description="API key for /metrics.")
    metrics_from_loopback: bool = Field(
        False, description="Allow this machine to read /metrics without a key."
    )
    content_security_policy: str | None = Field(
        None, description="Value that replaces the default Content-Security-Policy."
    )
    hsts_include_subdomains: bool = Field(
        False,
        description="Add includeSubDomains to Strict-Transport-Security, so that browsers refuse"
        " plain HTTP for all subdomains.",
    )
    contact: Contact | None = Field(
        None,
        description="Contact for security reports, published in /.well-known/security.txt. If"
        " omitted, the page does not exist.",
    )


class Performance(_Section):
    """Performance."""

    enable_compression: bool = Field(True, description="Compress responses.")
    cache_size_mb: int = Field(
        64, ge=0, le=65_536, description="Cache size per instance; 0 for no cache."
    )
    cache_ttl_seconds: int = Field(
        300, ge=0, description="Maximum age of a cached response; 0 for no cache."
    )
    compiled_plans: bool = Field(
        True,
        description="Compile selections of plain fields. If false, graphql-core executes every"
        " field: same responses, slower lists.",
    )
    worker_pool_size: int = Field(1, ge=1, le=256, description="Number of worker processes.")


class S3(_Section):
    """S3-compatible storage for backups."""

    bucket: str = Field(min_length=3, description="Name of the bucket.")
    prefix: str = Field("aiwebengine/", description="Prefix of object names.")
    region: str | None = Field(None, description="Region.")
    endpoint: HttpAddress | None = Field(None, description="Endpoint URL, if not Amazon S3.")
    access_key_id: str | None = Field(None, description="Access key ID.")
    secret_access_key: SecretStr | None = Field(None, description="Secret access key.")
    upload_after_create: bool = Field(True, description="Upload each new archive.")


class Backup(_Section):
    """Backups."""

    directory: Path = Field(Path("backups"), description="Directory of the archives.")
    schedule: Schedule = Field("0 2 * * *", description="Schedule, as a cron expression.")
    retention_days: int = Field(30, ge=1, description="Number of days to keep every archive.")
    keep_daily: int = Field(
        7, ge=0, le=3_650, description="Number of days to keep the newest archive of each day."
    )
    keep_weekly: int = Field(
        4, ge=0, le=520, description="Number of weeks to keep the newest archive of each week."
    )
    keep_monthly: int = Field(
        12, ge=0, le=120, description="Number of months to keep the newest archive of each month."
    )
    signing_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="Key that signs archives, the same on all instances. If omitted, one is"
        " created in `repository.data_dir`.",
    )
    former_signing_keys: list[Annotated[SecretStr, Field(min_length=32)]] = Field(
        [], description="Previous signing keys, whose archives are still trusted."
    )
    s3: S3 | None = Field(None, description="S3-compatible storage.")


class Smtp(_Section):
    """The mail server for alerts."""

    host: str | None = Field(None, min_length=1, description="Host name of the mail server.")
    port: int | None = Field(
        None, ge=1, le=65_535, description="Port. If omitted: 587, 465 with tls, 25 with none."
    )
    username: str | None = Field(None, min_length=1, description="User name for the mail server.")
    password: SecretStr | None = Field(None, description="Password for the mail server.")
    encryption: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="Encryption of the connection."
    )

    @model_validator(mode="after")
    def _password_is_protected(self) -> Smtp:
        if (self.username is None) != (self.password is None):
            raise ValueError("both username and password, or neither")
        if self.username and self.encryption == "none" and self.host not in THIS_MACHINE:
            raise ValueError(
                "encryption = starttls or tls, because the password would be sent in clear text"
            )
        return self


class Alerts(_Section):
    """Alerts and their channels."""

    webhook_url: SecretStr | None = Field(
        None, description="URL that receives alerts as POST requests."
    )
    webhook_secret: SecretStr | None = Field(None, description="Key that signs webhook requests.")
    email_to: list[EmailAddress] = Field([], description="Email addresses of the recipients.")
    email_from: EmailAddress | None = Field(None, description="Email address of the sender.")
    smtp: Smtp = Field(Smtp(), description="The mail server.")
    error_rate_percent: float = Field(
        5, gt=0, le=100, description="Error rate that triggers an alert, in percent."
    )
    error_rate_minutes: int = Field(
        5, ge=1, le=60, description="Period of the error rate, in minutes."
    )
    group_secs: float = Field(
        2, ge=0, le=3_600, description="Alerts within this time are sent as one message."
    )
    settle_secs: float = Field(
        10,
        ge=0,
        le=3_600,
        description="How long a check must be healthy before its alert is resolved.",
    )
    reminder_hours: float = Field(
        24, gt=0, le=720, description="Interval of reminders for open alerts, in hours."
    )

    @field_validator("webhook_url")
    @classmethod
    def _is_http(cls, value: SecretStr | None) -> SecretStr | None:
        parts = urlsplit(value.get_secret_value()) if value else None
        if parts and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("a URL such as https://hooks.example.com/services/team")
        return value

    @model_validator(mode="after")
    def _mail_is_complete(self) -> Alerts:
        if self.email_to and not (self.email_from and self.smtp.host):
            raise ValueError("email_to together with email_from and smtp.host")
        return self


class Maintenance(_Section):
    """Scheduled tasks."""

    timezone: TimeZone = Field("UTC", description="Time zone of all schedules.")
    keep_runs_days: int = Field(30, ge=1, le=3_650, description="Number of days to keep task runs.")
    schedules: dict[TaskName, Schedule] = Field(
        {}, description='Cron expressions by task that override the defaults; "off" for never.'
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
    scripts: Scripts = Scripts()

    def at_port(self, port: int) -> Config:
        """A copy with the port in use, which differs from the setting if that is 0."""
        server = self.server.model_copy(update={"port": port})
        return self.model_copy(update={"server": server})
