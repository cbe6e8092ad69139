"""Killed at random points: the process, the database, the disk. `make test-kill` does it often.

After each kill: every archive that the list calls good is whole and its event is in the trail; the
database is the old one or the restored one, never between; what a restore changed has its event;
who was dismissed after the backup stays so.
"""

from __future__ import annotations

import asyncio
import ctypes
import errno
import os
import random
import re
import resource
import subprocess
import sys
import threading
import time
from contextlib import suppress

import psutil
import psycopg
import pytest
from tests.conftest import configured
from tests.freezing import postgres_in
from tests.tables import described
from tests.test_outage import Fragile

from aiwebengine.app.engine import Engine
from aiwebengine.backups.archive import read_manifest
from aiwebengine.backups.types import BackupRunKind, BackupRunState, BackupState, Progress
from aiwebengine.backups.verify import problem_of
from aiwebengine.core.identity import operator
from aiwebengine.core.resources import MIGRATIONS
from aiwebengine.migrations.service import Migrations
from aiwebengine.migrations.types import MigrationState

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("KILLS", "3"))
SEED = int(os.environ.get("SEED", str(random.randrange(1 << 30))))
ROOT = operator("root")
chance = random.Random(SEED)


@pytest.fixture(autouse=True)
def told(record_property):
    """A failure says how to see it again."""
    record_property("seed", SEED)
    print(f"SEED={SEED}")


def fill(url):
    """Enough rows that there is time to be killed."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into users (email, name)"
            " select n || '@example.com', md5(random()::text) from generate_series(1, 3000) n"
        )


def problem(path):
    """What is wrong with an archive."""
    return problem_of(path, read_manifest(path), Progress())


class Command:
    """A command of the engine, as a process of its own."""

    def __init__(self, url, folder, *arguments, largest_file=None):
        def limit():
            if largest_file is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

        self.url = url
        self.process = subprocess.Popen(
            [sys.executable, "-m", "aiwebengine", *arguments],
            cwd=folder,
            env={
                **os.environ,
                "APP_REPOSITORY__DATABASE_URL": url,
                "APP_BACKUP__DIRECTORY": str(folder / "backups"),
                "PYTHONUNBUFFERED": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=limit,
        )
        self.output = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        self.output.extend(iter(self.process.stdout.readline, ""))

    def wait_until_it_works(self):
        """It holds its place among all runs of the database, or has ended."""
        held = "select count(*) from pg_locks where locktype = 'advisory'"
        with psycopg.connect(self.url, autocommit=True) as connection:
            while self.process.poll() is None:
                if connection.execute(held).fetchone()[0]:
                    break
                time.sleep(0.002)

    def ended(self, within=60):
        code = self.process.wait(within)
        self._reader.join()
        self.process.stdout.close()
        assert "Traceback" not in "".join(self.output), "".join(self.output)
        return code


def undisturbed(url, folder, *arguments):
    """How long the command works after its first line."""
    command = Command(url, folder, *arguments)
    command.wait_until_it_works()
    began = time.monotonic()
    assert command.ended() == 0, command.output
    return time.monotonic() - began


def killed(url, folder, longest, *arguments):
    """Kill the command after a random part of its work. Returns whether it had ended before."""
    command = Command(url, folder, *arguments)
    command.wait_until_it_works()
    time.sleep(chance.uniform(0, 1.1 * longest))
    has_ended = command.process.poll() is not None
    command.process.kill()
    command.ended()
    return has_ended


@pytest.fixture
def orphans_adopted():
    """A killed server must be waited for by somebody: a dead one keeps its number until then, and
    PostgreSQL takes that for a living server.
    """
    pr_set_child_subreaper = 36
    adopt = ctypes.CDLL(None).prctl if sys.platform == "linux" else lambda *_: None
    adopt(pr_set_child_subreaper, 1, 0, 0, 0)
    yield
    adopt(pr_set_child_subreaper, 0, 0, 0, 0)


def shot(fragile):
    """Kill every process of PostgreSQL at once."""
    server = postgres_in(fragile.folder)
    for process in [server, *server.children()]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    with suppress(ChildProcessError):
        os.waitpid(server.pid, 0)


async def looked_at(url, folder):
    """Assert that all is as it must be after a kill; the good backups."""
    engine = Engine(configured(folder), url)
    await engine.db.connect()
    try:
        backups = engine.services.backups
        listed = await backups.all(ROOT)
        good = [one for one in listed if one.state is BackupState.COMPLETE]
        for one in good:
            path = engine.config.backup.directory / one.name
            assert await asyncio.to_thread(problem, path) is None
        assert not [one for one in listed if one.state is BackupState.DAMAGED]
        # Its backend notices within a moment that the process is gone.
        async with asyncio.timeout(20):
            while any(one.state is BackupState.RUNNING for one in await backups.all(ROOT)):
                await asyncio.sleep(0.05)
        runs = await backups.runs(ROOT, list(BackupRunKind), None, 200)
        assert not [run for run in runs if run.state is BackupRunState.RUNNING]
        return [one.name for one in good]
    finally:
        await engine.db.disconnect()


def told_of(url, action):
    """The labels of the events of this action."""
    with psycopg.connect(url) as connection:
        return [
            row[0]
            for row in connection.execute(
                "select target_label from audit_events where action = %s order by id", (action,)
            )
        ]


def dismissed(url):
    """Somebody whom the backup knows as active is suspended, and holds no role any more."""
    with psycopg.connect(url) as connection:
        connection.execute("update users set status = 'suspended'")
        connection.execute("delete from user_roles")


def is_dismissed(url):
    """Whether the suspended one is still suspended, and without the role."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select status, (select count(*) from user_roles) from users"
            " where email = 'mallory@example.com'"
        ).fetchone()
    return row == ("suspended", 0)


