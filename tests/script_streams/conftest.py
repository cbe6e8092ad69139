"""Workers that carry messages of scripts over one database, and an engine with a script."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from uuid import uuid4

import httpx2
import pytest
from tests.script_streams.listening import listening_to

from aiwebengine.core.background import end
from aiwebengine.core.identity import Role
from aiwebengine.database import Database, Listener
from aiwebengine.script_streams.broadcast import ScriptBroadcast
from aiwebengine.script_streams.types import CHANNEL
from aiwebengine.scripts.files import tree_of
from aiwebengine.scripts.log_types import ScriptLogFilter

PATIENCE = 30
PAUSE_SECS = 0.01


async def until(condition):
    """Wait until *condition* returns something true, and return it."""
    async with asyncio.timeout(PATIENCE):
        while not (found := condition()):
            await asyncio.sleep(PAUSE_SECS)
    return found


@asynccontextmanager
async def worker(url):
    """What one worker has of the broadcast."""
    db = Database(url, max_connections=5)
    await db.connect()
    broadcast = ScriptBroadcast(db, Listener(url, CHANNEL))
    running = asyncio.create_task(broadcast.run())
    try:
        await until(lambda: broadcast.is_listening)
        yield broadcast
    finally:
        await end(running)
        await db.disconnect()


@pytest.fixture
async def here(url):
    async with worker(url) as broadcast:
        yield broadcast


@pytest.fixture
async def there(url, here):
    async with worker(url) as broadcast:
        yield broadcast


@pytest.fixture
def script_id():
    return uuid4()


class Live:
    """An engine with a script, and its clients."""

    def __init__(self, served, owner):
        self.served = served
        self.owner = owner
        self.port = served.engine.config.server.port

    @property
    def scripts(self):
        return self.served.engine.services.scripts

    @property
    def connections(self):
        return self.served.engine.scripting.connections

    @property
    def streams(self):
        return self.connections.streams

    async def deploy(self, source, slug="live"):
        await self.scripts.put(self.owner, slug, tree_of({"main.ts": source.encode()}))

    async def post(self, path, /, **body):
        async with httpx2.AsyncClient(base_url=self.served.base, timeout=60) as client:
            return await client.post(path, content=json.dumps(body))

    async def send(self, channel, data, **options):
        answer = await self.post("/send", channel=channel, data=data, **options)
        assert answer.text == "sent"

    def listening(self, path, **headers):
        return listening_to(self.port, path, **headers)

    async def log(self, slug="live"):
        await self.served.engine.scripting.journal.flush()
        return await self.scripts.log(self.owner, slug, ScriptLogFilter(), None, 100)


@pytest.fixture
async def live(served, add_served_person):
    live = Live(served, await add_served_person("edith", Role.EDITOR))
    await until(lambda: live.streams._broadcast.is_listening)
    return live
