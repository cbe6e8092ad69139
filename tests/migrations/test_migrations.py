"""Migrations: one runner at a time, killed runners, edited files, steps that fail."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from uuid import uuid4

import click
import psycopg
import pytest
from click.testing import CliRunner
from tests import commands
from tests.tables import described

from aiwebengine.app.engine import Engine
from aiwebengine.backups import cluster_store
from aiwebengine.core.config import Backup, Config, Repository
from aiwebengine.core.errors import Conflict, Unavailable
from aiwebengine.core.identity import operator
from aiwebengine.core.resources import MIGRATIONS
from aiwebengine.database.embedded import embedded_postgres
from aiwebengine.migrations.cli import migrate
from aiwebengine.migrations.service import MigrationFailed, Migrations, MigrationsDue
from aiwebengine.terminal.commands import BACKUP_FIRST

ROOT = operator("root")

RUN = """
import sys, pathlib
from aiwebengine.migrations.service import Migrations
print(len(Migrations(sys.argv[1], pathlib.Path(sys.argv[2])).up()))
"""

# Dies right after the function of that name, wherever it is, has returned.
DIE_AFTER = """
import os, pathlib, signal, sys
from aiwebengine.migrations import service, store
from aiwebengine.migrations.service import Migrations
from yoyo.backends.base import DatabaseBackend
from yoyo.migrations import Migration

def deadly(holder, name):
    function = getattr(holder, name)
    def then_die(*given, **named):
        function(*given, **named)
        os.kill(os.getpid(), signal.SIGKILL)
    setattr(holder, name, then_die)

holders = [one for one in (service, store, DatabaseBackend, Migration) if hasattr(one, sys.argv[3])]
assert holders, "nothing has this name any more"
for holder in holders:
    deadly(holder, sys.argv[3])
Migrations(sys.argv[1], pathlib.Path(sys.argv[2])).up()
"""


@pytest.fixture
def empty(server):
    """The address of an empty database."""
    name = f"empty_{uuid4().hex[:12]}"
    server.run(f"create database {name}")
    yield server.database(name)
    server.run(f"drop database {name} with (force)")


@pytest.fixture
def folder(tmp_path):
    """A copy of our migrations, to add to and to spoil."""
    return Path(shutil.copytree(MIGRATIONS, tmp_path / "migrations"))


def add(folder, name, up, down="select 1"):
    (folder / f"{name}.sql").write_text(up)
    (folder / f"{name}.rollback.sql").write_text(down)


def tables(url):
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'public'"
            " and table_name not like '%yoyo%' and table_name <> 'migration_checksums'"
        ).fetchall()
    return {row[0] for row in rows}


def runner(url, folder):
    return subprocess.Popen(
        [sys.executable, "-c", RUN, url, str(folder)], stdout=subprocess.PIPE, text=True
    )


def test_runners_that_start_together_apply_each_migration_once(empty):
    runners = [runner(empty, MIGRATIONS) for _ in range(4)]

    applied = sorted(int(one.communicate(timeout=60)[0]) for one in runners)

    assert applied == [0, 0, 0, len(Migrations(empty, MIGRATIONS).status())]


def test_a_runner_that_was_killed_is_no_obstacle(empty, folder):
    add(folder, "9998.slow", "select pg_sleep(20)")
    killed = runner(empty, folder)
    with psycopg.connect(empty, autocommit=True) as watch:
        while not watch.execute(
            "select 1 from pg_stat_activity where query like '%pg_sleep(20)%'"
            " and pid <> pg_backend_pid()"
        ).fetchone():
            assert killed.poll() is None
        killed.kill()
        killed.communicate()
        watch.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where query like '%pg_sleep(20)%' and pid <> pg_backend_pid()"
        )
    (folder / "9998.slow.sql").write_text("create table at_last ()")

    done = Migrations(empty, folder).up()

    assert done == ["9998.slow"]
    assert "at_last" in tables(empty)


def test_every_migration_can_be_rolled_back_and_applied_again(empty):
    migrations = Migrations(empty, MIGRATIONS)
    applied = migrations.up()
    full = tables(empty)

    for name in reversed(applied):
        assert migrations.down() == [name]
    nothing = tables(empty)
    again = migrations.up()

    assert nothing == set()
    assert again == applied
    assert tables(empty) == full


def test_a_failed_step_leaves_the_database_unchanged_and_says_what_to_do(empty, folder):
    migrations = Migrations(empty, folder)
    migrations.up()
    before = tables(empty)
    add(folder, "9998.half", "create table half (); select 1 / 0;")

    with pytest.raises(MigrationFailed, match=r"9998\.half: division by zero.*is unchanged"):
        migrations.up()

    assert tables(empty) == before
    assert migrations.pending() == ["9998.half"]


def test_an_edited_file_is_noticed(empty, folder):
    migrations = Migrations(empty, folder)
    applied = migrations.up()
    path = folder / f"{applied[0]}.sql"
    path.write_text(path.read_text() + "\n-- later thought\n")
    add(folder, "9998.next", "create table next ()")

    with pytest.raises(MigrationFailed, match="never edited"):
        migrations.up()

    assert "next" not in tables(empty)


def test_a_missing_file_is_noticed(empty, folder):
    migrations = Migrations(empty, folder)
    add(folder, "9998.next", "create table next ()")
    migrations.up()
    for path in folder.glob("9998.*"):
        path.unlink()

    assert [one.id for one in migrations.status() if not one.is_intact] == ["9998.next"]


def test_down_to_an_unknown_one_is_refused(empty):
    migrations = Migrations(empty, MIGRATIONS)
    applied = migrations.up()

    with pytest.raises(Conflict, match="is not applied"):
        migrations.down(ROOT, "0000.nothing")

    assert migrations.down(ROOT, applied[0]) == applied[:0:-1]


async def test_an_engine_that_must_not_migrate_refuses_to_start_until_somebody_did(empty):
    repository = Repository(apply_migrations_at_start=False)
    engine = Engine(Config(repository=repository), empty)

    with pytest.raises(MigrationsDue, match="aiwebengine migrate up"):
        await engine.prepare()
    assert tables(empty) == set()

    await asyncio.to_thread(Migrations(empty, MIGRATIONS).up)
    await engine.prepare()
    await engine.db.disconnect()


def events(url):
    """Action, migration, actor and origin, oldest first."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            "select action, target_label, actor_label, door from audit_events"
            " where target_type = 'migration' order by id"
        ).fetchall()


