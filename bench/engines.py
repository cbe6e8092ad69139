"""A filled database, and engines on it, each with settings of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aiwebengine.database.embedded import embedded_postgres

START_SECS = 180.0
STOP_SECS = 30.0
LOOK_SECS = 0.01
ROUNDS = 3


@dataclass(frozen=True)
class Started:
    """A server that was started, and its port."""

    port: int
    pid: int


@dataclass(frozen=True)
class Bench:
    """What every subject is given; *rounds* is for those that last, the others know theirs."""

    url: str
    token: str
    users: int
    rounds: int

    @contextmanager
    def engine(self, **settings: object) -> Iterator[int]:
        """The port of an engine with these settings, such as `performance__cache_size_mb=0`."""
        with self.started(**settings) as engine:
            yield engine.port

    @contextmanager
    def started(self, **settings: object) -> Iterator[Started]:
        """An engine with these settings."""
        changed = {f"APP_{key.upper()}": str(value) for key, value in settings.items()}
        serve = ("aiwebengine", "serve")
        with self.started_module(*serve, variable="APP_SERVER__PORT", **changed) as engine:
            yield engine

    @contextmanager
    def served(self, *module: str, variable: str, **environ: str) -> Iterator[int]:
        """The port of a server that is started for this; *variable* sets the port."""
        with self.started_module(*module, variable=variable, **environ) as server:
            yield server.port

    @contextmanager
    def started_module(self, *module: str, variable: str, **environ: str) -> Iterator[Started]:
        """A server that is started for this; *variable* sets its port."""
        command = (sys.executable, "-m", *module)
        with started(command, variable, {**_environ(self.url), **environ}) as server:
            yield server

    def post(self, query: str, **headers: str) -> bytes:
        """A GraphQL request as it goes over the wire."""
        return self._request("POST /graphql", headers, json.dumps({"query": query}).encode())

    def get(self, path: str, **headers: str) -> bytes:
        """A GET request as it goes over the wire."""
        return self._request(f"GET {path}", headers, b"")

    def _request(self, line: str, headers: dict[str, str], body: bytes) -> bytes:
        all_headers = {
            "Host": "localhost",
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in all_headers.items())
        return f"{line} HTTP/1.1\r\n{head}\r\n".encode() + body


@contextmanager
def started(command: Sequence[str], variable: str, environ: Mapping[str, str]) -> Iterator[Started]:
    """A server, once it listens; the environment's *variable* sets its port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = int(taken.getsockname()[1])
    process = subprocess.Popen(
        command,
        env={**environ, variable: str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + START_SECS
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"{' '.join(command)} does not start.")
            time.sleep(LOOK_SECS)
        yield Started(port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def filled_database(users: int, rounds: int = ROUNDS) -> Iterator[Bench]:
    """A database of its own with so many made-up users, and a token of an administrator.

    A run that is terminated stops what it started.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    with folder as path, embedded_postgres(Path(path)) as url:
        _command(url, "demo", "--users", str(users))
        listed = _command(url, "users", "list", "--role", "Administrator", "--json")
        email = json.loads(listed)["users"][0]["email"]
        token = _command(url, "tokens", "create", "--user", email, "--name", "bench")
        yield Bench(url, token, users, rounds)


def _command(url: str, *arguments: str) -> str:
    command = [sys.executable, "-m", "aiwebengine", *arguments]
    done = subprocess.run(command, env=_environ(url), stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def _environ(url: str) -> dict[str, str]:
    return {**os.environ, "APP_REPOSITORY__DATABASE_URL": url}


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
