"""Scripts on a real database, loaded by real processes."""

from __future__ import annotations

import pytest
from tests.runtimes.hosting import hosted
from tests.scripts_engine.documents import DEPLOY, HELLO, RUN, SAVE, main
from tests.scripts_engine.runtime import Recorded

from aiwebengine.core.identity import Role
from aiwebengine.scripts.loading import Loader
from aiwebengine.scripts.trees import Trees


@pytest.fixture(scope="session")
async def host():
    """One supervisor for all tests: no two scripts have the same id."""
    async with hosted() as host:
        yield host


@pytest.fixture
def runtime(host):
    return Recorded(host.client)


@pytest.fixture
def scripts(engine, host, runtime):
    scripts = engine.services.scripts
    scripts.trees = Trees(host.folder)
    scripts.loader = Loader(runtime, scripts.trees)
    return scripts


@pytest.fixture
async def emma(add_person):
    """Another editor."""
    return await add_person("emma", Role.EDITOR)


@pytest.fixture
async def running(engine):
    """An engine whose processes end with the test."""
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
def code(ask):
    """Execute a document that is refused; the code, and its other extensions."""

    async def code(viewer, query, **variables):
        extensions = (await ask(viewer, query, **variables))["errors"][0]["extensions"]
        return extensions.pop("code"), extensions

    return code


@pytest.fixture
async def hello(running, edith, data):
    """The script `hello`, deployed by the editor who owns it."""
    await data(edith, 'mutation { createScript(input: {slug: "hello"}) { script { slug } } }')
    await data(edith, SAVE, files=main(HELLO))
    return (await data(edith, DEPLOY))["deployScript"]


@pytest.fixture
def run(edith, data):
    async def run(path, viewer=edith, **more):
        return (await data(viewer, RUN, input={"slug": "hello", "path": path, **more}))["runScript"]

    return run
