"""The settings of the HTTP server."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _http_address(value: Any) -> Any:
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("a URL such as https://engine.example.com")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("a URL without a path, such as https://engine.example.com")
    return value.rstrip("/")


HttpAddress = Annotated[str, BeforeValidator(_http_address)]


class Server(BaseModel):
    """The HTTP server."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(3000, ge=0, le=65_535, description="Port to listen on; 0 for any free port.")
    base_url: HttpAddress | None = Field(None, description="Public URL of the engine.")
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

    @property
    def public_url(self) -> str:
        """The URL for links and cookies."""
        return self.base_url or f"http://localhost:{self.port}"
