"""Scripts on a real database, loaded by a real Deno."""

from __future__ import annotations

import pytest
from tests.scripts_engine.runtime import DenoForEachLoad

from aiwebengine.core.identity import Role
from aiwebengine.scripts.loading import Loader
from aiwebengine.scripts.trees import Trees


@pytest.fixture
def runtime():
    return DenoForEachLoad()


@pytest.fixture
def scripts(engine, runtime, tmp_path):
    scripts = engine.services.scripts
    scripts.trees = Trees(tmp_path / "scripts")
    scripts.loader = Loader(runtime, scripts.trees)
    return scripts


@pytest.fixture
async def emma(add_person):
    """Another editor."""
    return await add_person("emma", Role.EDITOR)
