"""A client that leaves early, at whatever moment, is no fault of ours."""

import asyncio
import json
import socket

import pytest
import websockets
from tests.conftest import until
from tests.logs.conftest import logging_to, told

from aiwebengine.core.identity import Role

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"


@pytest.fixture
def logged(tmp_path):
    """The log of everything that happens in this test."""
    log = tmp_path / "logs" / "engine.log"
    log.parent.mkdir()
    log.touch()
    with logging_to(log):
        yield log


@pytest.fixture
async def token(served, add_served_person):
    return await served.token(await add_served_person("ada", Role.ADMINISTRATOR))


def head(served, method, path, token=None, **headers):
    """The head of a request, as it is sent."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: localhost:{served.engine.config.server.port}"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def send_and_leave(served, content, read=0):
    """Send this, read so many bytes, and cut the connection off."""
    with socket.create_connection(("localhost", served.engine.config.server.port), 10) as leaving:
        # A reset, which is ruder than an end.
        leaving.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        leaving.sendall(content)
        if read:
            leaving.recv(read)


def faults(log):
    return [
        one
        for one in told(log)
        if "exception" in one or one["event"].endswith(".bug") or one["level"] == "error"
    ]


async def lines_end(log, event="request", number=1):
    await until(lambda: len([1 for one in told(log) if one["event"] == event]) >= number, 30)


@pytest.mark.parametrize(
    ("path", "kind", "is_known"),
    [
        ("/graphql", JSON, True),
        ("/graphql", JSON, False),
        ("/api/engine/admin/users/8e2f9a5c-0000-4000-8000-000000000000/roles", JSON, True),
        ("/auth/logout", JSON, True),
        ("/auth/callback/nowhere", FORM, False),
        ("/auth/callback/nowhere", MULTIPART, False),
        ("/nothing", JSON, False),
    ],
)
async def test_in_the_middle_of_a_body(served, token, logged, path, kind, is_known):
    request = head(
        served,
        "POST",
        path,
        token if is_known else None,
        Content_Type=kind,
        Content_Length=100,
        Origin=served.base,
    )

    await asyncio.to_thread(send_and_leave, served, request + b"{")
    await lines_end(logged)

    assert faults(logged) == []


async def test_in_the_middle_of_an_answer(served, token, logged):
    answers = ["/api/engine/admin/logs", "/api/engine/admin/audit?format=csv", "/engine/admin"]

    for path in answers:
        await asyncio.to_thread(send_and_leave, served, head(served, "GET", path, token), 20)
    await lines_end(logged, number=len(answers))

    assert faults(logged) == []


async def test_in_the_middle_of_an_event_stream(served, token, logged):
    body = json.dumps({"query": "subscription { logEntryAdded { id } }"}).encode()
    request = head(
        served,
        "POST",
        "/graphql",
        token,
        Content_Type=JSON,
        Accept="text/event-stream",
        Content_Length=len(body),
    )

    await asyncio.to_thread(send_and_leave, served, request + body, 20)
    await lines_end(logged)

    assert faults(logged) == []


async def test_in_the_middle_of_a_sockets_operation(served, token, logged):
    socket_ = await websockets.connect(
        served.base.replace("http:", "ws:") + "/graphql",
        subprotocols=["graphql-transport-ws"],
        additional_headers={"Authorization": f"Bearer {token}"},
    )
    await socket_.send('{"type": "connection_init"}')
    await socket_.recv()
    for number in range(5):
        payload = {"query": "{ users { totalCount } auditEvents { totalCount } }"}
        await socket_.send(json.dumps({"type": "subscribe", "id": str(number), "payload": payload}))
    socket_.transport.abort()
    await lines_end(logged, number=5)

    assert faults(logged) == []
