"""What Prometheus reads: right over several workers, and for whom it is."""

import asyncio
import os
import re
import signal
import time
from collections import Counter

import httpx2
import pytest
from tests.conftest import adder, first_sign_in, free_port, serving
from tests.metrics.exposition import value
from tests.test_workers import wait_for, workers_of

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Config, Repository, Security
from aiwebengine.core.identity import Role
from aiwebengine.metrics.folder import shared_folder

KEY = "a-key-for-prometheus"


@pytest.fixture
def engine_with(url, tmp_path):
    """An engine on this test's database that listens, with these security settings."""

    def engine_with(**security):
        config = Config(
            repository=Repository(max_connections=10, data_dir=tmp_path),
            security=Security(**security),
        )
        return Engine(config.at_port(free_port()), url)

    return engine_with


async def read(served, **headers):
    async with httpx2.AsyncClient(base_url=served.base) as client:
        return await client.get("/metrics", headers=headers)


def test_two_workers_expose_the_same_exact_totals_and_a_death_loses_none(start, command):
    process, base, output = start(APP_PERFORMANCE__WORKER_POOL_SIZE="2", APP_SECURITY__API_KEY=KEY)
    cookie = {"Cookie": f"aiwebengine_session={first_sign_in(output)}", "Origin": base}
    query = {"query": "{ systemStats { process { pid } } }"}
    health = {"method": "GET", "route": "/health", "status": "200"}

    def metrics():
        return httpx2.get(f"{base}/metrics", headers={"X-API-Key": KEY}).text

    def ask():
        answer = httpx2.post(f"{base}/graphql", json=query, headers=cookie).json()
        return answer["data"]["systemStats"]["process"]["pid"]

    asked = Counter()
    wait_for(lambda: asked.update([ask()]) or len(asked) == 2)
    for _ in range(30):
        httpx2.get(f"{base}/health")

    # An answer is counted just after it was sent.
    wait_for(lambda: value(metrics(), "aiwebengine_http_requests_total", health) == 30)
    for _ in range(4):
        text = metrics()
        assert value(text, "aiwebengine_http_requests_total", health) == 30
        duration = "aiwebengine_http_request_duration_seconds_count"
        assert value(text, duration, {"method": "GET", "route": "/health"}) == 30
        operation = {"operation": "query systemStats", "result": "succeeded"}
        assert value(text, "aiwebengine_graphql_operations_total", operation) == asked.total()
    wait_for(lambda: value(metrics(), "aiwebengine_workers") == 2)
    assert value(metrics(), "aiwebengine_database_pool_connections_max") == 50

    first, _ = workers_of(process)
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: value(metrics(), "aiwebengine_worker_deaths_total") == 1)
    assert value(metrics(), "aiwebengine_workers_configured") == 2
    wait_for(lambda: len(set(workers_of(process)) - {first}) == 2)
    wait_for(lambda: value(metrics(), "aiwebengine_workers") == 2)
    for _ in range(10):
        httpx2.get(f"{base}/health")

    wait_for(lambda: value(metrics(), "aiwebengine_http_requests_total", health) >= 40)
    assert value(metrics(), "aiwebengine_http_requests_total", health) == 40


async def test_who_may_read_the_metrics(engine_with):
    engine = engine_with(api_key=KEY)
    await engine.prepare()
    async with serving(engine) as served:
        ada = await adder(engine)("ada", Role.ADMINISTRATOR)
        alan = await adder(engine)("alan")
        session = await engine.services.sessions.begin(ada, ada.id, ada.label, "link")
        found = {
            "nothing": await read(served),
            "key as token": await read(served, Authorization=f"Bearer {KEY}"),
            "key": await read(served, **{"X-API-Key": KEY}),
            "wrong key": await read(served, **{"X-API-Key": f"{KEY}x"}),
            "empty key": await read(served, **{"X-API-Key": ""}),
            "wrong token": await read(served, Authorization=f"Bearer {KEY}x"),
            "not ASCII": await read(served, **{"X-API-Key": "é".encode()}),
            "administrator": await read(served, Authorization=f"Bearer {await served.token(ada)}"),
            "session": await read(served, Cookie=f"aiwebengine_session={session.secret}"),
            "nobody": await read(served, Authorization=f"Bearer {await served.token(alan)}"),
        }

    assert {name: answer.status_code for name, answer in found.items()} == {
        "nothing": 401,
        "key as token": 200,
        "key": 200,
        "wrong key": 401,
        "empty key": 401,
        "wrong token": 401,
        "not ASCII": 401,
        "administrator": 200,
        "session": 200,
        "nobody": 403,
    }
    for answer in found.values():
        kind = answer.headers["content-type"]
        if answer.status_code == 200:
            assert kind == "text/plain; version=0.0.4; charset=utf-8"
            assert answer.headers["cache-control"] == "no-store"
        else:
            assert kind == "application/problem+json"
            assert "aiwebengine_" not in answer.text


async def test_the_key_is_no_bad_token_but_a_wrong_key_is_one(engine_with):
    engine = engine_with(api_key=KEY, rate_limit_per_minute=60)
    await engine.prepare()
    async with serving(engine) as served:
        right = [await read(served, Authorization=f"Bearer {KEY}") for _ in range(12)]
        wrong = [await read(served, **{"X-API-Key": "guess"}) for _ in range(12)]

    assert {answer.status_code for answer in right} == {200}
    assert wrong[0].status_code == 401
    assert wrong[-1].status_code == 429


