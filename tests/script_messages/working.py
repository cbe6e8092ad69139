"""Messages for scripts whose handler is a function of the test."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager

from aiwebengine.core.background import end
from aiwebengine.jobs.leases import Lease
from aiwebengine.jobs.queues import QueueRunner
from aiwebengine.jobs.runs import Runs
from aiwebengine.script_messages import store
from aiwebengine.script_messages.queue import MessageQueue
from aiwebengine.script_messages.types import NewMessage


async def add_receiver(db, slug, *types):
    """An active script that receives these types."""
    script_id = await db.value(
        "insert into scripts (slug, created_by, active_version) values (:slug, 'tests', 1)"
        " returning id",
        slug=slug,
    )
    await store.set_listeners(db, script_id, dict.fromkeys(types, "message"))
    return script_id


async def send(db, sender_id, type_name="order.created", data=None, **more):
    message = NewMessage(sender_id, "shop", type_name, json.dumps(data), 0, "", **more)
    return await store.send(db, message)


async def deliveries_of(db):
    return await db.all("select * from script_deliveries order by message_id, script_id")


@asynccontextmanager
async def worker(db, handler):
    """A process that delivers messages to *handler*, without its loop: a test calls `look`."""
    lease = Lease(Runs(db))
    runner = QueueRunner("messages", MessageQueue(db, lease, handler), lease)
    try:
        yield runner
    finally:
        await end(*runner._working)
        await lease.stop()


async def finished(runner):
    while runner._working:
        await asyncio.wait(list(runner._working))
        # The worker learns of it by a callback of its own.
        await asyncio.sleep(0)
