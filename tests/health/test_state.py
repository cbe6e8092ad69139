"""One function decides whether the engine is up, degraded or down, and everything shows it."""

import asyncio
from datetime import UTC, datetime

import httpx2
import pytest
from tests.conftest import free_port, serving

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Config, Repository
from aiwebengine.core.identity import operator
from aiwebengine.health.service import Health
from aiwebengine.health.types import Check, EngineState, failing, ok, unknown, warning

ROOT = operator("root")
QUERY = "{ engineState { state since failing { name } warnings { name } } }"


class Seen:
    """A check whose result a test sets."""

    def __init__(self, name="seen"):
        self.finding = ok("fine")
        self.check = Check(name, "Seen", self._see, "Fix it.")

    async def _see(self):
        return self.finding


@pytest.mark.parametrize(
    ("finding", "state"),
    [
        (ok("fine"), EngineState.UP),
        (warning("low"), EngineState.UP),
        (unknown("can't look"), EngineState.UP),
        (failing("broken"), EngineState.DEGRADED),
    ],
)
async def test_only_a_failing_check_makes_the_engine_degraded(engine, finding, state):
    seen = Seen()
    seen.finding = finding
    health = Health(engine.db, "one", [seen.check])

    found = await health.engine_state(ROOT)

    assert found.state is state
    assert [one.name for one in found.warnings] == (["seen"] if finding == warning("low") else [])
    assert [one.name for one in found.failing] == (
        ["seen"] if state is EngineState.DEGRADED else []
    )


async def test_a_state_keeps_its_start_while_other_checks_come_and_go(engine):
    one, other = Seen("one"), Seen("other")
    health = Health(engine.db, "one", [one.check, other.check])
    up = await health.engine_state(ROOT)

    one.finding = failing("broken")
    await health.look()
    began = await health.status()
    other.finding = failing("broken too")
    await health.look()
    one.finding = ok("mended")
    await health.look()
    still = await health.status()
    other.finding = ok("mended")
    await health.look()
    healed = await health.status()

    assert began.state is still.state is EngineState.DEGRADED
    assert up.since < began.since == still.since < healed.since
    assert [check.name for check in still.failing] == ["other"]
    assert healed.state is EngineState.UP


async def test_an_engine_that_starts_or_stops_is_down(engine):
    health = engine.services.health
    before = await health.status()

    engine.is_leaving = True
    leaving = await health.status()
    engine.is_leaving, engine.is_ready = False, False
    starting = await health.status()
    engine.is_ready = True

    assert (before.state, before.reasons) == (EngineState.UP, {})
    assert (leaving.state, leaving.reasons) == (EngineState.DOWN, {"engine": "is about to stop"})
    assert (starting.state, starting.reasons) == (EngineState.DOWN, {"engine": "is starting"})
    assert (await health.status()).state is EngineState.UP


async def test_health_answers_the_state_and_names_no_check_to_strangers(served):
    seen = Seen()
    served.engine.services.health.watch(seen.check)
    async with httpx2.AsyncClient(base_url=served.base) as client:
        await served.engine.services.health.look()
        up = await client.get("/health")
        seen.finding = failing("broken")
        await served.engine.services.health.look()
        degraded = await client.get("/health")
        served.engine.is_leaving = True
        down = await client.get("/health")

    assert (up.status_code, up.json()) == (
        200,
        {"status": "ok", "timestamp": up.json()["timestamp"]},
    )
    assert (degraded.status_code, degraded.json()) == (
        200,
        {"status": "ok", "state": "degraded", "timestamp": degraded.json()["timestamp"]},
    )
    assert down.status_code == 503
    assert down.json() == {
        "status": "fail",
        "state": "down",
        "timestamp": down.json()["timestamp"],
        "checks": {"engine": "is about to stop"},
    }


async def test_an_outage_that_health_reports_is_no_failed_request(served):
    served.engine.is_leaving = True
    async with httpx2.AsyncClient(base_url=served.base) as client:
        answers = [await client.get("/health") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [503] * 3
    assert (served.engine.counters.requests, served.engine.counters.errors) == (3, 0)


async def test_health_asks_the_database_once_for_many_who_ask(served):
    statements = []
    served.engine.db.observers.append(lambda one: statements.append(one.sql))
    async with httpx2.AsyncClient(base_url=served.base) as client:
        await asyncio.gather(*(client.get("/health") for _ in range(20)))

    # The watch looks every two seconds, and may begin another probe meanwhile.
    assert 1 <= statements.count("select true") <= 3


async def test_without_a_database_the_engine_is_down_since_the_first_failed_probe(tmp_path):
    before = datetime.now(UTC)
    config = Config(repository=Repository(data_dir=tmp_path)).at_port(free_port())
    engine = Engine(config, "postgresql://nobody@127.0.0.1:9/none")
    async with serving(engine) as served, httpx2.AsyncClient(base_url=served.base) as client:
        found = await engine.services.health.status()
        answer = await client.get("/health")

    assert found.state is EngineState.DOWN
    assert found.failing[0].name == "database"
    assert before <= found.since <= datetime.now(UTC)
    assert (answer.status_code, answer.json()["state"]) == (503, "down")
    assert set(answer.json()["checks"]) == {"database", "engine"}


async def test_administrators_ask_for_the_state_by_graphql(engine, ask, ada, edith):
    seen = Seen()
    engine.services.health.watch(seen.check)
    seen.finding = failing("broken")

    body = (await ask(ada, QUERY))["data"]["engineState"]
    refused = await ask(edith, QUERY)

    assert body["state"] == "DEGRADED"
    assert [one["name"] for one in body["failing"]] == ["seen"]
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
