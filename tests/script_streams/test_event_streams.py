"""Event streams of scripts over HTTP, with real processes."""

import asyncio
from uuid import UUID

import httpx2
import pytest
from tests.script_streams.conftest import until
from tests.script_streams.listening import PATIENCE

from aiwebengine.script_streams import limits
from aiwebengine.script_streams.types import StreamMessage

MODULE = """
export const streams = {
  "/events/:group": (request, env, ctx) => {
    const name = new URL(request.url).searchParams.get("name");
    const headers = { "x-why": "name" };
    if (name === "nobody") return new Response("not you", { status: 403, headers });
    if (name === "broken") throw new Error("it broke");
    if (name === "user") ctx.requireAuth();
    if (name === "open") {
      const headers = { "access-control-allow-origin": "*", "set-cookie": "a=b" };
      return Response.json({ name }, { headers });
    }
    return { group: ctx.params.group, name };
  },
  "/all": () => undefined,
};
export const routes = {
  "POST /send": async (request, env) => {
    const { channel, data, ...options } = await request.json();
    try {
      await env.streams.send(channel, data, options);
    } catch (error) {
      return Response.json({ code: error.code, message: error.message }, { status: 400 });
    }
    return new Response("sent");
  },
  "POST /send-and-fail": async (request, env) => {
    await env.streams.send("/all", "sent");
    throw new Error("it broke");
  },
};
"""
CLASSIC = """
function customize(context) {
  const { auth, query, params } = context.request;
  if (query.name === "nobody") return ResponseBuilder.error(403, "not you");
  if (query.name === "user") auth.requireAuth();
  return { group: params.group, name: query.name, user: auth.userId, kind: context.kind };
}
function send(context) {
  const { path, data, filter, mode } = JSON.parse(context.request.body);
  const result = filter === undefined
    ? routeRegistry.sendStreamMessage(path, data)
    : routeRegistry.sendStreamMessageFiltered(path, data, JSON.stringify(filter), mode);
  return ResponseBuilder.text(result);
}
function init() {
  routeRegistry.registerStreamRoute("/classic/:group", "customize");
  routeRegistry.registerStreamRoute("/plain");
  routeRegistry.registerRoute("/classic-send", "send", "POST");
}
"""


@pytest.fixture
async def live(live):
    await live.deploy(MODULE)
    return live


async def test_the_head_of_a_stream_lets_nothing_keep_events_back(live):
    async with live.listening("/all", accept_encoding="gzip, br") as client:
        await live.send("/all", "hello")

        assert await client.data(1) == ["hello"]
    assert client.status == 200
    assert client.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert client.headers["cache-control"] == "no-store, no-transform"
    assert client.headers["x-accel-buffering"] == "no"
    assert "content-encoding" not in client.headers
    assert limits.RETRY_MILLIS[0] <= client.retry <= limits.RETRY_MILLIS[1]


async def test_messages_have_ids_and_types(live):
    async with live.listening("/all") as client:
        await live.send("/all", {"x": 1})
        await live.send("/all", "two\nlines", event="said", id="own")

        events = [await client.next(), await client.next()]

    assert [(one.type, one.data, one.id) for one in events] == [
        ("message", '{"x":1}', "m1"),
        ("said", "two\nlines", "own"),
    ]


async def test_a_message_goes_to_one_path_or_to_all_paths_of_a_route(live):
    async with live.listening("/events/a") as one, live.listening("/events/b") as other:
        await live.send("/events/a", "to a")
        await live.send("/events/b", "to b")
        await live.send("/events/:group", "to all")

        assert await one.data(2) == ["to a", "to all"]
        assert await other.data(2) == ["to b", "to all"]


async def test_each_connection_has_the_filter_that_the_script_returns(live):
    async with (
        live.listening("/events/a?name=ada") as ada,
        live.listening("/events/a?name=bob") as bob,
    ):
        await live.send("/events/:group", "ada's", match={"name": "ada"})
        await live.send("/events/:group", "nobody's", match={"name": "ada", "group": "b"})
        await live.send(
            "/events/:group", "some's", match={"name": "bob", "group": "b"}, matching="overlap"
        )
        await live.send("/events/:group", "all's")

        assert await ada.data(2) == ["ada's", "all's"]
        assert await bob.data(2) == ["some's", "all's"]


async def test_the_script_refuses_a_connection(live):
    async with live.listening("/events/a?name=nobody") as client:
        assert (client.status, client.headers["x-why"]) == (403, "name")
    async with live.listening("/events/a?name=user") as client:
        assert client.status == 401
    async with live.listening("/events/a?name=broken") as client:
        assert client.status == 500

    assert any("it broke" in line.text for line in await live.log())
    assert live.streams.open == []


