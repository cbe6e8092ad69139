"""One line for each request: what it contains, and what it never contains."""

import asyncio
import json

import httpx2
import pytest
import websockets
from tests.conftest import free_port, serving
from tests.logs.conftest import told

from aiwebengine.app.engine import Engine
from aiwebengine.core.config import Config, Logging, Repository, Server
from aiwebengine.core.errors import Conflict
from aiwebengine.core.identity import Role, operator
from aiwebengine.logs import redaction
from aiwebengine.logs.types import LogFilter


@pytest.fixture
async def client(served, add_served_person, logged):
    """Asks as an administrator's token."""
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    headers = {"Authorization": f"Bearer {await served.token(ada)}", "Origin": served.base}
    async with httpx2.AsyncClient(base_url=served.base, headers=headers) as client:
        client.ada = ada
        yield client


async def request_lines(log, number):
    """The lines of so many requests, once they are written."""
    async with asyncio.timeout(10):
        while len(found := [one for one in told(log) if one["event"] == "request"]) < number:
            await asyncio.sleep(0.02)
    assert len(found) == number
    return found


async def test_the_line_of_a_query_has_caller_operation_and_cost(client, logged):
    answer = await client.post(
        "/graphql?access_token=c2VjcmV0",
        json={"query": "query People { users { nodes { email roles } } }"},
    )

    (line,) = await request_lines(logged, 1)
    assert answer.status_code == 200
    assert line.pop("ms") >= line.pop("db_ms") > 0
    assert line.pop("db_queries") >= 3
    assert line.pop("token_id")
    assert line.pop("timestamp")
    assert line == {
        "level": "info",
        "event": "request",
        "logger": "aiwebengine.web.access_log",
        "request_id": answer.headers["x-request-id"],
        "method": "POST",
        "path": "/graphql",
        "operation": "People",
        "kind": "query",
        "door": "graphql",
        "user": "ada@example.com",
        "user_id": str(client.ada.id),
        "roles": ["Administrator", "Authenticated"],
        "address": "127.0.0.1",
        "status": 200,
    }


async def test_of_several_request_ids_the_one_that_was_added_last_counts(url, tmp_path, logged):
    config = Config(
        repository=Repository(data_dir=tmp_path), server=Server(trusted_proxies=["127.0.0.1/32"])
    )
    engine = Engine(config.at_port(free_port()), url)
    await engine.prepare()
    async with serving(engine) as behind, httpx2.AsyncClient(base_url=behind.base) as proxy:
        for ids in (["caller", "proxy"], ["caller", "no id; at all"]):
            headers = [("X-Request-Id", one) for one in ids]
            await proxy.post("/graphql", json={"query": "{ viewer { id } }"}, headers=headers)

    first, second = await request_lines(logged, 2)
    assert first["request_id"] == "proxy"
    assert len(second["request_id"]) == 16


async def test_a_usual_line_is_redacted_at_one_look(client, logged, monkeypatch):
    def closely(value, key=""):
        raise AssertionError(f"{key} was looked at by itself")

    monkeypatch.setattr(redaction, "redacted", closely)
    await client.post("/graphql", json={"query": "{ viewer { id } }"})

    await request_lines(logged, 1)


async def test_a_refusal_is_logged_with_its_code_and_an_anonymous_caller(served, logged):
    async with httpx2.AsyncClient(base_url=served.base) as stranger:
        await stranger.post("/graphql", json={"query": "{ users { totalCount } }"})
        await stranger.get("/assets/0/nothing.js")
        await stranger.post("/graphql", json={"query": "{ nothing }"})

    first, second, third = await request_lines(logged, 3)
    assert (first["operation"], first["codes"]) == ("users", ["UNAUTHENTICATED"])
    assert first["user"] == second["user"] == "anonymous"
    assert (second["path"], second["status"]) == ("/assets/0/nothing.js", 404)
    assert third["codes"] == ["BAD_USER_INPUT"]
    assert "user_id" not in first


async def test_each_operation_on_a_websocket_has_its_own_line_and_metrics(served, client, logged):
    async with websockets.connect(
        served.base.replace("http:", "ws:") + "/graphql",
        subprotocols=["graphql-transport-ws"],
        additional_headers={"Authorization": client.headers["Authorization"]},
    ) as socket:
        await socket.send('{"type": "connection_init"}')
        await socket.recv()
        for name in ("First", "Second"):
            payload = {"query": f"query {name} {{ users {{ totalCount }} }}"}
            await socket.send(json.dumps({"type": "subscribe", "id": name, "payload": payload}))
            for _ in range(2):
                await socket.recv()

    lines = await request_lines(logged, 2)
    assert [(line["method"], line["operation"]) for line in lines] == [
        ("WS", "First"),
        ("WS", "Second"),
    ]
    assert {line["user_id"] for line in lines} == {str(client.ada.id)}
    assert all(1 <= line["db_queries"] <= 4 for line in lines)