def test_each_step_has_its_event_even_those_from_before_there_was_a_trail(empty):
    migrations = Migrations(empty, MIGRATIONS)

    applied = migrations.up(ROOT)

    assert {event[0] for event in events(empty)} == {"migration.applied"}
    assert sorted(event[1] for event in events(empty)) == applied
    assert {event[2:] for event in events(empty)} == {("root (command line)", "cli")}


def test_a_step_back_has_its_event_and_doing_nothing_has_none(empty):
    migrations = Migrations(empty, MIGRATIONS)
    newest = migrations.up()[-1]
    before = len(events(empty))

    migrations.down(ROOT)
    migrations.up()
    migrations.up()

    assert events(empty)[before:] == [
        ("migration.rolled_back", newest, "root (command line)", "cli"),
        ("migration.applied", newest, "aiwebengine", "engine"),
    ]


def test_a_database_of_an_older_program_gets_the_events_that_it_lacks(empty):
    migrations = Migrations(empty, MIGRATIONS)
    applied = migrations.up()
    with psycopg.connect(empty) as connection:
        connection.execute("alter table migration_checksums drop column event_id")
        connection.execute("set local session_replication_role = replica")
        connection.execute("delete from audit_events")

    migrations.up()
    migrations.up()

    assert [event[1] for event in events(empty)] == applied


def test_a_runner_that_is_killed_anywhere_leaves_a_step_whole_or_undone(empty, folder):
    """Killed right after each thing that it does for a step."""
    Migrations(empty, folder).up()
    add(
        folder,
        "9998.new",
        "create table fresh (); create table fresher ()",
        "drop table fresh, fresher",
    )
    moments = "process_steps log_migration mark_one remember record_at_once set_event".split()

    for moment in moments:
        broken = subprocess.run(
            [sys.executable, "-c", DIE_AFTER, empty, str(folder), moment], capture_output=True
        )
        assert broken.returncode == -signal.SIGKILL, broken.stderr
        assert not {"fresh", "fresher"} & tables(empty)
        assert Migrations(empty, folder).pending() == ["9998.new"]
        assert "9998.new" not in [event[1] for event in events(empty)]
    done = Migrations(empty, folder).up()

    assert done == ["9998.new"]
    assert {"fresh", "fresher"} < tables(empty)
    assert [event[1] for event in events(empty)].count("9998.new") == 1


