"""An engine whose scripts find `host`, so that a test decides what they ask."""

from __future__ import annotations

import pytest
from tests.conftest import configured
from tests.runtimes.asking import asking_host

from aiwebengine.app.engine import Engine
from aiwebengine.scripts.files import tree_of


@pytest.fixture(scope="session")
async def host(tmp_path_factory):
    """One supervisor for all tests."""
    async with asking_host(tmp_path_factory.mktemp("runtime") / "javascript") as host:
        # The engines connect to it, and start none.
        await host.client.status()
        yield host


@pytest.fixture
async def engine(url, tmp_path, host):
    """An engine on this test's database, with that supervisor."""
    engine = Engine(configured(tmp_path), url, runtimes=host.folder)
    await engine.prepare()
    yield engine
    await engine.scripting.stop()
    await engine.db.disconnect()


@pytest.fixture
def scripting(engine):
    return engine.scripting


@pytest.fixture
def deploy(engine, edith):
    """Deploy a text as the only file of a script."""

    async def deploy(source, slug="one"):
        tree = tree_of({"main.js": source.encode()})
        return await engine.services.scripts.put(edith, slug, tree)

    return deploy


@pytest.fixture
async def notes(engine):
    """A table that operations write to, as the engine's own do."""
    await engine.db.execute("create table notes (text text)")

    async def add(invocation, text: str):
        async with invocation.writes():
            await engine.db.execute("insert into notes (text) values (:text)", text=text)

    async def count(invocation) -> int:
        async with invocation.reads():
            return await engine.db.value("select count(*) from notes")

    async def fail(invocation):
        async with invocation.writes():
            await engine.db.execute("insert into notes (text) values ('no')")
            await engine.db.value("select 1 / 0")

    async def stored():
        return [row["text"] for row in await engine.db.all("select text from notes order by text")]

    engine.scripting.operations.add("notes.add", add)
    engine.scripting.operations.add("notes.count", count)
    engine.scripting.operations.add("notes.fail", fail)
    return stored