async def test_health_requests_are_not_logged_at_info(served, logged):
    async with httpx2.AsyncClient(base_url=served.base) as stranger:
        await stranger.get("/health")
        await stranger.get("/auth/login")

    (line,) = await request_lines(logged, 1)
    assert line["path"] == "/auth/login"


async def test_a_role_change_is_logged_after_its_commit_and_found_as_in_the_guide(
    client, served, add_served_person, logged
):
    eve = await add_served_person("eve")
    grant = f'mutation {{ grantRole(input: {{userId: "{eve.id}", role: EDITOR}}) {{ changed }} }}'
    answer = await client.post("/graphql", json={"query": grant})

    (granted,) = [
        line
        for line in told(logged)
        if line["event"] == "audit.recorded" and line["action"] == "role.granted"
        if line["target"] == "eve@example.com"
    ]
    assert granted["role"] == "Editor"
    assert granted["actor"] == "ada@example.com"
    assert granted["request_id"] == answer.headers["x-request-id"]
    stored = json.dumps(granted).lower()
    assert "manager" in stored
    assert "admin" in stored


async def test_a_rolled_back_change_is_not_logged(engine, ada, alan, logged):
    class Undone(Exception):
        pass

    with pytest.raises(Undone):
        async with engine.db.transaction():
            await engine.services.users.grant_role(ada, alan.id, Role.EDITOR)
            raise Undone
    async with engine.db.transaction():
        with pytest.raises(Undone):
            async with engine.db.transaction():
                await engine.services.users.grant_role(ada, alan.id, Role.EDITOR)
                raise Undone

    async with engine.db.transaction():
        await engine.services.users.grant_role(ada, alan.id, Role.EDITOR)
        assert not logged.exists()

    assert [line["event"] for line in told(logged)] == ["audit.recorded"]


async def test_an_uncaught_exception_is_logged_with_its_request(client, served, logged):
    async def broken(*_):
        raise RuntimeError("by accident")

    served.engine.services.users.page = broken
    answer = await client.post("/graphql", json={"query": "{ users { nodes { id } } }"})

    (bug,) = [line for line in told(logged) if line["level"] == "error"]
    assert bug["request_id"] == answer.headers["x-request-id"]
    assert "by accident" in bug["exception"]


async def test_no_live_secret_is_ever_in_the_log(served, add_served_person, logged, capfd):
    services, root = served.engine.services, operator("tests")
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    secrets = [await served.token(ada), "awe_" + "0" * 42, "hunter2-in-a-variable"]
    link = await services.sign_in.link_for(root, "ada@example.com")
    secrets.append(link)
    async with httpx2.AsyncClient(base_url=served.base) as client:
        for token in secrets[:2]:
            headers = {"Authorization": f"Bearer {token}"}
            await client.get("/api/engine/admin/users", headers=headers)
        answer = await client.get("/auth/link", params={"token": link})
        session = answer.cookies["aiwebengine_session"]
        secrets.append(session)
        await client.get("/auth/link", params={"token": link})
        headers = {"Authorization": f"Bearer {secrets[0]}", "Origin": served.base}
        query = "query Q($search: String) { users(search: $search) { totalCount } }"
        for document in (query, query.replace("Q(", "Q(($")):
            await client.post(
                "/graphql",
                json={"query": document, "variables": {"search": secrets[2]}},
                headers=headers,
            )
        made = await client.post(
            "/graphql",
            json={"query": 'mutation { createApiToken(input: {name: "x"}) { secret } }'},
            headers=headers,
        )
        assert "errors" not in made.json(), made.text
        secrets.append(made.json()["data"]["createApiToken"]["secret"])
        await client.get(f"/nothing/{secrets[0]}")
        await client.post("/auth/logout", json={}, headers=headers)

    await request_lines(logged, 9)
    text = logged.read_text() + "".join(capfd.readouterr())
    assert len(set(secrets)) == 6
    assert [secret for secret in secrets if secret in text] == []


async def test_an_engine_without_a_log_file_says_so(url, tmp_path):
    config = Config(logging=Logging(file=None), repository=Repository(data_dir=tmp_path))
    engine = Engine(config, url)

    with pytest.raises(Conflict):
        await engine.services.logs.page(operator("tests"), LogFilter(), None, 1)
    assert (await engine.services.logs.tidy()).removed == []
