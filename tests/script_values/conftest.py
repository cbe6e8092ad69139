"""Values of a script on a real database."""

from __future__ import annotations

import pytest

from aiwebengine.script_values.service import ScriptValues


@pytest.fixture
def values(engine):
    return ScriptValues(engine.db)


@pytest.fixture
async def shop(engine, edith):
    """The ID of a script."""
    return (await engine.services.scripts.create(edith, "shop")).key
