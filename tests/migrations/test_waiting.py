"""Migrations that wait say so, and are continued when they were interrupted at any step."""

from uuid import uuid4

import psycopg
import pytest
from tests.tables import described

from aiwebengine.core.resources import MIGRATIONS
from aiwebengine.migrations import store
from aiwebengine.migrations.files import migrations_in
from aiwebengine.migrations.service import Migrations
from aiwebengine.migrations.types import MigrationState


@pytest.fixture
def empty(server):
    """The address of an empty database."""
    name = f"waiting_{uuid4().hex[:12]}"
    server.run(f"create database {name}")
    yield server.database(name)
    server.run(f"drop database {name} with (force)")


def test_a_start_that_waits_for_the_migrations_of_another_process_says_so(empty):
    said = []
    with psycopg.connect(empty, autocommit=True) as other:
        store.lock(other)

        def report(line):
            if not said:
                other.close()
            said.append(line)

        done = Migrations(empty, MIGRATIONS).up(report=report)

    assert said[0] == (
        "Waiting for another process that migrates this database, or backs it up before that …"
    )
    assert len(done) == len(Migrations(empty, MIGRATIONS).status())


class Interrupted(BaseException):
    """Ends a runner as Ctrl-C does."""


def test_migrations_interrupted_before_the_end_of_a_step_are_continued(empty, url, monkeypatch):
    files = {path.stem: path for path in migrations_in(MIGRATIONS)}
    # All take the same way; those without a transaction take another.
    due = [
        name
        for number, (name, path) in enumerate(files.items())
        if number % 12 == 0 or "transactional: false" in path.read_text()
    ]
    remember, left = store.remember, list(due)

    def interrupted_first(connection, migration_id, checksum):
        if left and migration_id == left[0]:
            left.pop(0)
            raise Interrupted
        remember(connection, migration_id, checksum)

    monkeypatch.setattr(store, "remember", interrupted_first)
    for name in due:
        with pytest.raises(Interrupted):
            Migrations(empty, MIGRATIONS).up()
        assert Migrations(empty, MIGRATIONS).pending()[0] == name

    assert Migrations(empty, MIGRATIONS).up()[-1:] == [*files][-1:]
    states = {one.state for one in Migrations(empty, MIGRATIONS).status()}
    assert states == {MigrationState.APPLIED}
    assert described(empty) == described(url)
