"""The real Caddy with our Caddyfile, in front of engines on one database."""

from __future__ import annotations

import os
import shutil
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.conftest import free_port, wait_for
from tests.deploy.dockerfile import ROOT

DOMAIN = "localhost"
DRAIN_SECS = "4"


@dataclass
class Front:
    """Caddy, and the engines behind it."""

    base: str
    plain: str
    trust: ssl.SSLContext
    engines: list[tuple[subprocess.Popen[bytes], str, Path]]
    ports: list[int]
    restart: Callable[[int], None]
    start: Callable[[int], None]

    def client(self, **options: Any) -> httpx2.AsyncClient:
        """A client that believes Caddy's own authority."""
        return httpx2.AsyncClient(base_url=self.base, verify=self.trust, timeout=30, **options)


@pytest.fixture
def front(
    url: str, start: Callable[..., Any], tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Front]:
    """Caddy with TLS of its own authority in front of two engines.

    A test may hand the engines more settings by `@pytest.mark.parametrize("front", …, indirect)`.
    """
    # For the engines, and for commands of a test.
    (tmp_path / "config.toml").write_text(f'[repository]\ndatabase_url = "{url}"\n')
    own_ports = free_port(), free_port()
    base = f"https://{DOMAIN}:{own_ports[1]}"
    settings = {
        "APP_SERVER__BASE_URL": base,
        "APP_SERVER__TRUSTED_PROXIES": '["127.0.0.1/32"]',
        "APP_SERVER__DRAIN_SECS": DRAIN_SECS,
        **getattr(request, "param", {}),
    }
    ports = [free_port(), free_port()]

    def engine(port: int) -> tuple[subprocess.Popen[bytes], str, Path]:
        return start(**settings, APP_SERVER__PORT=str(port))

    # The banner prints the public address, so `start` waits for that one.
    engines = [engine(port) for port in ports]

    def restart(number: int) -> None:
        engines[number][0].terminate()
        assert engines[number][0].wait(60) == 0
        start_again(number)

    def start_again(number: int) -> None:
        engines[number] = engine(ports[number])

    with caddy(tmp_path, ports, own_ports) as (base, plain, trust):
        yield Front(base, plain, trust, engines, ports, restart, start_again)


@contextmanager
def caddy(
    folder: Path, ports: list[int], own_ports: tuple[int, int] | None = None
) -> Iterator[tuple[str, str, ssl.SSLContext]]:
    """Caddy, its own authority, in front of these ports; its addresses, and what to trust.

    *own_ports* are its own two ports, when they must be known before.
    """
    own_ports = own_ports or (free_port(), free_port())
    base = f"https://{DOMAIN}:{own_ports[1]}"
    own = ["local_certs", "skip_install_trust"]
    with running_caddy(folder, ports, own_ports, DOMAIN, own) as process:
        authority = folder / "caddy" / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        wait_for(authority.exists)
        trust = ssl.create_default_context(cafile=authority)

        def answers() -> bool:
            try:
                return httpx2.get(f"{base}/health", verify=trust).status_code in (200, 503)
            except httpx2.HTTPError:
                assert process.poll() is None, (folder / "caddy" / "log").read_text()
                return False

        wait_for(answers)
        yield base, f"http://{DOMAIN}:{own_ports[0]}", trust


@contextmanager
def running_caddy(
    folder: Path, ports: list[int], own_ports: tuple[int, int], domain: str, options: list[str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run Caddy with our Caddyfile and these global options in front of these ports.

    *own_ports* are its own ports, for HTTP and for TLS. What it says is in the file `caddy/log`.
    """
    home = folder / "caddy"
    home.mkdir()
    ports_of_its_own = [f"http_port {own_ports[0]}", f"https_port {own_ports[1]}", "admin off"]
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            [str(shutil.which("caddy")), "run", "--config", str(ROOT / "Caddyfile")],
            env={
                **os.environ,
                "HOME": str(home),
                "XDG_DATA_HOME": str(home),
                "XDG_CONFIG_HOME": str(home),
                "DOMAIN": domain,
                "ENGINES": " ".join(f"127.0.0.1:{port}" for port in ports),
                "CADDY_GLOBAL_OPTIONS": "\n".join([*ports_of_its_own, *options]),
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)
