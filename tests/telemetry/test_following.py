"""`systemStats` as it is followed: in step, for as long as one may, through outages."""

import asyncio
import json
import time

import httpx2
import pytest
import websockets
from pydantic import SecretStr
from tests.conftest import adder, serving
from tests.metrics.exposition import value
from tests.test_outage import built, fragile, until_healthy

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Security
from aiwebengine.core.identity import Role, operator

__all__ = ["fragile"]

UP = "aiwebengine_database_up"
QUERY = "subscription { systemStats(intervalSeconds: 1) { at instances { workersUp } } }"


class Followed:
    """A subscription over a socket."""

    def __init__(self, raw):
        self._raw = raw

    async def next(self, secs=10):
        async with asyncio.timeout(secs):
            while True:
                message = json.loads(await self._raw.recv())
                if message["type"] not in ("ping", "pong", "connection_ack"):
                    return message


async def follow(served, token, query=QUERY):
    raw = await websockets.connect(
        served.base.replace("http:", "ws:") + "/graphql",
        subprotocols=["graphql-transport-ws"],
        additional_headers={"Authorization": f"Bearer {token}"},
    )
    await raw.send('{"type": "connection_init"}')
    payload = {"query": query}
    await raw.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
    return Followed(raw)


@pytest.fixture
async def ada(add_served_person):
    return await add_served_person("ada", Role.ADMINISTRATOR)


async def test_metrics_come_at_once_and_then_at_the_interval(served, ada):
    followed = await follow(served, await served.token(ada))

    told = [await followed.next() for _ in range(3)]

    assert {message["type"] for message in told} == {"next"}
    assert all(message["payload"]["data"]["systemStats"]["at"] for message in told)


@pytest.mark.parametrize("seconds", [0, -1, 61])
async def test_a_step_outside_its_bounds_is_refused(served, ada, seconds):
    query = QUERY.replace("intervalSeconds: 1", f"intervalSeconds: {seconds}")
    followed = await follow(served, await served.token(ada), query)

    message = await followed.next()
    error = (message["payload"] if message["type"] == "error" else message["payload"]["errors"])[0]

    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert error["message"] == f"intervalSeconds must be 1 to 60; found {seconds}."


async def test_who_loses_the_role_learns_nothing_more_within_a_second(
    served, ada, add_served_person
):
    bob = await add_served_person("bob", Role.ADMINISTRATOR)
    query = QUERY.replace("intervalSeconds: 1", "intervalSeconds: 60")
    followed = await follow(served, await served.token(bob), query)
    assert (await followed.next())["type"] == "next"

    began = time.monotonic()
    await served.engine.services.users.revoke_role(operator("tests"), bob.id, Role.ADMINISTRATOR)
    message = await followed.next(secs=5)

    assert message["type"] == "error"
    assert message["payload"][0]["extensions"]["code"] == "FORBIDDEN"
    assert time.monotonic() - began < 5
    assert served.engine.counters.subscriptions == 0


async def test_an_outage_is_counted_lived_through_and_over_by_itself(fragile, tmp_path):
    security = Security(api_key=SecretStr("key"))
    config = built(fragile.url, tmp_path).config.model_copy(update={"security": security})
    engine = Engine(config, fragile.url)
    await engine.prepare()
    async with serving(engine) as served, httpx2.AsyncClient(base_url=served.base) as client:

        async def is_up():
            key = {"X-API-Key": "key"}
            return value((await client.get("/metrics", headers=key)).text, UP)

        ada = await adder(engine)("ada", Role.ADMINISTRATOR)
        followed = await follow(served, await served.token(ada))
        assert (await followed.next())["type"] == "next"

        await asyncio.to_thread(fragile.stop)
        # Not /health, whose 503 is the right answer and no failure.
        for _ in range(5):
            assert (await client.get("/")).status_code == 503
        down = await is_up()
        while "data" in (message := (await followed.next())["payload"]) and message["data"]:
            pass
        await asyncio.to_thread(fragile.start)
        assert await until_healthy(client, within=20)
        up = await is_up()
        while not ((await followed.next())["payload"]["data"] or {}).get("systemStats"):
            pass
        end = time.monotonic() + 20
        while (await engine.services.telemetry.error_rate(5))[1] < 5 and time.monotonic() < end:
            await asyncio.sleep(0.2)
        requests, errors = await engine.services.telemetry.error_rate(5)

    assert (down, up) == (0, 1)
    assert 5 <= errors <= requests
