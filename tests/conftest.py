"""A real PostgreSQL, a database of its own for each test, and people to act as."""

from __future__ import annotations

import asyncio
import functools
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpcore2
import httpx2
import orjson
import psycopg
import pytest
import uvicorn
from httpx2._config import DEFAULT_TIMEOUT_CONFIG
from starlette.applications import Starlette
from tests import commands
from tests.servers import PROGRAMS, Server, running
from tests.support.databases import Databases
from tests.watcher import watched

from aiwebengine.app.engine import Engine
from aiwebengine.app.schema import schema
from aiwebengine.app.serving import protocols
from aiwebengine.audit import store
from aiwebengine.audit.details import undocumented
from aiwebengine.core.config import Backup, Config, Repository
from aiwebengine.core.identity import ActorKind, Origin, Profile, Role, Viewer, anonymous, operator
from aiwebengine.core.resources import MIGRATIONS
from aiwebengine.database.embedded import embedded_postgres
from aiwebengine.database.ownership import ROLE
from aiwebengine.graphql.execution import Executor
from aiwebengine.graphql.limits import Limits
from aiwebengine.graphql.requests import GraphQLRequest
from aiwebengine.migrations.service import Migrations
from aiwebengine.users.proof import Vouching
from aiwebengine.users.types import User

# Requests of tests: five seconds, the library's default, can pass on a machine that is busy.
DEFAULT_TIMEOUT_CONFIG.connect = DEFAULT_TIMEOUT_CONFIG.read = 60.0


@pytest.fixture(scope="session", autouse=True)
def nothing_outlives_the_tests() -> Iterator[None]:
    """Every process and temporary file of this run ends with it, also when it is killed."""
    with watched():
        yield


@pytest.fixture(scope="session")
def server(nothing_outlives_the_tests: None) -> Iterator[Server]:
    """One server for each worker of the test run: the embedded one, or that of the environment."""
    with _server() as server:
        # These data need not survive a power cut: no commit waits for the disk.
        server.run("alter system set fsync = off")
        server.run("alter system set full_page_writes = off")
        # Tests spoil the trail past its triggers.
        if server.major >= 15:
            server.run(f"grant set on parameter session_replication_role to {ROLE}")
        else:
            # Before that, only a superuser changes such a setting.
            server.run(f"alter role {ROLE} superuser")
        server.run("select pg_reload_conf()")
        yield server


@contextmanager
def _server() -> Iterator[Server]:
    programs = os.environ.get(PROGRAMS)
    if programs:
        with running(Path(programs)) as server:
            yield server
    else:
        with (
            tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
            embedded_postgres(Path(folder, "instance")) as url,
        ):
            yield Server(url)


@pytest.fixture(scope="session")
def template(server: Server) -> str:
    """A migrated database to make copies of, whose trail is empty."""
    server.run("create database template_of_tests")
    url = server.database("template_of_tests")
    Migrations(url, MIGRATIONS).up()
    with psycopg.connect(server.as_superuser("template_of_tests")) as connection:
        connection.execute("set local session_replication_role = replica")
        connection.execute("truncate audit_events, audit_unsealed restart identity")
    return "template_of_tests"


