"""Connections that send nothing, or half a request, or are too many."""

import asyncio
import socket
from contextlib import asynccontextmanager
from functools import partial
from ipaddress import ip_network

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from tests.conftest import free_port, listening

from aiwebengine.app.serving import _listen
from aiwebengine.core.config import Config, Server
from aiwebengine.rate_limits.service import client_network
from aiwebengine.web import connections
from aiwebengine.web.connections import Connections, LimitedHttp, LimitedWebSocket
from aiwebengine.web.crowding import Places, crowds

# Seconds; nothing here is about speed, and a machine may be busy.
PATIENCE = 60

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def echo(request):
    return PlainTextResponse(await request.body())


@asynccontextmanager
async def server(places=1_000, most=1_000):
    """A server within these limits; gives what opens a connection to it."""
    limits = Connections(Places(places), lambda address: address, most)
    port = free_port()
    app = Starlette(routes=[Route("/", echo, methods=["GET", "POST"])])
    opened = []

    async def connect():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        opened.append(writer)
        return reader, writer

    protocols = {
        "http": partial(LimitedHttp, limits),
        "ws": partial(LimitedWebSocket, limits, 16_384),
    }
    async with listening(app, port, **protocols):
        yield connect
        for writer in opened:
            writer.close()


async def answer(reader):
    """Everything until the server closes the connection."""
    async with asyncio.timeout(PATIENCE):
        try:
            return await reader.read()
        except ConnectionResetError:
            return b""


async def ask(reader, writer, request=REQUEST):
    """The status line of an answer."""
    writer.write(request)
    async with asyncio.timeout(PATIENCE):
        head = await reader.readuntil(b"\r\n\r\n")
        return head.splitlines()[0]


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n",
        # Whatever comes after an answer ends the server's own timeout of an idle connection.
        REQUEST + b"\r\n",
        REQUEST + b"GET / HT",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n123456789\r\n\r\n",
    ],
    ids=["nothing", "half", "blank line", "half of the second", "blank lines after a body"],
)
async def test_a_connection_without_a_whole_request_is_closed(monkeypatch, sent):
    monkeypatch.setattr(connections, "HEAD_TIMEOUT_SECS", 0.3)
    async with server() as connect:
        reader, writer = await connect()

        for byte in sent:
            writer.write(bytes([byte]))
            await writer.drain()

        await answer(reader)
        assert reader.at_eof() or reader.exception() is not None


async def test_a_slow_answer_and_an_idle_connection_are_no_half_requests(monkeypatch):
    monkeypatch.setattr(connections, "HEAD_TIMEOUT_SECS", 0.2)
    async with server() as connect:
        reader, writer = await connect()
        slow_reader, slow_writer = await connect()
        first = await ask(reader, writer)
        slow_writer.write(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n")
        late_reader, _ = await connect()
        await answer(late_reader)

        slow = await ask(slow_reader, slow_writer, b"12345")
        second = await ask(reader, writer)

    assert {first, slow, second} == {b"HTTP/1.1 200 OK"}


async def test_an_address_has_so_many_connections_and_a_place_comes_back():
    async with server(places=2) as connect:
        first, second = await connect(), await connect()
        assert await ask(*first) == await ask(*second) == b"HTTP/1.1 200 OK"
        third, _ = await connect()

        refusal = await answer(third)
        second[1].close()
        await second[1].wait_closed()
        later = b""
        async with asyncio.timeout(PATIENCE):
            while later != b"HTTP/1.1 200 OK":
                try:
                    later = await ask(*await connect())
                except (asyncio.IncompleteReadError, ConnectionResetError):
                    await asyncio.sleep(0.01)

    assert refusal.startswith(b"HTTP/1.1 503 ")
    assert b"at most 2 of one address" in refusal


async def test_a_stranger_who_says_nothing_makes_room_for_who_asks():
    async with server(most=3) as connect:
        silent = [await connect() for _ in range(3)]

        answers = [await ask(*await connect()) for _ in range(3)]

        for reader, _ in silent:
            await answer(reader)
        refused = await answer((await connect())[0])

    assert answers == [b"HTTP/1.1 200 OK"] * 3
    assert b"Too many connections: at most 3." in refused


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET /?" + b"a&" * 10_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nAccept: " + b"a/b," * 3_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + b"a: %b\r\n" % (b"b" * 8_000) * 5 + b"\r\n", b"431"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * 9_000, b"400"),
    ],
    ids=["address", "long header", "many headers", "large headers", "tiny chunks"],
)
async def test_a_request_that_takes_long_to_read_is_not_read(request_head, status):
    async with server() as connect:
        reader, writer = await connect()

        assert (await ask(reader, writer, request_head)).split()[1] == status


async def test_a_handshake_that_can_t_be_read_ends_the_connection():
    handshake = (
        b"GET /%b HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
    )
    async with server() as connect:
        reader, writer = await connect()
        writer.write(handshake % (b"a" * 10_000))

        assert await answer(reader) == b""


async def test_trailers_are_no_headers():
    seen = []

    async def note(request):
        await request.body()
        seen.extend(request.headers.keys())
        return PlainTextResponse("")

    limits, port = Connections(Places(9), lambda address: address), free_port()
    app = Starlette(routes=[Route("/", note, methods=["POST"])])
    async with listening(app, port, http=partial(LimitedHttp, limits)):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        await ask(reader, writer, head + b"1\r\na\r\n0\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n")
        writer.close()

    assert sorted(seen) == ["host", "transfer-encoding"]


def test_this_machine_and_proxies_are_not_counted_and_a_subscriber_is_one():
    crowd = crowds(client_network, [ip_network("10.0.0.0/8")])

    assert [crowd(one) for one in (None, "127.0.0.1", "::1", "10.1.2.3")] == [None] * 4
    assert crowd("192.0.2.1") != crowd("192.0.2.2")
    assert crowd("2001:db8::1") == crowd("2001:db8::2") != crowd("2001:db8:0:1::1")


async def test_a_client_that_does_not_read_its_answer_is_let_go_by_the_kernel():
    with _listen(Config(server=Server(port=0))) as listener:
        listener.listen()
        with socket.create_connection(listener.getsockname(), PATIENCE):
            accepted, _ = listener.accept()
            with accepted:
                unread = accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
                alive = accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)

    assert 0 < unread <= 300_000
    assert alive
