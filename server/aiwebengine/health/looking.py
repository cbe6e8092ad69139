"""What `aiwebengine health --detail` does."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path

from aiwebengine.app import Engine
from aiwebengine.commands import (
    FAILED,
    configuration,
    database_url,
    refusals_printed,
    show,
    table,
)
from aiwebengine.errors import Unavailable
from aiwebengine.health.types import HealthCheck, HealthState
from aiwebengine.viewer import operator

# They tell of the process that looks, which is this command.
_OF_THE_PROCESS = {"event_loop", "workers"}


def look(path: Path | None, as_json: bool) -> None:
    """Every check, seen from this machine; the tables are left as they are."""

    async def seen_by(engine: Engine) -> list[HealthCheck]:
        # When it does not answer, that is what the first line will say.
        with suppress(Unavailable):
            await engine.db.connect()
        try:
            return await engine.services.health.checks(operator("health"))
        finally:
            await engine.db.disconnect()

    config = configuration(path)
    with refusals_printed(), database_url(config) as url:
        seen = asyncio.run(seen_by(Engine(config, url)))
    found = [one for one in seen if one.name not in _OF_THE_PROCESS]
    told = [
        {
            "name": one.name,
            "title": one.title,
            "state": one.state.name,
            "detail": one.detail,
            "since": one.since,
            "checkedAt": one.checked_at,
            "remedy": one.remedy,
        }
        for one in found
    ]
    rows = [(one.state.name, one.title, one.detail, one.remedy) for one in found]
    show(as_json, told, table(("State", "What", "Seen", "What to do"), rows))
    sys.exit(FAILED if any(one.state is HealthState.FAILING for one in found) else 0)
