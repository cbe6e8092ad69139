"""An engine that runs the schedules and delivers the messages of scripts in this process."""

from __future__ import annotations

import asyncio

import pytest

from aiwebengine.core.background import end
from aiwebengine.core.identity import operator
from aiwebengine.scripts.files import tree_of
from aiwebengine.scripts.run_types import RunRequest

ROOT = operator("root")


@pytest.fixture
async def working(engine):
    """The engine, which does what is due until the test ends."""
    await engine.scripting.active.refresh()
    tasks = [asyncio.create_task(one) for one in (engine.scripting.run(),)]
    yield engine
    await end(*tasks)
    await engine.scripting.stop()


@pytest.fixture
def deploy(working):
    """Deploy a script of one file."""

    async def deploy(slug, source, name="main.ts"):
        tree = tree_of({name: source.encode()})
        return await working.services.scripts.put(ROOT, slug, tree)

    return deploy


@pytest.fixture
def visit(working):
    """The text that a script answers to a request for a path."""

    async def visit(slug, path, body=b"", method="POST"):
        wanted = RunRequest(slug, method, path, (), body)
        answer = await working.services.script_runs.run(ROOT, wanted)
        assert answer.status == 200, answer
        return answer.body

    return visit


@pytest.fixture
def lines_of(working):
    """The log of a script, oldest line first."""

    async def lines_of(slug):
        rows = await working.db.all(
            "select l.text from script_log l join scripts s on s.id = l.script_id"
            " where s.slug = :slug order by l.id",
            slug=slug,
        )
        return [row["text"] for row in rows]

    return lines_of


@pytest.fixture
def logged(lines_of):
    """Wait until a script has logged a line that has this text; all lines.

    They are stored some moments after they are written.
    """

    async def logged(slug, text, times=1, secs=60):
        async with asyncio.timeout(secs):
            while True:
                lines = await lines_of(slug)
                if sum(text in line for line in lines) >= times:
                    return lines
                await asyncio.sleep(0.05)

    return logged
