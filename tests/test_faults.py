"""Real faults, one row each: everything that shows a state shows the same one, within seconds.

The pages have their own rows in tests/browser.
"""

import asyncio
import os
import re
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg
import pytest
from tests import commands
from tests.alerts.receivers import Hook, webhook
from tests.conftest import free_port, serving, wait_for
from tests.freezing import postgres_in
from tests.test_outage import Fragile

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import S3, Alerts, Backup, Config, Logging, Repository, Security
from aiwebengine.core.identity import operator
from aiwebengine.database.ownership import ROLE, SUPERUSER

pytestmark = pytest.mark.timed

ROOT = operator("root")
KEY = "a-key-for-the-metrics-of-this-test"
# Ten seconds are promised; a busy machine gets some more, and so does a process that is started.
SOON = 30


class Storage:
    """Something in the place of S3: it answers, refuses connections, or says nothing."""

    def __init__(self):
        self.port = free_port()
        self._server = None
        self._is_silent = False

    async def start(self, *, is_silent=False):
        await self.stop()
        self._is_silent = is_silent
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", self.port)

    async def stop(self):
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _answer(self, reader, writer):
        with suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            if self._is_silent:
                # Until the client gives up.
                await reader.read()
            else:
                writer.write(b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n")
                await writer.drain()
        writer.close()


@dataclass
class World:
    """An engine and all that it needs, each of which may break."""

    folder: Path
    database: Fragile
    storage: Storage
    hook: Hook
    engine: Any = None
    base: str = ""
    undo: list[Callable[[], object]] = field(default_factory=list)

    async def views(self, check):
        """The states of the engine and of the check, as everybody shows them."""
        async with httpx2.AsyncClient(base_url=self.base, timeout=5) as client:
            health = (await client.get("/health")).json()
            metrics = (await client.get("/metrics", headers={"X-API-Key": KEY})).text
        status = await self.engine.services.health.engine_state(ROOT)
        checks = {one.name: one for one in await self.engine.services.health.checks(ROOT)}
        name = re.escape(check)
        of_check = rf'^aiwebengine_health_check{{check="{name}",state="(\w+)"}} 1.0'
        return {
            "/health": health.get("state", "up"),
            "/metrics": re.findall(r'^aiwebengine_state{state="(\w+)"} 1.0', metrics, re.M),
            "engineState": status.state.value,
            "healthChecks": checks[check].state.value if check in checks else None,
            "/metrics of the check": re.findall(of_check, metrics, re.M),
        }

    async def become(self, check, state, of_check):
        """Wait until all of them show this."""
        wanted = {
            "/health": state,
            "/metrics": [state],
            "engineState": state,
            "healthChecks": of_check,
            "/metrics of the check": [of_check],
        }
        end = time.monotonic() + SOON
        while (seen := await self.views(check)) != wanted:
            assert time.monotonic() < end, f"{seen} instead of {wanted}"
            await asyncio.sleep(0.1)

    async def command(self):
        """The state in the first line of `maintenance status`."""
        environment = {
            **os.environ,
            "APP_REPOSITORY__DATABASE_URL": self.database.url,
            "APP_REPOSITORY__DATA_DIR": str(self.folder / "data"),
            "APP_LOGGING__FILE": str(self.folder / "logs" / "aiwebengine.log"),
            "APP_BACKUP__DIRECTORY": str(self.folder / "backups"),
            "APP_ALERTS__ERROR_RATE_PERCENT": "100",
            "APP_BACKUP__S3__BUCKET": "backups",
            "APP_BACKUP__S3__ENDPOINT": f"http://127.0.0.1:{self.storage.port}",
        }
        return await asyncio.to_thread(state_by_command, self.folder, environment)


def state_by_command(folder, environment):
    done = commands.run("maintenance", "status", cwd=folder, env=environment)
    first = re.match(r"State: (\w+)", done.stdout)
    assert first, (done.stdout, done.stderr)
    return first[1]


@asynccontextmanager
async def running(folder):
    """The world while nothing is wrong."""
    database, storage = Fragile(folder / "server"), Storage()
    await asyncio.to_thread(database.start)
    try:
        await storage.start()
        async with webhook() as hook:
            world = World(folder, database, storage, hook)
            (folder / "data").mkdir()
            (folder / "backups").mkdir()
            config = Config(
                repository=Repository(
                    data_dir=folder / "data", statement_timeout_secs=2, acquire_timeout_secs=2
                ),
                logging=Logging(file=folder / "logs" / "aiwebengine.log"),
                backup=Backup(
                    directory=folder / "backups",
                    s3=S3(bucket="backups", endpoint=f"http://127.0.0.1:{storage.port}"),
                ),
                security=Security(api_key=KEY),
                # The requests that fail meanwhile would keep the engine degraded for minutes.
                alerts=Alerts(
                    webhook_url=hook.url, group_secs=0.5, settle_secs=1, error_rate_percent=100
                ),
            )
            world.engine = Engine(config.at_port(free_port()), database.url)
            await world.engine.prepare()
            async with serving(world.engine) as served:
                world.base = served.base
                try:
                    yield world
                finally:
                    for undo in world.undo:
                        undo()
    finally:
        await storage.stop()
        await asyncio.to_thread(database.stop)


async def kill_database(world):
    postmaster = postgres_in(world.folder / "server")
    processes = [postmaster, *postmaster.children()]
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    await asyncio.to_thread(psutil.wait_procs, processes, 30)


async def start_database(world):
    await asyncio.to_thread(world.database.start)


async def freeze_database(world):
    world.database.freeze()
    world.undo.append(world.database.thaw)


async def thaw_database(world):
    world.undo.pop()()


async def put_a_file_in_its_place(world):
    (world.folder / "backups").rename(world.folder / "elsewhere")
    (world.folder / "backups").write_text("in the way")


async def put_it_back(world):
    (world.folder / "backups").unlink()
    (world.folder / "elsewhere").rename(world.folder / "backups")


async def fill_the_disk(world):
    """A full file system of 1 MB; where none may be mounted, a file in the directory's place."""
    path = world.folder / "backups"
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(path)]
    made = await asyncio.to_thread(subprocess.run, mount, capture_output=True)
    if made.returncode:
        await put_a_file_in_its_place(world)
        return
    world.undo.append(lambda: subprocess.run(["umount", str(path)], check=True))
    with (path / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(bytes(65_536))


async def empty_the_disk(world):
    if world.undo:
        (world.folder / "backups" / "filler").unlink()
    else:
        await put_it_back(world)


async def refuse_storage(world):
    await world.storage.stop()


async def hang_storage(world):
    await world.storage.start(is_silent=True)


async def start_storage(world):
    await world.storage.start()


def as_superuser(world, *statements):
    """Run these, then cut all connections: the next ones find what has changed."""
    url = world.database.url.replace(f"//{ROLE}@", f"//{SUPERUSER}@")
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where pid <> pg_backend_pid() and datname = current_database()"
        )


