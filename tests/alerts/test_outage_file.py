"""The file that remembers an outage: whatever lies in its place, the next outage is reported."""

import json
import os
from datetime import UTC, datetime

import pytest
from tests.alerts.receivers import webhook
from tests.conftest import until

from aiwebengine.alerts.outage import Outage
from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Alerts, Config, Repository
from aiwebengine.health.types import HealthCheck, HealthState

KEPT = {"since": "2026-01-31T00:00:00+00:00", "detail": "x", "times": 0, "back_at": None}


@pytest.mark.parametrize(
    "found",
    [
        *(
            KEPT | {"sent": {}} | change
            for change in (
                {"since": "2026-01-31T00:00:00"},
                {"since": "2999-01-31T00:00:00+00:00"},
                {"since": 7},
                {"times": float("inf")},
                {"times": "many"},
                {"back_at": ["x"]},
                {"back_at": "2026-01-31T00:00:00"},
                {"sent": {"webhook": "2026-01-31T00:00:00"}},
                {"sent": {"pigeon": "2026-01-31T00:00:00+00:00"}},
                {"sent": []},
            )
        ),
        "[" * 50_000,
        "\ud800",
        "",
        "a folder",
        "a pipe",
    ],
)
async def test_the_next_outage_is_reported(url, tmp_path, found):
    path = tmp_path / "x.outage"
    match found:
        case "a folder":
            path.mkdir()
        case "a pipe":
            os.mkfifo(path)
        case str():
            path.write_bytes(found.encode("utf-8", "surrogatepass"))
        case _:
            path.write_text(json.dumps(found))
    now = datetime.now(UTC)
    gone = HealthCheck(
        name="database",
        title="Database",
        state=HealthState.FAILING,
        detail="gone",
        since=now,
        checked_at=now,
        remedy=None,
        times=2,
        is_shared=False,
    )
    async with webhook() as hook:
        settings = Alerts(webhook_url=hook.url)
        config = Config(repository=Repository(data_dir=tmp_path), alerts=settings)
        outage = Outage(path, Engine(config, url).services.alerts, settings, "here:1")

        outage.resume()
        outage.lasts(gone, [])
        await until(lambda: hook.bodies, secs=20)
        outage.stop()

    assert hook.bodies[0]["title"] == "Database"
