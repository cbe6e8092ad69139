"""An answer leaves in one write; this fails when uvicorn no longer writes as we expect."""

import asyncio
from functools import partial

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from tests.conftest import free_port, listening

from aiwebengine.web import writing
from aiwebengine.web.connections import Connections, LimitedHttp, LimitedWebSocket
from aiwebengine.web.crowding import Places

LARGE = 200_000


class Recording:
    """A transport that remembers what was written to it."""

    def __init__(self, transport, writes):
        self._transport = transport
        self._writes = writes

    def write(self, data):
        self._writes.append(bytes(data))
        self._transport.write(data)

    def __getattr__(self, name):
        return getattr(self._transport, name)


@pytest.fixture
def writes(monkeypatch):
    """All writes to the kernel, by any connection."""
    writes = []
    init = writing.BufferedTransport.__init__

    def recorded(self, transport, loop):
        init(self, Recording(transport, writes), loop)

    monkeypatch.setattr(writing.BufferedTransport, "__init__", recorded)
    return writes


async def small(_):
    return PlainTextResponse("small")


async def streamed(_):
    async def parts():
        for number in range(3):
            yield b"%d" % number
            await asyncio.sleep(0.05)

    return StreamingResponse(parts())


async def large(_):
    return PlainTextResponse("x" * LARGE)


class _Direct:
    """Answers with a body that is written past ASGI."""

    async def __call__(self, scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        body = writing.streamed_body(scope)
        assert body.write(writing.chunk(b"second")) == 0
        await asyncio.sleep(0)
        body.write(writing.chunk(b"third"))
        body.end()
        while (await receive())["type"] != "http.disconnect":
            await asyncio.sleep(0)


async def read(path):
    """The whole answer."""
    limits = Connections(Places(10), lambda address: address, 10)
    port = free_port()
    routes = [Route(f"/{one.__name__}", one) for one in (small, streamed, large)]
    app = Starlette(routes=[*routes, Route("/direct", _Direct())])
    protocols = {
        "http": partial(LimitedHttp, limits),
        "ws": partial(LimitedWebSocket, limits, 16_384),
    }
    async with listening(app, port, **protocols), asyncio.timeout(60):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        answer = await reader.read()
        writer.close()
    return answer


async def test_the_head_and_body_of_an_answer_are_one_write(writes):
    answer = await read("/small")

    assert answer.endswith(b"small")
    assert writes == [answer]


async def test_the_parts_of_a_stream_leave_when_they_are_made(writes):
    answer = await read("/streamed")

    assert b"".join(writes) == answer
    assert len(writes) >= 3


async def test_a_large_answer_arrives_whole(writes):
    answer = await read("/large")

    assert answer.endswith(b"x" * LARGE)
    assert b"".join(writes) == answer


async def test_a_body_that_is_written_past_asgi_arrives_whole(writes):
    answer = await read("/direct")

    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    assert body == b"5\r\nfirst\r\n6\r\nsecond\r\n5\r\nthird\r\n0\r\n\r\n"
