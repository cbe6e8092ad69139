"""The log lines of scripts on their way to the database."""

import asyncio
from uuid import uuid4

from aiwebengine.runtimes.types import Limits, LogLine
from aiwebengine.script_calls.activity import ActivityCounter
from aiwebengine.script_calls.journal import CallJournal
from aiwebengine.script_calls.types import ScriptRef
from aiwebengine.scripts.types import Dialect

SCRIPT = ScriptRef(uuid4(), "one", 1, Dialect.MODULE, Limits(), None)


async def test_lines_that_two_store_at_the_same_time_are_stored_once():
    stored, go_on = [], asyncio.Event()

    async def append(batch):
        await go_on.wait()
        stored.extend(line.text for line in batch)

    journal = CallJournal(append, lambda *_: None, ActivityCounter(append), lambda *_: None)
    for text in ("first", "second"):
        journal.line(SCRIPT, "request", "GET /", LogLine(1, "info", text))
    flushes = [asyncio.create_task(journal.flush()) for _ in range(2)]
    await asyncio.sleep(0)
    journal.line(SCRIPT, "request", "GET /", LogLine(1, "info", "third"))
    go_on.set()
    await asyncio.gather(*flushes)

    assert stored == ["first", "second", "third"]
