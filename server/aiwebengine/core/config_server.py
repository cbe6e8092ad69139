"""The settings of the HTTP server."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# Not an IPv4 address: its last part is a number.
_HOST_AND_PORT = re.compile(rf"(?!.*\.\d+(?::|$)){_LABEL}(?:\.{_LABEL})+(?::\d{{1,5}})?")


def _http_address(value: Any) -> Any:
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("a URL such as https://engine.example.com")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("a URL without a path, such as https://engine.example.com")
    return value.rstrip("/")


def _host_and_port(value: Any) -> Any:
    if not isinstance(value, str) or not _HOST_AND_PORT.fullmatch(value.strip().lower()):
        raise ValueError("a host name such as apps.example.org, with a port if it is not 443 or 80")
    return value.strip().lower()


HttpAddress = Annotated[str, BeforeValidator(_http_address)]
HostAndPort = Annotated[str, BeforeValidator(_host_and_port)]


class Server(BaseModel):
    """The HTTP server."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(3000, ge=0, le=65_535, description="Port to listen on; 0 for any free port.")
    base_url: HttpAddress | None = Field(None, description="Public URL of the engine.")
    scripts_host: HostAndPort | None = Field(
        None,
        description="Host, and port if it is not the usual one, that serves nothing but scripts,"
        " such as apps.example.org. Their full pages need it: on the engine's own host, pages of"
        " scripts are sandboxed.",
    )
    request_timeout_secs: float = Field(
        30, gt=0, le=3_600, description="Timeout for the first byte of a response."
    )
    shutdown_timeout_secs: float = Field(
        30, ge=0, le=3_600, description="How long shutdown waits for running requests and tasks."
    )
    drain_secs: float = Field(
        0,
        ge=0,
        le=600,
        description="How long to keep serving at shutdown while /health returns 503, so that"
        " proxies switch to other instances.",
    )
    trusted_proxies: list[IPv4Network | IPv6Network] = Field(
        [], description="Networks of proxies whose X-Forwarded-For header is trusted."
    )

    @field_validator("scripts_host", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return value or None

    @property
    def public_url(self) -> str:
        """The URL for links and cookies."""
        return self.base_url or f"http://localhost:{self.port}"

    @property
    def public_name(self) -> str:
        """The host name in `public_url`."""
        return urlsplit(self.public_url).hostname or ""

    @property
    def scripts_name(self) -> str | None:
        """The host name in `scripts_host`."""
        return None if self.scripts_host is None else self.scripts_host.partition(":")[0]

    @property
    def scripts_url(self) -> str | None:
        """The URL of the host that serves nothing but scripts."""
        if self.scripts_host is None:
            return None
        scheme = urlsplit(self.public_url).scheme
        has_port = ":" in self.scripts_host or self.base_url is not None
        return f"{scheme}://{self.scripts_host}{'' if has_port else f':{self.port}'}"

    @model_validator(mode="after")
    def _scripts_are_apart(self) -> Server:
        # Ports do not count: browsers share cookies between all ports of a host.
        if self.scripts_name == self.public_name:
            raise ValueError(
                f"scripts_host with another host name than base_url, which has {self.public_name}"
            )
        return self