def has_marker(url):
    """Whether the database is the one from before the restore."""
    with psycopg.connect(url) as connection:
        return connection.execute("select to_regclass('marker') is not null").fetchone()[0]


async def alone(url, folder, *arguments):
    """Run the command until it ends, after the killed process has released its locks."""
    async with asyncio.timeout(60):
        while True:
            command = Command(url, folder, *arguments)
            if await asyncio.to_thread(command.ended) == 0:
                return command
            assert "Another backup" in "".join(command.output), command.output
            await asyncio.sleep(0.2)


async def test_killed_while_it_makes_backups(url, tmp_path):
    fill(url)
    longest = undisturbed(url, tmp_path, "backup", "create")

    for _ in range(KILLS):
        killed(url, tmp_path, longest, "backup", "create")
        good = await looked_at(url, tmp_path)
        assert set(good) <= set(told_of(url, "backup.created"))

    await alone(url, tmp_path, "backup", "create")
    assert not list((tmp_path / "backups").glob("*.part"))
    assert not list((tmp_path / "backups").glob(".*.part"))


async def test_killed_while_it_restores(url, tmp_path, databases):
    fill(url)
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into audit_events (action, actor_kind, actor_label, target_type, target_label,"
            " door) values ('user.created', 'operator', 'tests', 'user', 'mallory', 'cli')"
        )
        connection.execute(
            "with u as (insert into users (email) values ('mallory@example.com') returning id)"
            " insert into user_roles (user_id, role, granted_by)"
            " select id, 'Administrator', 'tests' from u"
        )
    undisturbed(url, tmp_path, "backup", "create")
    name = (await looked_at(url, tmp_path))[0]
    dismissed(url)
    restore = ("backup", "restore", name, "--yes", "--no-backup", "--drop-old")
    longest = undisturbed(url, tmp_path, *restore)
    outcomes = {"old": 0, "new": 0}

    for _ in range(KILLS):
        with psycopg.connect(url) as connection:
            connection.execute("create table if not exists marker ()")
        before = told_of(url, "backup.restored")
        killed(url, tmp_path, longest, *restore)
        assert await looked_at(url, tmp_path) == [name]
        assert is_dismissed(url)
        if has_marker(url):
            outcomes["old"] += 1
            assert told_of(url, "backup.restored") == before
        else:
            outcomes["new"] += 1
            assert told_of(url, "backup.restored")[-1:] == [name]

    await alone(url, tmp_path, *restore)
    assert is_dismissed(url)
    assert [one for one in databases() if "before" not in one] == ["it"]
    print(outcomes)


async def test_killed_while_it_drills(url, tmp_path, databases):
    fill(url)
    undisturbed(url, tmp_path, "backup", "create")
    longest = undisturbed(url, tmp_path, "backup", "drill")
    with psycopg.connect(url) as connection:
        connection.execute("create table marker ()")

    for _ in range(KILLS):
        before = len(told_of(url, "drill.run"))
        killed(url, tmp_path, longest, "backup", "drill")
        assert has_marker(url)
        assert len(await looked_at(url, tmp_path)) == 1
        with psycopg.connect(url) as connection:
            ended = connection.execute(
                "select count(*) from runs where kind = 'backup.drill' and state <> 'running'"
            ).fetchone()[0]
        assert before <= len(told_of(url, "drill.run")) == ended

    await alone(url, tmp_path, "backup", "drill")
    assert databases() == ["it"]


async def test_killed_while_it_migrates(url, tmp_path):
    finished = described(url)
    ids = [one.id for one in Migrations(url, MIGRATIONS).status()]
    longest = 4.0

    for number in range(KILLS):
        # With somebody to lose, each command makes a backup first.
        with psycopg.connect(url) as connection:
            connection.execute(
                "insert into users (email, name) values ('ada@example.com', 'Ada')"
                " on conflict do nothing"
            )
        down = ("migrate", "down", "--to", chance.choice(ids[:-1]))
        arguments = down if number % 2 == 0 else ("migrate", "up")
        if number % 2:
            Migrations(url, MIGRATIONS).down(to=chance.choice(ids[:-1]))
        command = Command(url, tmp_path, *arguments)
        await asyncio.sleep(chance.uniform(0.3, longest))
        command.process.kill()
        command.ended()
        for archive in (tmp_path / "backups").glob("*.tar"):
            assert await asyncio.to_thread(problem, archive) is None
        # The next runner continues with whatever the killed one left.
        Migrations(url, MIGRATIONS).up()
        status = Migrations(url, MIGRATIONS).status()
        assert [one.id for one in status if one.state is not MigrationState.APPLIED] == []

    assert described(url) == finished