def test_a_step_outside_a_transaction_is_noted_too(empty, folder):
    migrations = Migrations(empty, folder)
    migrations.up()
    add(
        folder,
        "9998.index",
        "-- transactional: false\ncreate index concurrently if not exists i on users (name)",
        "-- transactional: false\ndrop index concurrently i",
    )

    assert migrations.up() == ["9998.index"]
    assert migrations.down() == ["9998.index"]

    assert [event[:2] for event in events(empty)[-2:]] == [
        ("migration.applied", "9998.index"),
        ("migration.rolled_back", "9998.index"),
    ]


def give_a_user(url):
    with psycopg.connect(url) as connection:
        connection.execute("insert into users (email, name) values ('ada@example.com', 'Ada')")


def test_a_backup_comes_before_the_first_step_once_there_are_users(empty, folder):
    migrations = Migrations(empty, folder)
    taken = []

    def backup():
        taken.append(migrations.pending())

    migrations.up(backup_first=backup)
    assert taken == []
    give_a_user(empty)
    migrations.up(backup_first=backup)
    assert taken == []
    add(folder, "9998.next", "create table next ()", "drop table next")
    migrations.up(backup_first=backup)
    assert taken == [["9998.next"]]
    migrations.down(backup_first=backup)

    assert taken == [["9998.next"], []]


def test_without_its_backup_nothing_is_changed(empty, folder):
    migrations = Migrations(empty, folder)
    migrations.up()
    give_a_user(empty)
    add(folder, "9998.next", "create table next ()")

    def backup():
        raise Conflict("The disk is full.")

    with pytest.raises(MigrationFailed, match=r"Nothing was changed.*disk is full.*--no-backup"):
        migrations.up(backup_first=backup)

    assert migrations.pending() == ["9998.next"]
    assert "next" not in tables(empty)


def test_the_command_makes_a_backup_without_the_option_to_skip_it(empty):
    Migrations(empty, MIGRATIONS).up()
    give_a_user(empty)
    taken = []

    @click.group()
    @click.pass_context
    def root(context):
        context.meta[BACKUP_FIRST] = lambda config, url: taken.append(url)

    root.add_command(migrate)
    run = partial(CliRunner().invoke, root, env={"APP_REPOSITORY__DATABASE_URL": empty})

    assert run(["migrate", "down", "--no-backup"]).exit_code == 0
    assert taken == []
    assert run(["migrate", "up", "--dry-run"]).exit_code == 0
    assert taken == []
    assert run(["migrate", "up"]).exit_code == 0
    assert taken == [empty]


@pytest.mark.parametrize("command", [("users", "list", "--json"), ("migrate", "up", "--json")])
def test_a_backup_before_migrations_prints_nothing_where_no_terminal_is(empty, tmp_path, command):
    migrations = Migrations(empty, MIGRATIONS)
    migrations.up()
    give_a_user(empty)
    migrations.down()

    done = commands.run(
        *command, cwd=tmp_path, env={**os.environ, "APP_REPOSITORY__DATABASE_URL": empty}
    )

    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert len(list((tmp_path / "backups").glob("*.tar"))) == 1
    assert json.loads(done.stdout)
    assert migrations.pending() == []


def test_of_two_runners_at_once_only_one_backs_up(empty, folder):
    Migrations(empty, folder).up()
    give_a_user(empty)
    add(folder, "9998.next", "create table next ()")
    taken, is_backing_up, may_go_on = [], threading.Event(), threading.Event()

    def backup():
        taken.append(Migrations(empty, folder).pending())
        is_backing_up.set()
        assert may_go_on.wait(30)

    with ThreadPoolExecutor(2) as both:
        first = both.submit(Migrations(empty, folder).up, backup_first=backup)
        assert is_backing_up.wait(30)
        second = both.submit(Migrations(empty, folder).up, backup_first=backup)
        wait_until_it_waits(empty)
        may_go_on.set()
        assert (first.result(), second.result()) == (["9998.next"], [])

    assert taken == [["9998.next"]]


def wait_until_it_waits(url):
    with psycopg.connect(url, autocommit=True) as connection:
        while not connection.execute(
            "select exists (select from pg_locks where locktype = 'advisory' and not granted)"
        ).fetchone()[0]:
            time.sleep(0.02)


def an_engine_on(url, folder):
    repository = Repository(data_dir=folder)
    backup = Backup(directory=folder / "backups")
    return Engine(Config(repository=repository, backup=backup), url)


