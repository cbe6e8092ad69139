"""A database that the version before filled."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from tests.conftest import Server
from tests.upgrades.previous_version import fill


@pytest.fixture
def old_database(server: Server) -> Iterator[str]:
    """The address of a database as the version before left it."""
    name = f"old_{uuid4().hex[:12]}"
    server.run(f"create database {name}")
    fill(server.database(name))
    yield server.database(name)
    # A restore keeps the database that it replaced.
    with psycopg.connect(server.database("postgres")) as connection:
        found = connection.execute("select datname from pg_database where datname ^@ %s", (name,))
        names = [row[0] for row in found]
    for one in names:
        server.run(f'drop database "{one}" with (force)')