async def test_a_runner_killed_between_a_step_and_its_note_blocks_nobody(url):
    newest = Migrations(url, MIGRATIONS).status()[-1].id
    with psycopg.connect(url) as connection:
        connection.execute("delete from migration_checksums where migration_id = %s", (newest,))

    Migrations(url, MIGRATIONS).up()

    assert Migrations(url, MIGRATIONS).pending() == []
    Migrations(url, MIGRATIONS).down()
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into migration_checksums (migration_id, checksum) values (%s, 'x')", (newest,)
        )
    assert Migrations(url, MIGRATIONS).up() == [newest]


@pytest.mark.parametrize("work", ["create", "restore"])
@pytest.mark.usefixtures("orphans_adopted")
async def test_the_database_is_killed_meanwhile(tmp_path, work):
    fragile = Fragile(tmp_path / "fragile")
    fragile.start()
    try:
        Migrations(fragile.url, MIGRATIONS).up()
        fill(fragile.url)
        longest = undisturbed(fragile.url, tmp_path, "backup", "create")
        name = (await looked_at(fragile.url, tmp_path))[0]
        arguments = ("backup", "create")
        if work == "restore":
            arguments = ("backup", "restore", name, "--yes", "--no-backup", "--drop-old")
            longest = undisturbed(fragile.url, tmp_path, *arguments)
        for _ in range(KILLS):
            with psycopg.connect(fragile.url) as connection:
                connection.execute("create table if not exists marker ()")
            before = told_of(fragile.url, "backup.restored")
            command = Command(fragile.url, tmp_path, *arguments)
            command.wait_until_it_works()
            await asyncio.sleep(chance.uniform(0, 1.1 * longest))
            shot(fragile)
            assert await asyncio.to_thread(command.ended) in (0, 1)
            await asyncio.to_thread(fragile.stop)
            await asyncio.to_thread(fragile.start)
            good = await looked_at(fragile.url, tmp_path)
            assert name in good
            if work == "create":
                assert set(good) <= {name, *told_of(fragile.url, "backup.created")}
            elif has_marker(fragile.url):
                assert told_of(fragile.url, "backup.restored") == before
            else:
                assert told_of(fragile.url, "backup.restored")[-1:] == [name]
    finally:
        fragile.stop()


async def test_the_disk_is_full_at_a_random_point(url, tmp_path):
    fill(url)
    undisturbed(url, tmp_path, "backup", "create")
    name = (await looked_at(url, tmp_path))[0]
    size = (tmp_path / "backups" / name).stat().st_size

    for _ in range(KILLS):
        command = Command(url, tmp_path, "backup", "create", largest_file=chance.randrange(0, size))
        assert await asyncio.to_thread(command.ended) == 1
        assert "File too large" in "".join(command.output)
        assert await looked_at(url, tmp_path) == [name]
        assert [path.name for path in (tmp_path / "backups").iterdir()] == [name]


@pytest.fixture
def small_disk(tmp_path):
    """A file system in memory, of its own: a small one."""
    folder = tmp_path / "backups"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode:
        # The test before this one limits files instead, and always runs.
        pytest.skip(f"mounting is not allowed here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", folder], check=True)


async def test_a_small_disk_is_full_at_a_random_point(url, tmp_path, small_disk):
    fill(url)
    undisturbed(url, tmp_path, "backup", "create")
    name = (await looked_at(url, tmp_path))[0]
    size, full, rounds = (small_disk / name).stat().st_size, 0, 0

    # On a busy machine a backup may end before the disk is filled: then repeat the round.
    while rounds < KILLS or (full == 0 and rounds < KILLS + 20):
        rounds += 1
        command = Command(url, tmp_path, "backup", "create")
        command.wait_until_it_works()
        # Another process fills the disk, before or after the backup has checked the free space.
        taken_up = filled_up(small_disk, leaving=chance.randrange(0, size))
        code = await asyncio.to_thread(command.ended)
        taken_up.unlink()
        good = await looked_at(url, tmp_path)
        assert sorted(path.name for path in small_disk.iterdir()) == sorted(good)
        assert set(good) <= set(told_of(url, "backup.created"))
        if code:
            assert good == [name]
            assert re.search("No space left on device|Free disk space", "".join(command.output))
            full += 1
        else:
            (made,) = set(good) - {name}
            (small_disk / made).unlink()
    assert full > 0
    print(f"{full} of {rounds} found the disk full")


def filled_up(folder, *, leaving):
    """A file that fills the disk except for some bytes."""
    path = folder / "somebody-else"
    with path.open("wb") as file:
        while (room := free_in(folder) - leaving) > 0:
            try:
                os.posix_fallocate(file.fileno(), 0, room)
                break
            except OSError as error:
                # Another process may have used some of the space since it was measured.
                if error.errno != errno.ENOSPC:
                    raise
    return path


def free_in(folder):
    free = os.statvfs(folder)
    return free.f_bavail * free.f_frsize