@pytest.mark.parametrize("to", ["0003", "0018"])
async def test_a_start_that_migrates_backs_up_first_what_it_finds(empty, tmp_path, to):
    Migrations(empty, MIGRATIONS).up()
    give_a_user(empty)
    (left,) = [path.stem for path in MIGRATIONS.glob(f"{to}.*.sql") if ".rollback" not in path.name]
    gone = Migrations(empty, MIGRATIONS).down(to=left)
    starters = [an_engine_on(empty, tmp_path) for _ in range(3)]

    await asyncio.gather(*(starter.prepare() for starter in starters))

    (made,) = await starters[0].services.backups.all(ROOT)
    assert Migrations(empty, MIGRATIONS).pending() == []
    with tarfile.open(tmp_path / "backups" / made.name) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))
    assert manifest["note"] == "before a migration"
    assert set(manifest["migrations"]).isdisjoint(gone)
    assert manifest["tables"]["users"] == 1
    for starter in starters:
        await starter.db.disconnect()


async def test_a_start_whose_backup_fails_changes_nothing_and_says_why(empty, tmp_path):
    Migrations(empty, MIGRATIONS).up()
    give_a_user(empty)
    gone = Migrations(empty, MIGRATIONS).down()
    (tmp_path / "backups").write_text("no directory")
    starter = an_engine_on(empty, tmp_path)

    with pytest.raises(MigrationFailed, match=r"the backup before it failed.*migrate up --no-back"):
        await starter.prepare()

    assert Migrations(empty, MIGRATIONS).pending() == gone
    await starter.db.disconnect()


async def test_a_start_waits_while_another_backup_runs(empty, tmp_path):
    Migrations(empty, MIGRATIONS).up()
    give_a_user(empty)
    Migrations(empty, MIGRATIONS).down()
    starter = an_engine_on(empty, tmp_path)

    with cluster_store.connection(empty) as other:
        assert cluster_store.hold(other)
        with pytest.raises(Unavailable, match="Migrations wait"):
            await starter.prepare()
    await starter.prepare()

    assert Migrations(empty, MIGRATIONS).pending() == []
    await starter.db.disconnect()


async def test_a_start_without_users_or_migrations_backs_nothing_up(empty, tmp_path):
    starter = an_engine_on(empty, tmp_path)
    await starter.prepare()
    give_a_user(empty)
    again = an_engine_on(empty, tmp_path)
    await again.prepare()

    assert await again.services.backups.all(ROOT) == []
    await starter.db.disconnect()
    await again.db.disconnect()


async def test_the_list_says_how_each_stands_and_what_it_does(empty, folder, tmp_path, ask, ada):
    migrations = Migrations(empty, folder)
    applied = migrations.up()
    add(folder, "9998.new-thing", "create table next ()")
    path = folder / f"{applied[0]}.sql"
    path.write_text(path.read_text() + "\n-- later thought\n")
    for gone in folder.glob(f"{applied[1]}.*"):
        gone.unlink()

    told = {one.id: (one.state.name, one.title) for one in await migrations.all(ROOT)}
    asked = (await ask(ada, "{ migrations { id title state appliedAt } }"))["data"]["migrations"]

    assert told["9998.new-thing"] == ("PENDING", "new thing")
    assert told[applied[0]][0] == "CHANGED"
    assert told[applied[1]] == ("MISSING", applied[1].split(".")[1].replace("-", " "))
    assert told[applied[2]] == ("APPLIED", "Who changed what.")
    assert [one["id"] for one in asked] == applied
    assert all(one["state"] == "APPLIED" and one["appliedAt"] for one in asked)


def test_every_table_is_logged(template, server):
    """Where one is not, PostgreSQL may refuse to start after a crash in a restore: it empties such
    tables then, and falls over the file of one that was just being made.
    """
    with psycopg.connect(server.database(template)) as connection:
        unlogged = connection.execute("select relname from pg_class where relpersistence = 'u'")
        assert unlogged.fetchall() == []


@pytest.mark.newest
def test_the_finished_tables_are_what_the_file_says(template, server):
    """`make schema` writes the file."""
    told = described(server.database(template))

    assert (Path(__file__).parent.parent / "schema.sql").read_text() == told


def test_a_start_leaves_no_error_in_the_log_of_the_server(tmp_path):
    with embedded_postgres(tmp_path) as url:
        for _ in range(2):
            Migrations(url, MIGRATIONS).up()
    told = (tmp_path / "postgres.log").read_text()

    assert "database system is ready" in told
    assert [line for line in told.splitlines() if "ERROR" in line or "WARNING" in line] == []
