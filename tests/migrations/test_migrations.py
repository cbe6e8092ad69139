"""Migrations: one runner at a time, killed runners, edited files, steps that fail."""

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from tests.tables import described

from aiwebengine.app import Engine
from aiwebengine.config import Config, Repository
from aiwebengine.errors import Conflict
from aiwebengine.migrations.service import MigrationFailed, Migrations, MigrationsDue
from aiwebengine.resources import MIGRATIONS

RUN = """
import sys, pathlib
from aiwebengine.migrations.service import Migrations
print(len(Migrations(sys.argv[1], pathlib.Path(sys.argv[2])).up()))
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


def test_a_step_that_fails_leaves_the_database_as_it_was_and_says_what_to_do(empty, folder):
    migrations = Migrations(empty, folder)
    migrations.up()
    before = tables(empty)
    add(folder, "9998.half", "create table half (); select 1 / 0;")

    with pytest.raises(MigrationFailed, match=r"9998\.half: division by zero.*as it was before"):
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
        migrations.down("0000.nothing")

    assert migrations.down(applied[0]) == applied[:0:-1]


async def test_an_engine_that_must_not_migrate_refuses_to_start_until_somebody_did(empty):
    repository = Repository(apply_migrations_at_start=False)
    engine = Engine(Config(repository=repository), empty)

    with pytest.raises(MigrationsDue, match="aiwebengine migrate up"):
        await engine.prepare()
    assert tables(empty) == set()

    await asyncio.to_thread(Migrations(empty, MIGRATIONS).up)
    await engine.prepare()
    await engine.db.disconnect()


def test_the_finished_tables_are_what_the_file_says(template, server):
    """`make schema` writes the file."""
    told = described(server.database(template))

    assert (Path(__file__).parent.parent / "schema.sql").read_text() == told
