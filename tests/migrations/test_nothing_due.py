"""A database that is up to date: `up` compares the records and loads no yoyo."""

import subprocess
import sys
import threading

import psycopg
import pytest
from tests.conftest import wait_for

from aiwebengine.core.identity import operator
from aiwebengine.core.resources import MIGRATIONS
from aiwebengine.migrations import backend, store
from aiwebengine.migrations.service import MigrationFailed, Migrations

UP_WITHOUT_YOYO = """
import sys, pathlib
from aiwebengine.migrations.service import Migrations
assert Migrations(sys.argv[1], pathlib.Path(sys.argv[2])).up() == []
assert not [name for name in sys.modules if name.split(".")[0] == "yoyo"]
"""


class BackendOpened(Exception):
    """Raised in place of yoyo's connection."""


@pytest.fixture
def no_backend(monkeypatch):
    """Raise BackendOpened as soon as a backend of yoyo is opened."""

    def opened(url):
        raise BackendOpened

    monkeypatch.setattr(backend, "connected", opened)


def test_no_backend_is_opened_and_yoyo_is_not_loaded(url, no_backend):
    assert Migrations(url, MIGRATIONS).up() == []

    command = [sys.executable, "-c", UP_WITHOUT_YOYO, url, str(MIGRATIONS)]
    subprocess.run(command, check=True, timeout=60)


@pytest.mark.parametrize(
    "statement",
    [
        "delete from migration_checksums where migration_id = (select max(migration_id) from"
        " migration_checksums)",
        "delete from _yoyo_migration where migration_id = (select max(migration_id) from"
        " migration_checksums)",
        "update migration_checksums set event_id = null where migration_id like '0001%'",
        "update migration_checksums set checksum = '' where migration_id like '0001%'",
        "insert into migration_checksums values ('9999.unknown', 'abc')",
        "alter table migration_checksums drop column event_id",
        "drop table _yoyo_migration",
    ],
)
def test_every_gap_in_the_records_goes_the_long_way(url, no_backend, statement):
    with psycopg.connect(url) as connection:
        connection.execute(statement)

    with pytest.raises(BackendOpened):
        Migrations(url, MIGRATIONS).up()


def test_an_edited_file_is_reported(url):
    migrations = Migrations(url, MIGRATIONS)
    name = migrations.status()[0].id
    with psycopg.connect(url) as connection:
        connection.execute(
            "update migration_checksums set checksum = 'edited' where migration_id = %s", (name,)
        )

    with pytest.raises(MigrationFailed, match=name):
        migrations.up()


def test_a_running_runner_is_waited_for(url):
    migrations = Migrations(url, MIGRATIONS)
    newest = migrations.newest()
    results = []
    with psycopg.connect(url, autocommit=True) as other:
        store.lock(other)
        thread = threading.Thread(target=lambda: results.append(migrations.up()))
        thread.start()
        wait_for(lambda: _waiting_for_the_lock(other) == 1)
        assert results == []
    thread.join(60)

    assert results == [[]]
    assert migrations.down(operator("tests")) == newest
    assert migrations.up() == newest


def _waiting_for_the_lock(connection):
    row = connection.execute(
        "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        " and database = (select oid from pg_database where datname = current_database())"
    ).fetchone()
    return row[0]
