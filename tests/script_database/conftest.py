"""A script with a database, without a runtime."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from aiwebengine.database import Database
from aiwebengine.database.restricted import Result
from aiwebengine.script_database.connections import ScriptConnections
from aiwebengine.script_database.limits import MOST_ROWS
from aiwebengine.script_database.statements import Statement, statement
from aiwebengine.script_database.values import arguments, as_json
from aiwebengine.script_database.work import InvocationWork


@dataclass
class ScriptUnderTest:
    """A saved script and its connections."""

    id: UUID
    connections: ScriptConnections

    @property
    def role(self) -> str:
        return f"script_{self.id.hex}"

    def work(self, *, is_trial: bool = False) -> InvocationWork:
        return InvocationWork(self.connections, str(self.id), is_trial=is_trial)

    async def run(self, sql: str, *values: Any, most: int = MOST_ROWS) -> Result:
        return await self.work().run(statement(sql), arguments(values), most, None)

    async def rows(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        rows, _ = as_json(await self.run(sql, *values))
        return orjson.loads(rows)

    async def unchecked(self, sql: str) -> Result:
        """Run what the engine would refuse: as an author who found a way around its checks."""
        word = sql.split(None, 1)[0].lower() if sql.strip() else ""
        return await self.work().run(Statement(sql, word), arguments(()), MOST_ROWS, None)


@pytest.fixture
async def db(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    await database.connect()
    yield database
    await database.disconnect()


@pytest.fixture
async def connections(db: Database, url: str) -> AsyncIterator[ScriptConnections]:
    made = ScriptConnections(db, url)
    yield made
    await made.close()


async def saved_script(db: Database, slug: str) -> UUID:
    script_id = uuid4()
    await db.execute(
        "insert into scripts (id, slug, created_by) values (:script_id, :slug, 'test')",
        script_id=script_id,
        slug=slug,
    )
    return script_id


@pytest.fixture
async def script(db: Database, connections: ScriptConnections) -> ScriptUnderTest:
    return ScriptUnderTest(await saved_script(db, "notes"), connections)


@pytest.fixture
async def other(db: Database, connections: ScriptConnections) -> ScriptUnderTest:
    """Another script, with a table of secrets."""
    made = ScriptUnderTest(await saved_script(db, "other"), connections)
    await made.run("create table secrets (text text)")
    await made.run("insert into secrets values ('of the other')")
    return made
