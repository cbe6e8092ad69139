"""What fails is an error in the log, once, with who asked; an outage is logged as one."""

import asyncio

import httpx2
from tests.conftest import adder, serving
from tests.logs.conftest import logging_to, told
from tests.test_outage import built, fragile, until_healthy

from aiwebengine.core.identity import Role
from aiwebengine.database.pool import Statement
from aiwebengine.database.slow import SlowStatements

__all__ = ["fragile"]

QUERY = {"query": "{ viewer { email } }"}


async def lines_of(log, event, number=1):
    """The lines of this event, once there are so many."""
    async with asyncio.timeout(30):
        while len(found := [one for one in told(log) if one["event"] == event]) < number:
            await asyncio.sleep(0.05)
    return found


async def requests_of_an_outage(client, token, cookie):
    """One request of each kind: GraphQL, REST and a page, with a token, a session and neither."""
    for headers in (token, cookie):
        await client.post("/graphql", json=QUERY, headers=headers)
        await client.get("/api/engine/admin/users", headers=headers)
        await client.get("/", headers=headers | {"Accept": "text/html"})
        await client.get("/engine/admin", headers=headers | {"Accept": "text/html"})
    await client.get("/", headers={"Accept": "text/html"})


async def test_a_request_of_an_outage_is_an_error_of_the_real_caller(fragile, tmp_path, logged):
    engine = built(fragile.url, tmp_path)
    await engine.prepare()
    async with serving(engine) as served, httpx2.AsyncClient(base_url=served.base) as client:
        ada = await adder(engine)("ada", Role.ADMINISTRATOR)
        alan = await adder(engine)("alan", Role.ADMINISTRATOR)
        token = {"Authorization": f"Bearer {await served.token(ada)}"}
        session = await engine.services.sessions.begin(alan, alan.id, alan.label, "link")
        cookie = {"Cookie": f"aiwebengine_session={session.secret}"}
        for headers in (token, cookie):
            await client.post("/graphql", json=QUERY, headers=headers)
        before = len(await lines_of(logged, "request", 2))

        await asyncio.to_thread(fragile.stop)
        await requests_of_an_outage(client, token, cookie)
        lines = (await lines_of(logged, "request", before + 9))[before:]

    # And by an engine that was started meanwhile, which has seen nobody yet.
    with logging_to(tmp_path / "second.log"):
        second = built(fragile.url, tmp_path)
        async with serving(second) as served, httpx2.AsyncClient(base_url=served.base) as client:
            await requests_of_an_outage(client, token, cookie)
            unseen = await lines_of(tmp_path / "second.log", "request", 9)
    await asyncio.to_thread(fragile.start)

    assert {one["status"] for one in lines} == {one["status"] for one in unseen} == {503}
    assert {one["level"] for one in lines} == {one["level"] for one in unseen} == {"error"}
    assert {tuple(one["codes"]) for one in [*lines, *unseen]} == {("INTERNAL",)}
    assert all(one["error"] and one["request_id"] for one in [*lines, *unseen])
    assert [one["user"] for one in lines] == [
        *["ada@example.com"] * 4,
        *["alan@example.com"] * 4,
        "anonymous",
    ]
    assert {one.get("user_id") for one in lines} == {str(ada.id), str(alan.id), None}
    assert [one["user"] for one in unseen] == [*["unknown"] * 8, "anonymous"]


async def test_an_outage_is_logged_once_and_its_end_too(fragile, tmp_path, logged):
    engine = built(fragile.url, tmp_path)
    await asyncio.to_thread(fragile.stop)
    async with serving(engine) as served, httpx2.AsyncClient(base_url=served.base) as client:
        await lines_of(logged, "database.down")
        # Three more looks, and five more attempts of the engine to connect.
        looks = engine.services.health.seen()[0].times
        async with asyncio.timeout(30):
            while engine.services.health.seen()[0].times < looks + 3:
                await asyncio.sleep(0.05)
        await asyncio.to_thread(fragile.start)
        assert await until_healthy(client, within=20)
        (back,) = await lines_of(logged, "database.up")
        await asyncio.to_thread(fragile.stop)
        again = await lines_of(logged, "database.down", 2)
        await asyncio.to_thread(fragile.start)

    assert [one["level"] for one in again] == ["error", "error"]
    assert back["down_secs"] > 0
    lost = [one for one in told(logged) if one["event"] == "listener.lost"]
    assert len(lost) <= 2
    assert len([one for one in told(logged) if one["event"] == "engine.waiting"]) == 1


async def test_a_fault_behind_an_answer_of_200_is_one_error_with_its_caller_and_trace(
    served, add_served_person, logged
):
    async def broken(*_):
        raise RuntimeError("by accident")

    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    headers = {"Authorization": f"Bearer {await served.token(ada)}"}
    served.engine.services.users.page = broken
    async with httpx2.AsyncClient(base_url=served.base, headers=headers) as client:
        answer = await client.post("/graphql", json={"query": "{ users { nodes { id } } }"})
        (line,) = await lines_of(logged, "request")

    assert answer.status_code == 200
    assert [one for one in told(logged) if one["level"] == "error"] == [line]
    assert (line["user"], line["codes"], line["field"]) == (
        "ada@example.com",
        ["INTERNAL"],
        "users",
    )
    assert "by accident" in line["exception"]


async def test_a_refusal_by_rest_is_no_error_and_has_its_code(served, logged):
    async with httpx2.AsyncClient(base_url=served.base) as client:
        await client.get("/api/engine/admin/users")
        (line,) = await lines_of(logged, "request")

    assert (line["level"], line["status"], line["codes"]) == ("info", 401, ["UNAUTHENTICATED"])
    assert "error" not in line


def test_a_failed_statement_is_an_error_of_its_request_and_no_flood_without_one(caplog):
    failed = Statement("select 1", 0.0, 2.0, True)
    slow = Statement("select 1", 0.0, 2.0, False)
    caplog.set_level("INFO", logger="aiwebengine")

    of_a_request = SlowStatements(100, request_id=lambda: "r1")
    of_a_request.observe(slow)
    of_a_request.observe(failed)
    beside = SlowStatements(100)
    for _ in range(50):
        beside.observe(failed)

    assert [one.levelname for one in caplog.records] == ["WARNING", "ERROR", "WARNING"]
