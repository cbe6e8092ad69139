"""Caddy fetches its certificate from an authority that looks who answers (RFC 8555)."""

from __future__ import annotations

import json
import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPResponse
from pathlib import Path

import httpx2
import pytest
from tests.conftest import free_port, wait_for
from tests.deploy.conftest import running_caddy
from tests.health.certificates import certificate_of

pytestmark = pytest.mark.deploy

# No name that only this machine knows: for those Caddy is an authority itself.
DOMAIN = "engine.test"
CHALLENGES = {"http-01": "disable_tlsalpn_challenge", "tls-alpn-01": "disable_http_challenge"}


@dataclass
class Authority:
    """Pebble: where it is asked, and the certificate that it shows itself."""

    directory: str
    certificate: Path
    management: str

    def trust(self) -> ssl.SSLContext:
        """What trusts the certificates that it gives."""
        itself = ssl.create_default_context(cafile=self.certificate)
        root = httpx2.get(f"{self.management}/roots/0", verify=itself)
        return ssl.create_default_context(cadata=root.text)


@pytest.mark.parametrize("challenge", CHALLENGES)
def test_a_certificate_is_fetched_and_pages_are_behind_it(url, start, tmp_path, challenge):
    ports = free_port(), free_port()
    port = free_port()
    start(
        APP_REPOSITORY__DATABASE_URL=url,
        APP_SERVER__BASE_URL=f"https://{DOMAIN}:{ports[1]}",
        APP_SERVER__TRUSTED_PROXIES='["127.0.0.1/32"]',
        APP_SERVER__PORT=str(port),
    )

    with authority(tmp_path, ports) as given:
        issuer = [
            "cert_issuer acme {",
            f"dir {given.directory}",
            f"trusted_roots {given.certificate}",
            CHALLENGES[challenge],
            "}",
        ]
        with running_caddy(tmp_path, [port], ports, DOMAIN, issuer) as process:
            trust = given.trust()
            wait_for(lambda: process.poll() is not None or status(ports[1], "/health", trust))
            answered = [status(ports[1], path, trust) for path in ("/health", "/engine/admin")]
            with pytest.raises(ssl.SSLCertVerificationError):
                status(ports[1], "/health", ssl.create_default_context())

    assert answered[0] == 200
    assert answered[1] in (200, 303, 307)
    solved = (tmp_path / "caddy" / "log").read_text()
    assert set(re.findall(r'"challenge_type":"([^"]+)"', solved)) == {challenge}


@contextmanager
def authority(folder: Path, ports: tuple[int, int]) -> Iterator[Authority]:
    """Pebble, for which every name resolves to *ports*: those for HTTP and for TLS."""
    names, directory, management = (f"localhost:{free_port()}" for _ in range(3))
    # A key and a certificate in one file.
    certificate = certificate_of("localhost", folder, timedelta(days=1))
    config = folder / "pebble.json"
    settings = {
        "listenAddress": directory,
        "managementListenAddress": management,
        "certificate": str(certificate),
        "privateKey": str(certificate),
        "httpPort": ports[0],
        "tlsPort": ports[1],
    }
    config.write_text(json.dumps({"pebble": settings}))
    unused = [f"-{one}=" for one in ("http01", "https01", "tlsalpn01", "defaultIPv6")]
    resolver = ["pebble-challtestsrv", "-dns01", names, "-management", f"localhost:{free_port()}"]
    pebble = ["pebble", "-config", str(config), "-dnsserver", names]
    with (folder / "pebble.log").open("w") as output:
        running = [
            subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
            for command in ([*resolver, *unused], pebble)
        ]
    try:
        wait_for(lambda: is_open(directory) and is_open(management))
        yield Authority(f"https://{directory}/dir", certificate, f"https://{management}")
    finally:
        for process in running:
            process.terminate()
            process.wait(30)


def is_open(address: str) -> bool:
    """Whether somebody listens there."""
    host, _, port = address.partition(":")
    try:
        socket.create_connection((host, int(port))).close()
    except OSError:
        return False
    return True


def status(port: int, path: str, trust: ssl.SSLContext) -> int:
    """The status of an answer over TLS under our name; 0 while there is no certificate."""
    try:
        plain = socket.create_connection(("127.0.0.1", port))
        connection = trust.wrap_socket(plain, server_hostname=DOMAIN)
    except ssl.SSLCertVerificationError:
        raise
    except OSError:
        return 0
    with connection:
        head = f"GET {path} HTTP/1.1\r\nHost: {DOMAIN}:{port}\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())
        answer = HTTPResponse(connection)
        answer.begin()
        return answer.status
