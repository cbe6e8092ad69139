"""Scripts on a real database, loaded by real processes."""

from __future__ import annotations

import pytest
from tests.runtimes.hosting import hosted
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