async def test_a_response_opens_the_stream_with_headers_that_scripts_may_set(live):
    async with live.listening("/events/a?name=open") as client:
        await live.send("/events/a", "hello", match={"name": "open"})

        assert await client.data(1) == ["hello"]
    assert client.headers["access-control-allow-origin"] == "*"
    assert client.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "set-cookie" not in client.headers


async def test_head_has_the_head_alone(live):
    async with httpx2.AsyncClient(base_url=live.served.base, timeout=60) as client:
        answer = await client.head("/all")

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert live.streams.open == []


async def test_a_client_that_comes_back_gets_what_it_missed(live):
    async with live.listening("/events/a?name=ada") as client:
        await live.send("/events/a", "0")
        last = (await client.next()).id
    for number in range(1, 4):
        await live.send("/events/a", str(number))
    await live.send("/events/b", "not for it")
    await live.send("/events/:group", "not for its filter", match={"name": "bob"})
    await live.send("/events/:group", "4", id="own")

    async with live.listening("/events/a?name=ada", last_event_id=last) as client:
        await live.send("/events/a", "5")
        assert await client.data(5) == ["1", "2", "3", "4", "5"]
    async with live.listening("/events/a?name=ada", last_event_id="own") as client:
        assert await client.data(1) == ["5"]


@pytest.mark.parametrize("last", ["m999", "m1x", "unknown", "\u00e9" * 300])
async def test_a_client_learns_that_messages_may_be_missing(live, last):
    async with live.listening("/all", last_event_id=last) as client:
        await live.send("/all", "next")

        assert (await client.next()).type == "gap"
        assert await client.data(1) == ["next"]


async def test_a_client_that_was_away_for_too_many_messages_gets_the_newest(live, monkeypatch):
    async with live.listening("/all") as client:
        await live.send("/all", "0")
        last = (await client.next()).id
    monkeypatch.setattr(limits, "MOST_REPLAYED", 3)
    for number in range(1, 6):
        await live.send("/all", str(number))

    async with live.listening("/all", last_event_id=last) as client:
        assert (await client.next()).type == "gap"
        assert (await client.data(3))[-1] == "5"


async def test_silent_streams_get_comments(live):
    async with live.listening("/all") as client:
        await live.streams.beat()
        await live.streams.beat()
        await live.send("/all", "hello")

        assert await client.data(1) == ["hello"]
    assert client.comments == 1


async def test_a_message_is_sent_although_the_handler_fails_afterwards(live):
    async with live.listening("/all") as client:
        assert (await live.post("/send-and-fail")).status_code == 500

        assert await client.data(1) == ["sent"]


async def test_nothing_is_left_of_clients_that_have_gone(live):
    async with live.listening("/all"), live.listening("/events/a"):
        assert sum(live.streams.counts(live.streams.open[0].visit.script_id).values()) == 3

    await until(lambda: not live.streams.open)
    assert live.streams._channels == {}
    assert live.streams._broadcast._receivers == {}


async def test_too_many_connections_are_refused(live, monkeypatch):
    monkeypatch.setattr(live.streams._places._per_script, "most", 1)
    async with live.listening("/all") as one:
        async with live.listening("/all") as other:
            assert (one.status, other.status) == (200, 503)
    await until(lambda: not live.streams.open)
    async with live.listening("/all") as client:
        assert client.status == 200


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ({"channel": "", "data": "x"}, "BAD_USER_INPUT", "channel"),
        ({"channel": 7, "data": "x"}, None, "the channel is a number"),
        ({"channel": "/all"}, None, "undefined has no JSON form"),
        ({"channel": "/all", "data": "x" * 70_000}, "BAD_USER_INPUT", "data: found 70000 bytes"),
        ({"channel": "/all", "data": "x", "mach": {}}, None, 'unknown option "mach"'),
        ({"channel": "/all", "data": "x", "match": 7}, None, "match is a number"),
        ({"channel": "/all", "data": "x", "matching": "all"}, None, "subset, overlap"),
        ({"channel": "/all", "data": "x", "event": "a\nb"}, "BAD_USER_INPUT", "event"),
        ({"channel": "/all", "data": "x", "id": 7}, "BAD_USER_INPUT", "id"),
    ],
    ids=range(9),
)
async def test_a_wrong_message_is_an_error_in_the_script(live, options, code, message):
    answer = await live.post("/send", **options)

    assert answer.status_code == 400
    assert answer.json().get("code") == code
    assert message in answer.json()["message"]


