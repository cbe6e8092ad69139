"""WebSockets of scripts over the network, with real processes."""

import asyncio
import json
from secrets import token_hex

import pytest
from tests.script_streams.conftest import until
from tests.script_streams.listening import PATIENCE
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from aiwebengine.script_streams import limits
from aiwebengine.script_streams.socket import OpenSocket

SOURCE = """
const shown = (data) => typeof data === "string" ? data : `bytes ${[...data]}`;
export const sockets = {
  "/chat/:group": {
    origins: ["https://friend.example"],
    protocols: ["chat.2", "chat.1"],
    async open(socket, env, ctx) {
      const name = new URL(socket.request.url).searchParams.get("name");
      const headers = { "x-why": "name" };
      if (name === "nobody") return new Response("not you", { status: 403, headers });
      if (name === "broken") throw new Error("it broke");
      if (name === "user") ctx.requireAuth();
      await socket.send(`welcome to ${ctx.params.group}`);
      return { name };
    },
    async message(socket, data, env, ctx) {
      if (data === "throw") throw new Error("it broke");
      if (data === "bytes") return socket.send(new Uint8Array([1, 2, 3]));
      if (data === "close") return socket.close(4000, "as you wish");
      if (data === "id") return socket.send(socket.id);
      if (data.startsWith?.("all ")) return env.streams.send(socket.path, data.slice(4));
      if (data.startsWith?.("to ")) {
        const [, id, text] = data.split(" ");
        const other = env.streams.socket(id);
        if (text === "close") return other.close(4001, "go");
        return other.send(text === "bytes" ? new Uint8Array([7]) : text);
      }
      await socket.send(`${ctx.params.group}: ${shown(data)}`);
    },
    async close(socket, { code, reason }, env) {
      await env.streams.send("/closed", { code, reason, path: socket.path });
    },
  },
  "/quiet": {},
};
export const streams = { "/closed": () => ({}), "/chat/:group": () => ({}) };
export const routes = {
  "POST /send": async (request, env) => {
    const { channel, data, ...options } = await request.json();
    await env.streams.send(channel, data, options);
    return new Response("sent");
  },
  "POST /to": async (request, env) => {
    const { id, data, code, reason } = await request.json();
    const socket = env.streams.socket(id);
    try {
      await (code === undefined ? socket.send(data) : socket.close(code, reason));
    } catch (error) {
      return new Response(error.message, { status: 400 });
    }
    return new Response("sent");
  },
};
"""


@pytest.fixture
async def chat(live):
    await live.deploy(SOURCE)
    return live


def joined(live, path, **options):
    return connect(f"ws://localhost:{live.port}{path}", open_timeout=PATIENCE, **options)


async def taken(socket, count=1):
    async with asyncio.timeout(PATIENCE):
        return [await socket.recv() for _ in range(count)]


