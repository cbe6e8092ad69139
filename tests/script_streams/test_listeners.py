"""Owners see who listens, over all workers."""

import asyncio
import json
import os

import pytest
from tests import commands
from tests.script_streams.conftest import until
from tests.script_streams.test_event_streams import MODULE

from aiwebengine.core.errors import Forbidden
from aiwebengine.core.identity import Role
from aiwebengine.script_streams.listeners import ListenerReports


@pytest.fixture
async def live(live):
    await live.deploy(MODULE)
    return live


async def listeners(live, viewer=None):
    service = live.served.engine.services.script_listeners
    found = await service.of_script(viewer or live.owner, "live")
    return {one.channel: one.connections for one in found}


async def test_the_connections_of_all_workers_are_counted_by_channel(live):
    connections = live.connections
    other = ListenerReports(connections.broadcast, connections.streams, connections.sockets)
    async with live.listening("/events/a"), live.listening("/events/b"), live.listening("/all"):
        await connections.reports.report()
        one = {"/events/:group": 2, "/events/a": 1, "/events/b": 1, "/all": 1}
        assert await listeners(live) == one
        await connections.reports.report()
        assert await listeners(live) == one
        # As another worker with the same number of connections.
        await other.report()
        assert await listeners(live) == {channel: 2 * count for channel, count in one.items()}

    await until(lambda: not live.streams.open)
    await other.report()
    await connections.reports.report()
    assert await listeners(live) == {}


async def test_the_command_line_lists_them(live, url, tmp_path):
    environment = {**os.environ, "APP_REPOSITORY__DATABASE_URL": url}

    async def listed(*more):
        arguments = ("scripts", "streams", "live", *more)
        done = await asyncio.to_thread(commands.run, *arguments, cwd=tmp_path, env=environment)
        assert done.returncode == 0, done.stderr
        return done.stdout

    async with live.listening("/events/a"), live.listening("/events/b"):
        await live.connections.reports.report()
        text, found = await listed(), json.loads(await listed("--json"))

    assert "3 channels" in text
    assert found["streams"][0] == {"channel": "/events/:group", "connections": 2}
    assert {one["channel"] for one in found["streams"]} == {
        "/events/:group",
        "/events/a",
        "/events/b",
    }


async def test_other_editors_do_not_see_them(live, add_served_person):
    with pytest.raises(Forbidden):
        await listeners(live, await add_served_person("emma", Role.EDITOR))
