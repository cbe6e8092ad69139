"""Files of a script on a real database."""

from __future__ import annotations

import pytest

from aiwebengine.script_assets.service import ScriptAssets
from aiwebengine.scripts.files import tree_of

FILES = {"main.ts": b"export const routes = {};", "static/style.css": b"body { color: red }"}


@pytest.fixture
def assets(engine):
    return ScriptAssets(engine.db)


@pytest.fixture
async def shop(engine, edith):
    """The ID of a script with a version."""
    scripts = engine.services.scripts
    script = await scripts.create(edith, "shop")
    await scripts.save(edith, "shop", tree_of(FILES), base_version=0)
    return script.key
