"""An engine in a process of its own, an administrator's session, and hostile scripts on it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import httpx2
import psycopg
from tests.conftest import configured

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Server
from aiwebengine.scripts.service import Scripts

PATIENCE = 30
SCRIPTS_HOST = "scripts.localhost"
API_KEY = "the-api-key-of-the-engine-0123456789"

# Answers whatever the request says: status, headers, body.
ANSWERING = """
function answer(context) { return JSON.parse(context.request.body); }
function empty() { return { status: 200, body: "" }; }
function init() {
  routeRegistry.registerRoute("/evil/answer", "answer", "POST");
  routeRegistry.registerRoute("/evil/answer", "empty", "GET");
  routeRegistry.registerAssetRoute("/evil/page.svg", "page.svg");
  routeRegistry.registerAssetRoute("/evil/page.html", "page.html");
  routeRegistry.registerAssetRoute("/evil/code.js", "code.js");
}
"""

# Shows what it sees of a request.
SEEING = """
const seen = (request, params) => Response.json({
  method: request.method, url: request.url, headers: [...request.headers], params,
});
export default { fetch: (request, env, ctx) => seen(request, ctx.params) };
"""

# Shows whom they take their visitor for, in both forms.
KNOWING = """
export const routes = {
  "GET /knowing/module": (request, env, ctx) => Response.json({ user: ctx.user }),
};
"""
KNOWING_TOO = """
function show(context) {
  const { isAuthenticated, isAdmin, userId } = context.request.auth;
  return ResponseBuilder.json({ isAuthenticated, isAdmin, userId });
}
function init() { routeRegistry.registerRoute("/knowing/classic", "show", "GET"); }
"""

# Wants every path that there is.
GREEDY = """
const greedy = () => new Response("GREEDY");
export const routes = { "/*rest": greedy, "/:a": greedy, "/:a/:b": greedy, "/:a/:b/*c": greedy };
"""


@dataclass(frozen=True)
class Reply:
    """A response as it came over the connection."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """The values of all headers with this name."""
        return [value for key, value in self.headers if key == name.lower()]


@dataclass(frozen=True)
class Site:
    """A running engine with an administrator who is signed in."""

    base: str
    session: str
    url: str
    environment: dict[str, str]

    @property
    def port(self) -> int:
        return int(self.base.rpartition(":")[2])

    @property
    def host(self) -> str:
        return self.base.removeprefix("http://")

    @property
    def scripts_host(self) -> str:
        return f"{SCRIPTS_HOST}:{self.port}"

    @property
    def cookies(self) -> dict[str, str]:
        return {"aiwebengine_session": self.session}

    def put(self, slug: str, source: str, **files: str) -> httpx2.Response:
        """The answer to a deployment by the administrator; `page_html` is `page.html`."""
        others = {name.replace("_", "."): text for name, text in files.items()}
        return httpx2.put(
            f"{self.base}/api/engine/scripts/{slug}",
            json={"files": {"main.js": source, **others}},
            cookies=self.cookies,
            timeout=PATIENCE,
        )

    def deploy(self, slug: str, source: str, **files: str) -> None:
        """Deploy a script as the administrator."""
        answer = self.put(slug, source, **files)
        assert answer.status_code in (200, 201), answer.text

    def send_only(self, head: str, body: bytes = b"") -> bytes:
        """Send bytes as they are; everything that comes back until the connection ends."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as connection:
            connection.sendall(head.replace("\n", "\r\n").encode("latin-1"))
            connection.sendall(b"\r\n\r\n" + body)
            parts = []
            # The server may close before it has read everything.
            with suppress(ConnectionResetError):
                while part := connection.recv(65_536):
                    parts.append(part)
        return b"".join(parts)

    def send(self, head: str, body: bytes = b"", host: str | None = None) -> bytes:
        """Send a request; everything that comes back until the connection ends.

        Of `Host`, `Connection` and `Content-Length` what *head* does not have is added.
        """
        lacking = {
            "Host": host or self.host,
            "Connection": "close",
            "Content-Length": str(len(body)),
        }
        for name, value in lacking.items():
            if f"\n{name.lower()}:" not in head.lower():
                head += f"\n{name}: {value}"
        return self.send_only(head, body)

    def ask(self, head: str, body: bytes = b"", host: str | None = None) -> Reply:
        """The one response to a request."""
        return parsed(self.send(head, body, host))

    def answer(self, said: dict[str, Any], host: str | None = None) -> Reply:
        """What a visitor gets when a script answers *said*."""
        return self.ask("POST /evil/answer HTTP/1.1", json.dumps(said).encode(), host)

    def sign_in(self, email: str = "admin@localhost") -> str:
        """The secret of a new session of a user; of the administrator by default."""
        secret = token_urlsafe(32)
        with psycopg.connect(self.url) as connection:
            connection.execute(
                """
                insert into sessions (user_id, secret_hash, provider, expires_at)
                select id, sha256(%s), 'link', now() + interval '1 hour' from users
                where email = %s
                """,
                [secret.encode(), email],
            )
        return secret

    def sign_out(self, session: str) -> None:
        """End a session as its browser does."""
        httpx2.post(
            f"{self.base}/auth/logout",
            json={},
            cookies={"aiwebengine_session": session},
            timeout=PATIENCE,
        ).raise_for_status()


