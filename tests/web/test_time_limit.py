"""A request ends in time, and its work with it."""

import asyncio
import json
import socket

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route
from tests.conftest import adder, free_port, listening, locked, serving, until

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Config, Repository, Server
from aiwebengine.core.identity import Role
from aiwebengine.web.middleware import TimeLimit

LIST = {"query": "{ users(first: 1) { nodes { email } } }"}


@pytest.fixture
async def hasty(url, tmp_path):
    """An engine that takes half a second for a request at most."""
    repository, server = Repository(data_dir=tmp_path), Server(request_timeout_secs=0.5)
    engine = Engine(Config(repository=repository, server=server).at_port(free_port()), url)
    await engine.prepare()
    async with serving(engine) as served:
        yield served


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("GET", "/api/engine/admin/users", None), ("POST", "/graphql", LIST)],
)
async def test_what_takes_too_long_is_refused_and_its_statement_ended(
    hasty, url, method, path, body
):
    ada = await adder(hasty.engine)("ada", Role.ADMINISTRATOR)
    token = {"Authorization": f"Bearer {await hasty.token(ada)}"}
    async with httpx2.AsyncClient(base_url=hasty.base, headers=token, timeout=30) as client:
        async with locked(url, "users") as waiting:
            late = await client.request(method, path, json=body)
            await until(lambda: not waiting(), 20)
        async with asyncio.timeout(20):
            # On a busy machine half a second may be too short for the next one, too.
            while (again := await client.request(method, path, json=body)).status_code == 503:
                pass

    assert (late.status_code, again.status_code) == (503, 200)
    assert late.headers["retry-after"]
    told = late.json()
    said = told["detail"] if method == "GET" else told.get("detail") or told["errors"][0]["message"]
    assert "took longer than 0.5 s" in said


async def test_graphql_reports_the_timeout_in_its_own_format(hasty, url):
    ada = await adder(hasty.engine)("ada", Role.ADMINISTRATOR)
    token = {"Authorization": f"Bearer {await hasty.token(ada)}"}
    # The lock is for what the query reads, not for who asks.
    async with locked(url, "audit_events"):
        async with httpx2.AsyncClient(base_url=hasty.base, headers=token, timeout=30) as client:
            query = {"query": "{ auditEvents(first: 1) { nodes { id } } }"}
            late = await client.post("/graphql", json=query)

    assert late.status_code == 503
    assert "took longer than 0.5 s" in late.json()["errors"][0]["message"]


async def test_a_body_that_does_not_come_is_not_waited_for(hasty):
    def send_half():
        with socket.create_connection(("127.0.0.1", hasty.engine.config.server.port)) as sender:
            sender.settimeout(30)
            sender.sendall(
                b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Content-Length: 100\r\n\r\n{"
            )
            answer = b""
            while part := sender.recv(65_536):
                answer += part
            return answer

    answer = await asyncio.to_thread(send_half)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["errors"][0]["message"] == (
        "The request's body did not arrive within 0.5 s."
    )


async def test_an_answer_that_has_begun_may_take_as_long_as_it_takes():
    async def parts():
        for part in ("one ", "two ", "three"):
            await asyncio.sleep(0.3)
            yield part

    async def stream(_):
        return StreamingResponse(parts(), media_type="text/plain")

    port = free_port()
    app = TimeLimit(Starlette(routes=[Route("/", stream)]), seconds=0.2)
    async with listening(app, port), httpx2.AsyncClient() as client:
        answer = await client.get(f"http://localhost:{port}")

    assert (answer.status_code, answer.text) == (200, "one two three")
