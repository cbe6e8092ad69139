"""Backups of a test's own database."""

from __future__ import annotations

import psycopg
import pytest

from aiwebengine.backups.cluster_store import name_of
from aiwebengine.core.identity import operator


@pytest.fixture
def root():
    """Somebody at the command line."""
    return operator("root")


@pytest.fixture
def backups(engine):
    return engine.services.backups


@pytest.fixture
def folder(engine):
    """Where archives lie."""
    return engine.config.backup.directory


@pytest.fixture
def rows(url):
    """What a statement finds in the database that is served now."""

    def rows(statement):
        with psycopg.connect(url) as connection:
            return connection.execute(statement).fetchall()

    return rows


@pytest.fixture
def databases(server, url):
    """The names of this test's databases: the served one and its companions."""
    name = name_of(url)

    def databases():
        with psycopg.connect(server.database("postgres")) as connection:
            found = connection.execute(
                "select datname from pg_database where datname like %s order by 1", (f"{name}%",)
            ).fetchall()
        return [row[0].replace(name, "it") for row in found]

    return databases
