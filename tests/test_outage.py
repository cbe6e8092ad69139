"""A database that is down at start, goes down while we serve, or freezes: never a wrong answer."""

import asyncio
import contextlib
import time

import httpx2
import pytest
from tests.conftest import adder, free_port, serving
from tests.freezing import frozen, postgres_in

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Config, Repository
from aiwebengine.core.identity import Role
from aiwebengine.database.embedded import embedded_postgres


class Fragile:
    """A PostgreSQL of this test's own, that may be stopped, started and frozen."""

    def __init__(self, folder):
        self.folder = folder
        self._stack = contextlib.ExitStack()
        self._frozen = contextlib.ExitStack()
        self.url = ""

    def start(self):
        self.url = self._stack.enter_context(embedded_postgres(self.folder))

    def stop(self):
        self._stack.close()

    def freeze(self):
        self._frozen.enter_context(frozen(postgres_in(self.folder)))

    def thaw(self):
        self._frozen.close()


@pytest.fixture
def fragile(tmp_path):
    fragile = Fragile(tmp_path / "fragile")
    fragile.start()
    yield fragile
    fragile.stop()


def built(url, tmp_path):
    repository = Repository(data_dir=tmp_path, statement_timeout_secs=2, acquire_timeout_secs=2)
    return Engine(Config(repository=repository).at_port(free_port()), url)


async def until_healthy(client, within):
    end = time.monotonic() + within
    while time.monotonic() < end:
        if (await client.get("/health")).status_code == 200:
            return True
        await asyncio.sleep(0.1)
    return False


async def test_an_outage_is_answered_with_503_and_ends_by_itself(fragile, tmp_path):
    engine = built(fragile.url, tmp_path)
    await engine.prepare()
    async with (
        serving(engine) as served,
        httpx2.AsyncClient(base_url=served.base, timeout=30) as client,
    ):
        ada = await adder(engine)("ada", Role.ADMINISTRATOR)
        token = {"Authorization": f"Bearer {await served.token(ada)}"}
        session = await engine.services.sessions.begin(ada, ada.id, ada.label, "link")
        cookie = {"Cookie": f"aiwebengine_session={session.secret}"}
        query = {"query": "{ viewer { email } }"}

        await asyncio.to_thread(fragile.stop)
        answers = [
            await client.get("/health"),
            await client.post("/graphql", json=query, headers=token),
            await client.post("/graphql", json=query, headers=cookie),
            await client.get("/api/engine/admin/users", headers=token),
            await client.get("/engine/admin", headers=cookie | {"Accept": "text/html"}),
            await client.get("/", headers=cookie | {"Accept": "text/html"}),
        ]
        await asyncio.to_thread(fragile.start)
        healed = await until_healthy(client, within=10)
        back = await client.post("/graphql", json=query, headers=cookie)

    assert [answer.status_code for answer in answers] == [503] * 6
    assert answers[0].json()["status"] == "fail"
    assert answers[1].json()["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert answers[3].headers["retry-after"]
    assert all("asyncpg" not in answer.text for answer in answers)
    assert healed
    assert back.json() == {"data": {"viewer": {"email": "ada@example.com"}}}


async def test_a_frozen_database_does_not_freeze_the_engine(fragile, tmp_path):
    engine = built(fragile.url, tmp_path)
    await engine.prepare()
    async with serving(engine) as served:
        async with httpx2.AsyncClient(base_url=served.base, timeout=30) as client:
            ada = await adder(engine)("ada", Role.ADMINISTRATOR)
            token = {"Authorization": f"Bearer {await served.token(ada)}"}
            query = {"query": "{ users(first: 1) { totalCount } }"}

            fragile.freeze()
            try:
                async with asyncio.timeout(12):
                    health, asked = await asyncio.gather(
                        client.get("/health"), client.post("/graphql", json=query, headers=token)
                    )
            finally:
                fragile.thaw()
            healed = await until_healthy(client, within=10)
            back = await client.post("/graphql", json=query, headers=token)

    assert (health.status_code, asked.status_code) == (503, 503)
    assert health.elapsed.total_seconds() < 2
    assert healed
    assert back.json() == {"data": {"users": {"totalCount": 1}}}


async def test_repeated_health_requests_do_not_fill_the_log_during_an_outage(
    fragile, tmp_path, caplog
):
    engine = built(fragile.url, tmp_path)
    await engine.prepare()
    async with serving(engine) as served:
        async with httpx2.AsyncClient(base_url=served.base, timeout=30) as client:
            fragile.freeze()
            caplog.clear()
            try:
                async with asyncio.timeout(30):
                    answers = [await client.get("/health") for _ in range(4)]
            finally:
                fragile.thaw()

    probes = [one for one in caplog.records if getattr(one, "statement", "") == "select true"]
    assert [answer.status_code for answer in answers] == [503] * 4
    assert "ERROR" not in {one.levelname for one in probes}
    assert sum(one.levelname == "WARNING" for one in probes) <= 1


async def test_a_database_that_comes_later_is_waited_for(fragile, tmp_path):
    await asyncio.to_thread(fragile.stop)
    engine = built(fragile.url, tmp_path)
    async with (
        serving(engine) as served,
        httpx2.AsyncClient(base_url=served.base, timeout=30) as client,
    ):
        health = await client.get("/health")
        asked = await client.post("/graphql", json={"query": "{ viewer { id } }"})
        page = await client.get("/auth/login", headers={"Accept": "text/html"})

        await asyncio.to_thread(fragile.start)
        healed = await until_healthy(client, within=10)
        back = await client.post("/graphql", json={"query": "{ viewer { id } }"})

    assert (health.status_code, asked.status_code) == (503, 503)
    assert page.status_code == 200
    assert healed
    assert back.json() == {"data": {"viewer": None}}


async def test_a_listener_delivers_what_it_missed_while_disconnected(fragile, tmp_path):
    engine = built(fragile.url, tmp_path)
    await engine.prepare()
    async with serving(engine):
        ada = await adder(engine)("ada", Role.ADMINISTRATOR)
        alan = await adder(engine)("alan")
        async with engine.live.follow() as events:
            while engine.live._newest is None:
                await asyncio.sleep(0.01)
            await engine.db.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'aiwebengine listener'"
            )
            await engine.services.users.grant_role(ada, alan.id, Role.EDITOR)
            async with asyncio.timeout(10):
                told = [await anext(events)]
                while told[-1].action.value != "role.granted":
                    told.append(await anext(events))

    assert told[-1].target_label == "alan@example.com"