def parsed(received: bytes) -> Reply:
    """Status, headers and body of a response."""
    head, _, body = received.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = [line.partition(":")[::2] for line in lines]
    headers = [(name.lower(), value.strip()) for name, value in pairs]
    if ("transfer-encoding", "chunked") in headers:
        body = _unchunked(body)
    return Reply(int(first.split()[1]), headers, body)


def _unchunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        whole, body = whole + rest[:length], rest[length + 2 :]
    return whole


@contextmanager
def running(folder: Path, url: str, **settings: str) -> Iterator[Site]:
    """Start an engine on the database at *url* and sign in its first administrator."""
    environment = {
        **os.environ,
        "APP_REPOSITORY__DATABASE_URL": url,
        "APP_REPOSITORY__DATA_DIR": str(folder / "data"),
        "APP_BACKUP__DIRECTORY": str(folder / "backups"),
        "APP_SERVER__PORT": "0",
        **settings,
    }
    with _serving(folder, environment, r"http://localhost:\d+/auth/link\S+") as link:
        session = str(httpx2.get(link, timeout=PATIENCE).cookies["aiwebengine_session"])
        yield Site(link.partition("/auth/")[0], session, url, environment)


@contextmanager
def beside(site: Site, folder: Path) -> Iterator[str]:
    """Start another instance on the database of *site*; its address."""
    with _serving(folder, site.environment, r"(?<=Home) +http://localhost:\d+") as address:
        yield address.strip()


@contextmanager
def _serving(folder: Path, environment: dict[str, str], announced: str) -> Iterator[str]:
    """Run an engine; what it prints that matches *announced*."""
    output = folder / "output"
    with output.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "aiwebengine", "serve"],
            env=environment,
            stdout=log,
            stderr=log,
            cwd=folder,
        )
    try:
        yield _printed(output, process, announced)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    assert "Traceback" not in output.read_text(), output.read_text()[-5_000:]


def _printed(output: Path, process: subprocess.Popen[bytes], announced: str) -> str:
    end = time.monotonic() + 4 * PATIENCE
    while time.monotonic() < end and process.poll() is None:
        found = re.search(announced, output.read_text())
        if found:
            return found[0]
        time.sleep(0.05)
    raise AssertionError(f"the engine did not start:\n{output.read_text()}")


def by_operator(site: Site, folder: Path, act: Callable[[Scripts], Awaitable[None]]) -> None:
    """Call *act* with the scripts of another engine on the same database.

    In a thread: this one may be in a loop of Playwright's.
    """
    with ThreadPoolExecutor(1) as thread:
        thread.submit(lambda: asyncio.run(_by_operator(site, folder, act))).result()


async def _by_operator(site: Site, folder: Path, act: Callable[[Scripts], Awaitable[None]]) -> None:
    config = configured(folder / "operator")
    server = Server(scripts_host=SCRIPTS_HOST)
    engine = Engine(config.model_copy(update={"server": server}), site.url)
    await engine.prepare()
    try:
        await act(engine.services.scripts)
    finally:
        await engine.runtimes.stop()
        await engine.db.disconnect()
