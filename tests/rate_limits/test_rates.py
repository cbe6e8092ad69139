"""How often an address may come, over all instances."""

import asyncio
import json

import httpx2
import pytest
import websockets
from tests.conftest import adder, free_port, serving

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Config, Repository, Security
from aiwebengine.core.errors import RateLimited
from aiwebengine.core.identity import Role
from aiwebengine.rate_limits import service
from aiwebengine.rate_limits.service import Kind, RateLimits


@pytest.fixture(autouse=True)
def one_minute(monkeypatch):
    """No minute ends in the middle of a test."""
    monkeypatch.setattr(service, "_minute", lambda: 7)


def requests(rates, address, most=1_000, *, is_local=False):
    """How many requests get through."""
    for number in range(most):
        try:
            rates.request(address, is_local=is_local)
        except RateLimited:
            return number
    return most


async def test_an_address_may_come_so_often_and_others_are_not_affected(engine):
    rates = RateLimits(engine.db, 10)

    assert requests(rates, "192.0.2.1") == 10
    assert requests(rates, "192.0.2.1") == 0
    assert requests(rates, "192.0.2.2") == 10


async def test_instances_count_together(engine):
    one, other = RateLimits(engine.db, 10), RateLimits(engine.db, 10)
    assert requests(one, "192.0.2.1", 6) == 6
    assert requests(other, "192.0.2.1", 3) == 3

    await one.share()
    await other.share()

    assert requests(other, "192.0.2.1") == 1
    assert await engine.db.value("select sum(hits) from rate_windows") == 9


async def test_what_is_on_its_way_to_the_database_still_counts(engine):
    rates = RateLimits(engine.db, 10)
    requests(rates, "192.0.2.1")

    sharing = asyncio.create_task(rates.share())
    await asyncio.sleep(0)

    assert not sharing.done()
    assert requests(rates, "192.0.2.1") == 0
    await sharing


async def test_the_next_minute_is_a_new_one_and_the_old_is_forgotten(engine, monkeypatch):
    rates = RateLimits(engine.db, 10)
    requests(rates, "192.0.2.1")
    await rates.share()

    monkeypatch.setattr(service, "_minute", lambda: 9)
    await rates.share()
    await rates.forget()

    assert requests(rates, "192.0.2.1") == 10
    assert await engine.db.value("select count(*) from rate_windows") == 0


async def test_a_subscriber_s_many_addresses_are_one(engine):
    rates = RateLimits(engine.db, 10)

    assert requests(rates, "2001:db8:1:2::1", 6) == 6
    assert requests(rates, "2001:db8:1:2:ffff::9") == 4
    assert requests(rates, "2001:db8:1:3::1") == 10


async def test_this_machine_is_free_unless_a_limit_is_set(engine):
    assert requests(RateLimits(engine.db, None), "127.0.0.1", 700, is_local=True) == 700
    assert requests(RateLimits(engine.db, None), "127.0.0.1", 700) == 600
    assert requests(RateLimits(engine.db, None), "192.0.2.1", 700) == 600
    assert requests(RateLimits(engine.db, 20), "127.0.0.1", is_local=True) == 20


async def test_sign_in_attempts_have_a_tenth_of_the_rate_limit_on_all_instances(engine):
    one, other = RateLimits(engine.db, 100), RateLimits(engine.db, 100)
    for rates in (one, other) * 5:
        await rates.attempt(Kind.SIGN_IN, "192.0.2.1")

    for rates in (one, other):
        with pytest.raises(RateLimited):
            await rates.attempt(Kind.SIGN_IN, "192.0.2.1")
    await one.attempt(Kind.BAD_TOKEN, "192.0.2.1")


async def test_a_rate_limited_client_gets_retry_after(url, tmp_path):
    security = Security(rate_limit_per_minute=30)
    config = Config(repository=Repository(data_dir=tmp_path), security=security)
    engine = Engine(config.at_port(free_port()), url)
    await engine.prepare()
    async with serving(engine) as served, httpx2.AsyncClient(base_url=served.base) as client:
        bad = {"Authorization": "Bearer awe_wrong"}
        guesses = [await client.get("/api/engine/admin/users", headers=bad) for _ in range(7)]
        links = [await client.get("/auth/link?token=x") for _ in range(7)]
        query = {"query": "{ viewer { id } }"}
        guess = await client.post("/graphql", json=query, headers=bad)
        asked = [await client.post("/graphql", json=query) for _ in range(20)]
        health = await client.get("/health")

    assert [answer.status_code for answer in guesses] == [401] * 5 + [429] * 2
    assert [answer.status_code for answer in links] == [401] * 5 + [429] * 2
    assert [answer.status_code for answer in asked] == [200] * 15 + [429] * 5
    assert health.status_code == 200
    assert guess.status_code == 429
    for answer in (guesses[-1], links[-1], guess, asked[-1]):
        assert 0 < int(answer.headers["retry-after"]) <= 60
    assert guesses[-1].json()["code"] == "RATE_LIMITED"
    for answer in (guess, asked[-1]):
        assert answer.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_an_open_socket_is_no_way_around_the_limit(url, tmp_path):
    security = Security(rate_limit_per_minute=10)
    config = Config(repository=Repository(data_dir=tmp_path), security=security)
    engine = Engine(config.at_port(free_port()), url)
    await engine.prepare()
    address = engine.config.server.public_url.replace("http:", "ws:") + "/graphql"
    answers = []
    ada = await adder(engine)("ada", Role.ADMINISTRATOR)
    async with serving(engine) as served:
        headers = {"Authorization": f"Bearer {await served.token(ada)}"}
        socket = await websockets.connect(
            address, subprotocols=["graphql-transport-ws"], additional_headers=headers
        )
        await socket.send('{"type": "connection_init"}')
        await socket.recv()
        for number in range(12):
            payload = {"query": "{ viewer { id } }"}
            message = {"type": "subscribe", "id": str(number), "payload": payload}
            await socket.send(json.dumps(message))
            answers.append(json.loads(await socket.recv()))
            if answers[-1]["type"] == "next":
                await socket.recv()
        await socket.close()

    # The first of ten said who it is.
    assert [answer["type"] for answer in answers] == ["next"] * 9 + ["error"] * 3
    assert answers[-1]["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