async def closed(socket):
    """Code and reason of the end, after whatever still comes."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await socket.recv()
            except ConnectionClosed:
                return socket.close_code, socket.close_reason


async def test_messages_go_in_and_out_in_order(chat):
    async with joined(chat, "/chat/a") as socket:
        for number in range(20):
            await socket.send(str(number))
        await socket.send(b"\x00\xff")
        await socket.send("bytes")

        assert await taken(socket, 23) == [
            "welcome to a",
            *(f"a: {number}" for number in range(20)),
            "a: bytes 0,255",
            b"\x01\x02\x03",
        ]


async def test_a_channel_reaches_sockets_and_streams_of_its_path(chat):
    async with (
        joined(chat, "/chat/a?name=ada") as ada,
        joined(chat, "/chat/a?name=bob") as bob,
        joined(chat, "/chat/b") as other,
        chat.listening("/chat/a") as stream,
    ):
        for one in (ada, bob, other):
            await taken(one)
        await ada.send("all hello")
        assert await taken(bob) == await taken(ada) == ["hello"]
        await chat.send("/chat/:group", "bob's", match={"name": "bob"})
        await chat.send("/chat/:group", "everybody's")

        assert await taken(ada) == ["everybody's"]
        assert await taken(bob, 2) == ["bob's", "everybody's"]
        assert await taken(other) == ["everybody's"]
        assert await stream.data(2) == ["hello", "everybody's"]


async def test_a_socket_is_reached_by_its_id_from_any_call(chat):
    async with joined(chat, "/chat/a") as one, joined(chat, "/chat/b") as other:
        await other.send("id")
        _, other_id = await taken(other, 2)

        await one.send(f"to {other_id} hello")
        assert await taken(other) == ["hello"]
        await one.send(f"to {other_id} bytes")
        assert await taken(other) == [b"\x07"]
        await one.send(f"to {other_id} close")
        assert await closed(other) == (4001, "go")


async def test_a_socket_is_reached_in_another_worker(chat, monkeypatch):
    async with joined(chat, "/chat/a") as socket:
        await socket.send("id")
        _, socket_id = await taken(socket, 2)
        # As in a worker where it is not open.
        monkeypatch.setattr(chat.connections.sockets, "find", lambda _: None)

        await chat.post("/to", id=socket_id, data="hello")
        assert await taken(socket) == ["hello"]
        await chat.post("/to", id=socket_id, code=4002, reason="go")
        assert await closed(socket) == (4002, "go")


async def test_another_script_does_not_reach_it(chat):
    await chat.deploy(SOURCE.replace('"/', '"/other/').replace(" /", " /other/"), "other")
    async with joined(chat, "/chat/a") as socket:
        await socket.send("id")
        _, socket_id = await taken(socket, 2)

        await chat.post("/other/to", id=socket_id, data="stolen")
        await chat.post("/to", id=socket_id, data="own")
        assert await taken(socket) == ["own"]


@pytest.mark.parametrize(("name", "status"), [("nobody", 403), ("broken", 500), ("user", 401)])
async def test_the_script_refuses_a_connection(chat, name, status):
    with pytest.raises(InvalidStatus) as refused:
        async with joined(chat, f"/chat/a?name={name}"):
            pass

    assert refused.value.response.status_code == status
    if name == "nobody":
        assert refused.value.response.headers["x-why"] == "name"
        assert refused.value.response.body == b"not you"
    assert chat.connections.sockets.open == []


async def test_paths_without_a_socket_and_requests_without_a_websocket_are_refused(chat):
    for path in ("/send", "/nowhere", "/closed"):
        with pytest.raises(InvalidStatus):
            async with joined(chat, path):
                pass
    async with chat.listening("/quiet") as client:
        assert client.status == 405


@pytest.mark.parametrize(
    ("origin", "is_allowed"),
    [
        (None, True),
        ("own", True),
        ("https://friend.example", True),
        ("https://friend.example.evil.example", False),
        ("https://evil.example", False),
        ("null", False),
        ("https://localhost", False),
    ],
)
async def test_pages_of_other_origins_must_be_listed(chat, origin, is_allowed):
    own = f"http://localhost:{chat.port}" if origin == "own" else origin
    joining = joined(chat, "/chat/a", origin=own)
    if is_allowed:
        async with joining as socket:
            assert await taken(socket) == ["welcome to a"]
    else:
        with pytest.raises(InvalidStatus) as refused:
            async with joining:
                pass
        assert refused.value.response.status_code == 403


async def test_a_declared_protocol_is_chosen(chat):
    async with joined(chat, "/chat/a", subprotocols=["x", "chat.1", "chat.2"]) as socket:
        assert socket.subprotocol == "chat.1"
    async with joined(chat, "/quiet", subprotocols=["x"]) as socket:
        assert socket.subprotocol is None


@pytest.mark.parametrize(
    ("sent", "end"),
    [
        ("close", (4000, "as you wish")),
        ("throw", (1011, "The script failed")),
        ("x" * (limits.LARGEST_FRAME_BYTES + 1), (1009, "At most 65536 bytes")),
    ],
    ids=["close", "throw", "large"],
)
async def test_a_socket_is_closed_and_the_script_learns_why(chat, sent, end):
    async with chat.listening("/closed") as closings, joined(chat, "/chat/a") as socket:
        await socket.send(sent)

        assert await closed(socket) == end
        (told,) = await closings.data(1)
    assert json.loads(told) == {"code": end[0], "reason": end[1], "path": "/chat/a"}
    await until(lambda: not chat.connections.broadcast._receivers)
    assert chat.connections.sockets.open == []


async def test_the_script_learns_that_a_client_has_left(chat):
    async with chat.listening("/closed") as closings:
        async with joined(chat, "/chat/a") as socket:
            await socket.close(4005, "bye")

        (told,) = await closings.data(1)
    assert json.loads(told) == {"code": 4005, "reason": "bye", "path": "/chat/a"}


async def test_too_many_messages_close_a_socket(chat, monkeypatch):
    monkeypatch.setattr(limits, "RECEIVED_AT_ONCE", 3)
    monkeypatch.setattr(limits, "RECEIVED_PER_SEC", 0)
    async with joined(chat, "/chat/a") as socket:
        for number in range(5):
            await socket.send(str(number))

        assert await taken(socket, 4) == ["welcome to a", "a: 0", "a: 1", "a: 2"]
        assert (await closed(socket))[0] == 1008


async def test_an_anonymous_visitor_may_send_much_in_small_messages(chat):
    first_bytes = chat.served.engine.config.security.max_anonymous_body_bytes
    text = "x" * 60_000
    async with joined(chat, "/chat/a") as socket:
        await taken(socket)
        for _ in range(first_bytes // len(text) + 2):
            await socket.send(text)
            assert await taken(socket) == [f"a: {text}"]


async def test_a_client_that_does_not_read_is_disconnected(chat):
    async with joined(chat, "/chat/a") as slow:
        await taken(slow)
        socket = chat.connections.sockets.open[0]
        slow.transport.pause_reading()
        async with asyncio.timeout(PATIENCE):
            while not socket.is_over:
                # As a message of the broadcast does it. Buffers of the kernel hold some megabytes,
                # and the server of the tests compresses.
                socket.send(token_hex(30_000))
                await asyncio.sleep(0)

        await until(lambda: not chat.connections.sockets.open)


@pytest.mark.parametrize("data", ["", b"", "x"])
def test_messages_without_data_do_not_wait_without_limit(data):
    aborted = []
    socket = OpenSocket("id", None, lambda: aborted.append(True))

    for _ in range(limits.MOST_UNREAD_BYTES // limits.FRAME_OVERHEAD_BYTES + 1):
        socket.send(data)

    assert aborted == [True]
    assert socket.is_over


async def test_sockets_survive_a_deployment_and_end_with_their_route(chat):
    async with joined(chat, "/chat/a") as socket, joined(chat, "/quiet") as gone:
        await taken(socket)
        await chat.deploy(
            SOURCE.replace("${ctx.params.group}: ", "second: ").replace('"/quiet": {},', "")
        )

        assert (await closed(gone))[0] == 1008
        await socket.send("hello")
        assert await taken(socket) == ["second: hello"]
        await chat.scripts.delete(chat.owner, "live")
        assert (await closed(socket))[0] == 1008


async def test_sockets_are_closed_when_the_engine_stops(chat):
    async with joined(chat, "/chat/a") as socket:
        await chat.connections.end()

        assert (await closed(socket))[0] == 1001


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"id": "x y", "data": "x"}, "id: found"),
        ({"id": "x", "data": "x" * 70_000}, "data: found 70000 bytes"),
        ({"id": "x", "code": 1001}, "code: found 1001"),
        ({"id": "x", "code": 4000, "reason": "x" * 124}, "reason: found 124 bytes"),
    ],
    ids=range(4),
)
async def test_what_can_not_be_sent_is_an_error_in_the_script(chat, wrong, message):
    answer = await chat.post("/to", **wrong)

    assert answer.status_code == 400
    assert message in answer.text
