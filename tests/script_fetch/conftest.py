"""Scripts that reach servers of the test, deployed on a real engine."""

from __future__ import annotations

import pytest
from tests.scripts_engine.documents import DEPLOY, RUN, SAVE

from aiwebengine.core.private_hosts import PrivateHosts

CREATE = 'mutation { createScript(input: {slug: "hello"}) { script { slug } } }'


@pytest.fixture
async def running(engine):
    """An engine whose scripts may reach loopback, and whose processes end with the test."""
    engine.services.outbound._private = PrivateHosts(["127.0.0.0/8"])
    yield engine
    await engine.scripting.stop()


@pytest.fixture
def data(ask):
    """Execute a document without errors; its data."""

    async def data(viewer, query, **variables):
        body = await ask(viewer, query, **variables)
        assert "errors" not in body, body["errors"]
        return body["data"]

    return data


@pytest.fixture
def deployed(running, edith, data):
    """Deploy the source of the script `hello`, which edith owns."""

    async def deployed(source):
        await data(edith, CREATE)
        await data(edith, SAVE, files=[{"path": "main.js", "text": source}])
        await data(edith, DEPLOY)

    return deployed


@pytest.fixture
def run(edith, data):
    """Send a request to the script."""

    async def run(path, **more):
        return (await data(edith, RUN, input={"slug": "hello", "path": path, **more}))["runScript"]

    return run


@pytest.fixture
def set_secret(edith, running):
    async def set_secret(name, value, *hosts):
        return await running.services.script_secrets.set(edith, "hello", name, value, hosts)

    return set_secret