@pytest.fixture(scope="session", autouse=True)
def certificates_are_read_once() -> Iterator[None]:
    """Every client of httpx2 reads what the machine trusts: 40 ms, most requests take fewer.

    A test that has others trusted, by the environment, gets those.
    """
    read = httpcore2.default_ssl_context

    @functools.cache
    def once(_file: str | None, _folder: str | None, **options: bool) -> ssl.SSLContext:
        return read(**options)

    def trusted(**options: bool) -> ssl.SSLContext:
        return once(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"), **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpcore2, "default_ssl_context", trusted)
        yield


@pytest.fixture(autouse=True)
def every_event_tells_what_is_documented(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """docs/reference/audit.md is true of every event that a test causes in its own process."""
    found: list[str] = []
    append, append_at_once = store.append, store.append_at_once

    async def looked_at(db: Any, viewer: Any, action: Any, target: Any, *told: Any) -> int:
        found.extend(undocumented(action, target.kind, *told[:2]))
        return await append(db, viewer, action, target, *told)

    def looked_at_at_once(connection: Any, viewer: Any, action: Any, target: Any) -> int:
        found.extend(undocumented(action, target.kind, None, None))
        return append_at_once(connection, viewer, action, target)

    monkeypatch.setattr(store, "append", looked_at)
    monkeypatch.setattr(store, "append_at_once", looked_at_at_once)
    yield
    assert found == [], "add these to the schemas in aiwebengine/audit/details.py"


@pytest.fixture(scope="session")
def database_copies(server: Server, template: str) -> Iterator[Databases]:
    """Copies of the template."""
    copies = Databases(server, template)
    yield copies
    copies.close()


@pytest.fixture
def url(server: Server, database_copies: Databases) -> Iterator[str]:
    """A database of this test's own: commits, locks and announcements are real."""
    name = database_copies.take()
    yield server.database(name)
    database_copies.give_back(name)


@pytest.fixture
async def engine(url: str, tmp_path: Path) -> AsyncIterator[Engine]:
    """An engine on this test's database."""
    engine = Engine(configured(tmp_path), url)
    await engine.prepare()
    yield engine
    await engine.runtimes.stop()
    await engine.db.disconnect()


def configured(folder: Path) -> Config:
    """A configuration that keeps to this folder."""
    repository = Repository(max_connections=20, data_dir=folder)
    return Config(repository=repository, backup=Backup(directory=folder / "backups"))


AddPerson = Callable[..., Awaitable[Viewer]]


@pytest.fixture
def add_person(engine: Engine) -> AddPerson:
    """Make somebody who has signed in, with these roles, and act as that person."""
    return adder(engine)


def adder(engine: Engine) -> AddPerson:
    """What makes people in the engine's database."""

    async def add(name: str, *roles: Role) -> Viewer:
        users, maker = engine.services.users, operator("tests")
        user = (await users.invite(maker, f"{name}@example.com", name.title(), roles)).user
        await users.signed_in(user.key)
        return viewer_of(user, *roles)

    return add


async def link(engine: Engine, profile: Profile) -> None:
    """Let somebody sign in with this profile of a provider whose word counts."""
    arrivals = engine.services.sign_in._arrivals
    arrivals._vouching = {**arrivals._vouching, profile.provider: Vouching(True)}
    await arrivals.provision(anonymous(Origin("web")), profile)


def viewer_of(user: User, *roles: Role) -> Viewer:
    """The user as somebody who asks."""
    return Viewer(
        ActorKind.USER,
        user.email,
        Origin("graphql", request_id="test-request", address="127.0.0.1"),
        id=user.key,
        roles=frozenset([Role.AUTHENTICATED, *roles]),
    )


@pytest.fixture
async def ada(add_person: AddPerson) -> Viewer:
    """An administrator."""
    return await add_person("ada", Role.ADMINISTRATOR)


@pytest.fixture
async def edith(add_person: AddPerson) -> Viewer:
    """An editor."""
    return await add_person("edith", Role.EDITOR)


@pytest.fixture
async def alan(add_person: AddPerson) -> Viewer:
    """Somebody without any role."""
    return await add_person("alan")


Ask = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def ask(engine: Engine) -> Ask:
    """Execute a GraphQL document as somebody; the answer's body, as a client reads it."""
    executor = Executor(schema, Limits(), lambda context: context.viewer.is_signed_in)

    async def ask(viewer: Viewer, query: str, **variables: Any) -> dict[str, Any]:
        operation = executor.prepare(GraphQLRequest(query, variables))
        context = engine.context(viewer, engine.cursors)
        answer = await executor.answer(operation, context, "test-request")
        body: dict[str, Any] = orjson.loads(orjson.dumps(answer.body))
        return body

    return ask


@pytest.fixture
def events_of(engine: Engine) -> Callable[[], Awaitable[list[str]]]:
    """The actions in the trail, oldest first."""

    async def events() -> list[str]:
        rows = await engine.db.all("select action from audit_events order by id")
        return [row["action"] for row in rows]

    return events


@dataclass(frozen=True)
class Served:
    """An engine that listens on loopback."""

    base: str
    engine: Engine

    async def token(self, viewer: Viewer, **options: Any) -> str:
        """The secret of an API token of this person, which was used from this machine before."""
        maker = operator("tests")
        made = await self.engine.services.tokens.create(maker, viewer.id, "tests", **options)
        await self.engine.db.execute(
            "insert into token_addresses (token_id, address) values (:id, '127.0.0.1')",
            id=made.token.key,
        )
        return made.secret


class _Server(uvicorn.Server):
    """Leaves signals to the test run, which they are meant for."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle none."""
        yield


@asynccontextmanager
async def listening(app: Starlette, port: int, **options: Any) -> AsyncIterator[None]:
    """Answer at this port of loopback for as long as this lasts."""
    running = _Server(
        uvicorn.Config(
            app, port=port, log_config=None, access_log=False, proxy_headers=False, **options
        )
    )
    task = asyncio.create_task(running.serve())
    while not running.started:
        assert not task.done(), "the engine did not start"
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        running.should_exit = True
        await task


@asynccontextmanager
async def serving(engine: Engine) -> AsyncIterator[Served]:
    """The engine, listening at its port."""
    port = engine.config.server.port
    async with listening(engine.app(), port, **protocols(engine.config)):
        yield Served(f"http://localhost:{port}", engine)


@asynccontextmanager
async def locked(
    url: str, table: str, mode: str = "access exclusive"
) -> AsyncIterator[Callable[[], int]]:
    """Nobody else has this table for as long as this lasts.

    Returns how many of the engine's statements wait for a lock.

    The lock is waited for beside the loop: who holds the table now may be a task of this loop.
    """
    with psycopg.connect(url) as lock, psycopg.connect(url, autocommit=True) as watch:

        def waiting() -> int:
            row = watch.execute(
                "select count(*) from pg_stat_activity"
                " where datname = current_database()"
                " and application_name = 'aiwebengine' and wait_event_type = 'Lock'"
            ).fetchone()
            assert row
            return int(row[0])

        statement = f"lock table {table} in {mode} mode"
        await asyncio.to_thread(lambda: lock.execute(statement))
        yield waiting


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def until(condition: Callable[[], object], secs: float = 60) -> None:
    """`wait_for`, beside the other tasks of the loop."""
    async with asyncio.timeout(secs):
        while not condition():
            await asyncio.sleep(0.05)


def wait_for(condition: Callable[[], object], secs: float = 60) -> None:
    """Look until it is so."""
    end = time.monotonic() + secs
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


@pytest.fixture
async def served(url: str, tmp_path: Path) -> AsyncIterator[Served]:
    """An engine that listens, on this test's database."""
    engine = Engine(configured(tmp_path).at_port(free_port()), url)
    await engine.prepare()
    async with serving(engine) as served:
        # From here on all that is done is announced to it.
        while engine.live._newest is None:
            await asyncio.sleep(0.01)
        yield served


@pytest.fixture
def add_served_person(served: Served) -> AddPerson:
    """`add_person` for the engine that listens."""
    return adder(served.engine)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[bytes], str, Path]]]:
    """Start an engine as a user does; its process, address and output. All share a database."""
    running = []

    def start(**environ):
        output = tmp_path / f"output{len(running)}"
        log = output.open("w")
        process = subprocess.Popen(
            [sys.executable, "-m", "aiwebengine", "serve"],
            cwd=tmp_path,
            env={**os.environ, "APP_SERVER__PORT": "0", **environ},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        log.close()
        running.append(process)
        end = time.monotonic() + 120
        while time.monotonic() < end and process.poll() is None:
            base = re.search(r"Home +(\S+)/", output.read_text())
            if base:
                return process, base[1], output
            time.sleep(0.1)
        raise AssertionError(f"the engine did not start:\n{output.read_text()}")

    yield start
    for process in running:
        process.terminate()
        process.wait(60)


def first_sign_in(output: Path) -> str:
    """Sign in by the link of the banner; the session's secret."""
    link = re.search(r"\S+/auth/link\?\S+", output.read_text())
    assert link is not None
    return str(httpx2.get(link[0]).cookies["aiwebengine_session"])


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., str]:
    """Run a command on the instance of `start`; what it prints."""

    def command(*arguments: str) -> str:
        done = commands.run(*arguments, cwd=tmp_path, env=os.environ)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    return command
