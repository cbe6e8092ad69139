"""Two workers that carry messages of scripts over one database."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from aiwebengine.core.background import end
from aiwebengine.database import Database, Listener
from aiwebengine.script_streams import store
from aiwebengine.script_streams.broadcast import ScriptBroadcast

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
    broadcast = ScriptBroadcast(db, Listener(url, store.CHANNEL))
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
