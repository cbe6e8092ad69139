"""A script with tables, which an author made in whatever way PostgreSQL lets its role."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from tests.scripts_engine.conftest import code, data

from aiwebengine.core.identity import Role, Viewer
from aiwebengine.script_database.limits import MOST_ROWS
from aiwebengine.script_database.statements import Statement

__all__ = ["code", "data"]

Define = Callable[..., Awaitable[None]]


@pytest.fixture
async def notes(engine, edith):
    """The script `notes`, whose owner is edith."""
    yield await engine.services.scripts.create(edith, "notes")
    await engine.services.script_databases.stop()


@pytest.fixture
def define(engine, notes) -> Define:
    """Run SQL as the role of the script, past the checks of the engine."""

    async def define(*statements: str, script=notes) -> None:
        connections = engine.services.script_databases.connections
        for sql in statements:
            given = Statement(sql, sql.split(None, 1)[0].lower())
            await connections.run(str(script.key), given, lambda _: [], MOST_ROWS)

    return define


@pytest.fixture
def tables(engine):
    return engine.services.script_tables


@pytest.fixture
async def emma(add_person) -> Viewer:
    """Another editor."""
    return await add_person("emma", Role.EDITOR)
