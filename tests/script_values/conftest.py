"""Values of a script on a real database."""

from __future__ import annotations

import pytest
from tests.scripts_engine.conftest import code, data

from aiwebengine.script_values.service import ScriptValues

__all__ = ["code", "data"]


@pytest.fixture
def values(engine):
    return ScriptValues(engine.db)


@pytest.fixture
async def shop(engine, edith):
    """The ID of a script."""
    return (await engine.services.scripts.create(edith, "shop")).key