@pytest.mark.parametrize(
    ("is_allowed", "headers", "status"),
    [
        (False, {}, 401),
        (True, {}, 200),
        (True, {"X-Forwarded-For": "127.0.0.1"}, 401),
        (True, {"Host": "engine.example.com"}, 401),
    ],
)
async def test_this_machine_needs_no_key_only_when_so_configured(
    engine_with, is_allowed, headers, status
):
    engine = engine_with(metrics_from_loopback=is_allowed)
    await engine.prepare()
    async with serving(engine) as served:
        answer = await read(served, **headers)

    assert answer.status_code == status


async def test_an_empty_key_in_the_configuration_lets_nobody_in(engine_with):
    engine = engine_with(api_key="")
    await engine.prepare()
    async with serving(engine) as served:
        answers = [
            await read(served, **{"X-API-Key": ""}),
            await read(served, Authorization="Bearer"),
        ]

    assert [answer.status_code for answer in answers] == [401, 401]


async def test_names_that_callers_choose_become_no_labels(engine_with):
    engine = engine_with(api_key=KEY)
    await engine.prepare()
    async with serving(engine) as served, httpx2.AsyncClient(base_url=served.base) as client:
        for number in range(30):
            await client.get(f"/engine/nowhere/{number}")
            await client.get(f"/auth/login/provider{number}")
            await client.request("PURGE", "/health")
            query = f"query Mine{number} {{ viewer {{ id }} roles {{ role }} }}"
            await client.post("/graphql", json={"query": query})
            await client.post("/graphql", json={"query": f"{{ unknown{number} }}"})
        text = (await read(served, **{"X-API-Key": KEY})).text

    routes = set(re.findall(r'http_requests_total\{.*route="([^"]*)"', text))
    operations = set(re.findall(r'operations_total\{operation="([^"]*)"', text))
    assert set(re.findall(r'method="([^"]*)"', text)) == {"GET", "POST", "(other)"}
    assert routes == {"(none)", "/auth/login/{provider}", "/health", "/graphql"}
    assert operations == {"query viewer +"}
    assert value(text, "aiwebengine_graphql_errors_total", {"code": "UNAUTHENTICATED"}) == 30
    assert value(text, "aiwebengine_graphql_errors_total", {"code": "BAD_USER_INPUT"}) == 30
    assert "Mine" not in text


async def test_metrics_have_sign_ins_sessions_and_subscriptions(engine_with):
    engine = engine_with(api_key=KEY)
    await engine.prepare()
    async with serving(engine) as served:
        link = await engine.first_sign_in_link()
        async with httpx2.AsyncClient(base_url=served.base) as client:
            page = await client.get(link)
            await asyncio.to_thread(httpx2.get, link)
            cookie = {"Cookie": f"aiwebengine_session={page.cookies['aiwebengine_session']}"}
            stream = {"Accept": "text/event-stream", "Origin": served.base, **cookie}
            query = {"query": "subscription { auditEventAdded { id } }"}
            async with client.stream("POST", "/graphql", json=query, headers=stream) as answer:
                await anext(answer.aiter_text())
                await engine.heartbeat.beat()
                during = (await read(served, **{"X-API-Key": KEY})).text
        end = time.monotonic() + 10
        while engine.counters.subscriptions and time.monotonic() < end:
            await engine.heartbeat.beat()
        await engine.heartbeat.beat()
        after = (await read(served, **{"X-API-Key": KEY})).text

    sign_ins = "aiwebengine_sign_ins_total"
    assert value(after, sign_ins, {"provider": "link", "result": "succeeded"}) == 1
    assert value(after, sign_ins, {"provider": "link", "result": "failed"}) == 1
    assert value(during, "aiwebengine_sessions") == 1
    assert value(during, "aiwebengine_graphql_subscriptions") == 1
    assert value(after, "aiwebengine_graphql_subscriptions") == 0


async def test_metrics_have_the_age_of_the_newest_backup_once_there_is_one(engine_with):
    engine = engine_with(api_key=KEY)
    await engine.prepare()
    ages = iter([None, 90_000.0])

    async def age():
        return next(ages)

    engine.exposition.backup_age = age
    async with serving(engine) as served:
        before = (await read(served, **{"X-API-Key": KEY})).text
        after = (await read(served, **{"X-API-Key": KEY})).text

    assert "backup_age" not in before
    assert value(after, "aiwebengine_backup_age_seconds") == 90_000


def test_the_folder_of_a_dead_instance_is_removed_and_that_of_a_living_one_is_not(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    dead = tmp_path / "aiwebengine-metrics-dead"
    dead.mkdir()
    (dead / "lock").touch()
    (dead / "counter_0.db").touch()

    with shared_folder() as first, shared_folder() as second:
        modes = {oct(folder.stat().st_mode & 0o777) for folder in (first, second)}
        there = {folder.name for folder in tmp_path.iterdir()}

    assert there == {first.name, second.name}
    assert modes == {"0o700"}
    assert list(tmp_path.iterdir()) == []
