"""The real nginx and HAProxy with the settings that people write, in front of an engine."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
from tests.conftest import free_port, wait_for

NGINX = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      {settings}
    }}
  }}
}}
"""
HAPROXY = """
defaults
  mode {mode}
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:{port}
  {settings}
  default_backend engine
backend engine
  server one 127.0.0.1:{engine}
"""


@contextmanager
def nginx(folder: Path, settings: str, port: int | None = None) -> Iterator[str]:
    """nginx with these lines in its `location`; its address."""
    port = port or free_port()
    file = folder / "nginx.conf"
    file.write_text(NGINX.format(folder=folder, port=port, settings=settings))
    with _running([_found("nginx"), "-p", str(folder), "-c", str(file)], folder, port) as base:
        yield base


@contextmanager
def haproxy(
    folder: Path, engine: int, settings: str = "", *, mode: str = "http", port: int | None = None
) -> Iterator[str]:
    """HAProxy with these lines in its frontend, before the engine at this port; its address."""
    port = port or free_port()
    file = folder / "haproxy.cfg"
    file.write_text(HAPROXY.format(mode=mode, port=port, settings=settings, engine=engine))
    with _running([_found("haproxy"), "-db", "-f", str(file)], folder, port) as base:
        yield base


@contextmanager
def _running(command: list[str], folder: Path, port: int) -> Iterator[str]:
    base = f"http://localhost:{port}"
    said = folder / "proxy.log"
    with said.open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:

        def answers() -> bool:
            assert process.poll() is None, said.read_text()
            try:
                return httpx2.get(f"{base}/health", timeout=10).status_code in (200, 503)
            except httpx2.HTTPError:
                return False

        wait_for(answers)
        yield base
    finally:
        process.terminate()
        process.wait(30)


def _found(program: str) -> str:
    """Where a program lies that is not in everybody's PATH."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    assert found, f"{program} is missing: install Debian's package of this name"
    return found