async def set_the_clock_back(world):
    """The database's clock, for the engine: it finds another function of that name first."""
    await asyncio.to_thread(
        as_superuser,
        world,
        "create schema elsewhere",
        f"grant usage on schema elsewhere to {ROLE}",
        "create function elsewhere.clock_timestamp() returns timestamptz language sql"
        " as $$select pg_catalog.clock_timestamp() - interval '40 seconds'$$",
        f"alter role {ROLE} set search_path = public, elsewhere, pg_catalog",
    )


async def set_the_clock(world):
    await asyncio.to_thread(
        as_superuser,
        world,
        f"alter role {ROLE} reset search_path",
        "drop schema elsewhere cascade",
    )


Deed = Callable[[World], Awaitable[None]]
# What breaks, how, how it is healed; the check that sees it, the engine's state and the check's.
FAULTS: list[tuple[str, Deed, Deed, str, str, str]] = [
    ("database killed", kill_database, start_database, "database", "down", "failing"),
    ("database frozen", freeze_database, thaw_database, "database", "down", "failing"),
    ("disk full", fill_the_disk, empty_the_disk, "writable.backups", "degraded", "failing"),
    (
        "no backup directory",
        put_a_file_in_its_place,
        put_it_back,
        "writable.backups",
        "degraded",
        "failing",
    ),
    ("S3 refuses", refuse_storage, start_storage, "storage.s3", "degraded", "failing"),
    ("S3 hangs", hang_storage, start_storage, "storage.s3", "up", "unknown"),
    ("clock differs", set_the_clock_back, set_the_clock, "clock", "degraded", "failing"),
]


@pytest.mark.parametrize(
    ("make", "heal", "check", "state", "of_check"),
    [row[1:] for row in FAULTS],
    ids=[row[0] for row in FAULTS],
)
async def test_everything_shows_the_same_state_of_a_fault_and_of_its_end(
    tmp_path, make, heal, check, state, of_check
):
    async with running(tmp_path) as world:
        await world.become(check, "up", "ok")
        await make(world)
        await world.become(check, state, of_check)
        by_command = await world.command()
        if of_check == "failing":
            await world.hook.until("began", check, SOON)
        await heal(world)
        await world.become(check, "up", "ok")
        healed = await world.command()
        if of_check == "failing":
            await world.hook.until("over", check, SOON)
        told = world.hook.told("began", check)

    assert (by_command, healed) == (state, "up")
    assert len(told) == (1 if of_check == "failing" else 0)


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
def test_an_engine_that_is_gone_or_frozen_is_down(sign, start, url, tmp_path):
    process, base, _ = start(APP_REPOSITORY__DATABASE_URL=url)
    environment = {**os.environ, "APP_REPOSITORY__DATABASE_URL": url}

    def by_command():
        return state_by_command(tmp_path, environment)

    wait_for(lambda: by_command() == "up")
    os.kill(process.pid, sign)
    try:
        wait_for(lambda: by_command() == "down", SOON)
        with pytest.raises(httpx2.HTTPError):
            httpx2.get(f"{base}/health", timeout=2)
    finally:
        if sign == signal.SIGSTOP:
            os.kill(process.pid, signal.SIGCONT)
    if sign == signal.SIGSTOP:
        wait_for(lambda: by_command() == "up", SOON)
