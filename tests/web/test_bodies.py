"""Bodies: how much is read, of whom, and what becomes of one that ends too early."""

import asyncio
import json
import logging
import socket
import time

import httpx2
import pytest
from tests.conftest import until

from aiwebengine.core.identity import Role

PATIENCE = 60
JSON = {"content-type": "application/json"}


@pytest.fixture
async def client(served):
    async with httpx2.AsyncClient(base_url=served.base, timeout=PATIENCE) as client:
        yield client


@pytest.fixture
async def token(served, add_served_person):
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    return {"Authorization": f"Bearer {await served.token(ada)}"}


def padded(size):
    """A body of this size that asks who asks."""
    body = '{"query":"{viewer{id}}"}'
    return (body + " " * (size - len(body))).encode()


async def parts(body):
    for begin in range(0, len(body), 4_096):
        yield body[begin : begin + 4_096]


async def test_a_stranger_s_body_is_read_up_to_its_limit_and_anybody_else_s_up_to_the_usual_one(
    client, token
):
    async def statuses(size, headers):
        told = await client.post("/graphql", content=padded(size), headers=JSON | headers)
        streamed = await client.post(
            "/graphql", content=parts(padded(size)), headers=JSON | headers
        )
        return told.status_code, streamed.status_code

    assert await statuses(16_384, {}) == (200, 200)
    assert await statuses(16_385, {}) == (413, 413)
    assert await statuses(900_000, token) == (200, 200)
    assert await statuses(1_100_000, token) == (413, 413)


async def test_a_stranger_s_large_body_is_refused_before_it_is_sent(served):
    reader, writer = await asyncio.open_connection("localhost", served.engine.config.server.port)
    writer.write(
        b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Expect: 100-continue\r\nContent-Length: 20000\r\n\r\n"
    )

    async with asyncio.timeout(PATIENCE):
        first = await reader.readline()
    writer.close()

    assert first.split()[1] == b"413"


@pytest.mark.parametrize(("fields", "status"), [(20, 404), (250_000, 413)])
async def test_a_form_is_as_large_as_any_body_of_a_stranger_at_most(client, fields, status):
    content = "&".join(["a=b"] * fields)
    kind = {"content-type": "application/x-www-form-urlencoded"}

    response = await client.post("/auth/callback/nowhere", content=content, headers=kind)

    assert response.status_code == status


def _status(record):
    return getattr(record, "fields", {}).get("status")


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_bug(served, client, caplog):
    caplog.set_level(logging.INFO)
    failed = served.engine.counters.errors
    head = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("localhost", served.engine.config.server.port)) as leaving:
        leaving.sendall(head + b"Content-Length: 100\r\n\r\n{")

    await until(lambda: any(_status(one) == 499 for one in caplog.records), PATIENCE)

    assert "request.bug" not in [one.message for one in caplog.records]
    assert served.engine.counters.errors == failed


async def test_deep_variables_are_no_bug_by_post_by_get_and_as_events(client, caplog):
    deep = '{"a":' * 900 + "1" + "}" * 900
    body = f'{{"query":"{{viewer{{id}}}}","variables":{deep}}}'

    posted = await client.post("/graphql", content=body, headers=JSON)
    streamed = await client.post(
        "/graphql", content=body, headers=JSON | {"accept": "text/event-stream"}
    )
    read = await client.get("/graphql", params={"query": "{viewer{id}}", "variables": deep})

    for response in (posted, streamed, read):
        error = response.json()["errors"][0]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert error["message"] == "variables: found 900 levels of nesting; allowed: 64."
    assert "request.bug" not in [one.message for one in caplog.records]


async def test_three_hostile_clients_take_no_more_than_other_strangers(served):
    hostile = [
        json.dumps({"query": "{viewer{id}}", "variables": {"A" * 50_000: [0] * 30_000}}),
        json.dumps({"query": "{" + "viewer{id} " * 490 + "}"}),
        json.dumps({"query": "{" + " ".join(f"a{i}" for i in range(500)) + "}"}),
    ]
    usual = ['{"query":"{viewer{id}}"}'] * 3

    await attacked(served, usual)
    base, answers = await attacked(served, usual)
    took, answers_beside = await attacked(served, hostile)

    assert set(answers) == set(answers_beside) == {200}
    assert took < 5 * base


async def attacked(served, bodies, times=10):
    """The processor's time while three clients send these bodies, and what /health answers."""
    async with httpx2.AsyncClient(base_url=served.base, timeout=PATIENCE) as client:

        async def send(body):
            for _ in range(times):
                await client.post("/graphql", content=body, headers=JSON)

        began = time.process_time()
        tasks = [asyncio.create_task(send(body)) for body in bodies]
        answers = [(await client.get("/health")).status_code for _ in range(times)]
        await asyncio.gather(*tasks)
        return time.process_time() - began, answers


async def test_those_who_ask_for_the_health_share_one_look_for_a_second_at_most(served, client):
    looks = []

    def note(statement):
        if statement.sql == "select true":
            looks.append(statement)

    served.engine.db.observers.append(note)
    began = time.monotonic()
    answers = await asyncio.gather(*(client.get("/health") for _ in range(60)))
    took = time.monotonic() - began

    assert {one.status_code for one in answers} == {200}
    # One look for each second that passed; the engine itself looks every few seconds.
    assert 1 <= len(looks) <= 3 + took
    async with asyncio.timeout(PATIENCE):
        before = len(looks)
        while len(looks) == before:
            await client.get("/health")