async def test_a_client_that_does_not_read_is_disconnected_and_others_are_not(live):
    async with live.listening("/all") as slow, live.listening("/all") as fast:
        stream = live.streams.open[0]
        (fan_out,) = live.streams._channels.values()
        slow.reader._transport.pause_reading()
        data, number = "x" * 60_000, 0
        async with asyncio.timeout(PATIENCE):
            while not stream.connection.is_slow:
                # As the broadcast does it. Buffers of the kernel hold some megabytes.
                number += 1
                fan_out.deliver(StreamMessage(number, stream.visit.script_id, "/all", data))
                assert await fast.data(1) == [data]
        for connection in live.streams.open:
            connection.connection._after = 0

        await live.send("/all", "end")
        assert await fast.data(1) == ["end"]
        await until(lambda: len(live.streams.open) == 1)


async def test_connections_survive_a_deployment_and_get_the_filter_of_the_new_version(live):
    async with live.listening("/events/a?name=ada") as client, live.listening("/all") as other:
        await live.deploy(MODULE.replace("name };\n  },", 'name, version: "2" };\n  },', 1))
        await until(
            lambda: any(
                stream.connection.filter.get("version") == "2" for stream in live.streams.open
            )
        )
        await live.send("/events/a", "hello", match={"version": "2"})
        await live.send("/all", "hello")

        assert await client.data(1) == ["hello"]
        assert await other.data(1) == ["hello"]


async def test_a_stream_ends_when_its_route_is_gone_or_the_new_version_refuses(live):
    async with live.listening("/all") as gone, live.listening("/events/a?name=ada") as refused:
        await live.deploy(
            MODULE.replace('"/all": () => undefined,', "").replace('"nobody"', '"ada"')
        )

        assert await gone.has_ended()
        assert await refused.has_ended()


async def test_a_stream_ends_when_its_script_is_deleted(live):
    async with live.listening("/all") as client:
        await live.scripts.delete(live.owner, "live")

        assert await client.has_ended()
    async with live.listening("/all") as client:
        assert client.status == 404


async def test_a_stream_ends_when_the_engine_stops(live):
    async with live.listening("/all") as client:
        await live.connections.end()

        assert await client.has_ended()
    async with live.listening("/all") as client:
        assert client.status == 503


async def test_classic_scripts_send_and_customize(live):
    await live.deploy(CLASSIC, "classic")
    async with (
        live.listening("/classic/a?name=ada") as ada,
        live.listening("/classic/b?name=bob") as bob,
        live.listening("/plain") as plain,
    ):
        for path, data, filtered in (
            ("/classic/:group", {"x": 1}, {}),
            ("/classic/:group", "a's", {"filter": {"group": "a"}}),
            ("/classic/:group", "bob's", {"filter": {"name": "bob", "x": "y"}, "mode": "overlap"}),
            ("/classic/:group", "all's", {"filter": {"kind": "streamCustomization"}}),
            ("/plain", "plain", {}),
            ("/nowhere", "nobody's", {}),
        ):
            answer = await live.post("/classic-send", path=path, data=data, **filtered)
            assert answer.text == f"Message sent to {path}"

        assert await ada.data(3) == ['{"x":1}', "a's", "all's"]
        assert await bob.data(3) == ['{"x":1}', "bob's", "all's"]
        assert await plain.data(1) == ["plain"]
    async with live.listening("/classic/a?name=nobody") as client:
        assert client.status == 403
    async with live.listening("/classic/a?name=user") as client:
        assert client.status == 401


async def test_a_classic_script_that_sends_too_much_gets_the_error_as_a_text(live, monkeypatch):
    await live.deploy(CLASSIC, "classic")
    monkeypatch.setattr(limits, "MESSAGES_AT_ONCE", 0)

    answer = await live.post("/classic-send", path="/plain", data="x")

    assert answer.text.startswith("Error: This script sends too many live messages")


async def test_what_init_sends_is_sent_once_when_the_deployment_succeeded(live):
    source = 'function init() { routeRegistry.registerStreamRoute("/plain"); %s }'
    await live.deploy(source % "", "classic")
    script_id = (await live.scripts.get(live.owner, "classic")).key
    assert isinstance(script_id, UUID)
    async with live.listening("/plain") as client:
        await live.deploy(source % 'routeRegistry.sendStreamMessage("/plain", "new");', "classic")
        await live.connections.broadcast.publish(script_id, "/plain", "end")

        assert await client.data(2) == ["new", "end"]
