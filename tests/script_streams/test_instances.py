"""Live messages over two instances on one database: real processes, as a user starts them."""

import asyncio
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2
import psycopg
import pytest
from tests.conftest import wait_for
from tests.script_graphql.asking import Socket
from tests.script_routes.site import beside, running
from tests.script_streams.conftest import until
from tests.script_streams.listening import PATIENCE, listening_to
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from aiwebengine.core.background import end

SOURCE = """
export const streams = { "/news": () => ({}) };
export const sockets = {
  "/news": {
    async open(socket) { await socket.send("?" + socket.id); return {}; },
    async message(socket, data, env) { await env.streams.send("/news", data); },
  },
};
export const graphql = {
  typeDefs: `type Query { ok: Boolean } type Subscription { news: String }`,
  resolvers: { Query: { ok: () => true }, Subscription: { news: {} } },
};
export const routes = {
  "GET /ready": () => new Response("ready"),
  "POST /send": async (request, env) => {
    const data = await request.text();
    await env.streams.send("/news", data);
    await env.graphql.publish("news", data);
    return new Response("sent");
  },
  "POST /to/:id": async (request, env, ctx) => {
    await env.streams.socket(ctx.params.id).send(await request.text());
    return new Response("sent");
  },
};
"""
LISTENERS = "application_name = 'aiwebengine listener'"
ALL = "pid <> pg_backend_pid()"
CUT = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
MESSAGES = 30


@dataclass(frozen=True)
class Instances:
    """Two engines, and what a test does to the connections to their database."""

    one: str
    other: str
    url: str

    def cut(self, which):
        """End connections of both to the database."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"{CUT} and {which}")

    def lose_a_message(self):
        """Take a number whose message nobody can read, as if it was removed."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("select nextval('script_message_numbers')")


@pytest.fixture(scope="module")
def instances(server, database_copies, tmp_path_factory):
    name = database_copies.take()
    folders = [tmp_path_factory.mktemp(name) for name in ("one", "other")]
    settings = {"APP_SECURITY__RATE_LIMIT_PER_MINUTE": "100000"}
    with (
        running(folders[0], server.database(name), **settings) as site,
        beside(site, folders[1]) as other,
    ):
        site.deploy("news", SOURCE)
        for base in (site.base, other):
            wait_for(lambda base=base: httpx2.get(f"{base}/ready").text == "ready", PATIENCE)
        yield Instances(site.base, other, site.url)
    database_copies.give_back(name)


@dataclass
class Heard:
    """What a listener got: texts, and in parentheses what the engine said itself."""

    texts: list[str] = field(default_factory=list)

    @property
    def messages(self):
        """The messages of the test, without those that showed that it listens."""
        return [text for text in self.texts if not text.startswith("?")]


async def send(base, text, path="/send"):
    """Send a message; whether the engine says that it is on its way."""
    async with httpx2.AsyncClient(base_url=base, timeout=PATIENCE) as client:
        return (await client.post(path, content=text)).text == "sent"


def socket_of(base, path="/news", **options):
    return connect(base.replace("http", "ws") + path, open_timeout=PATIENCE, **options)


async def follow_stream(base, heard, **headers):
    port = int(base.rpartition(":")[2])
    async with listening_to(port, "/news", **headers) as client:
        assert client.status == 200
        while event := await client.next():
            heard.texts.append(event.data if event.type == "message" else f"({event.type})")
    heard.texts.append("(end)")


async def follow_socket(base, heard):
    async with socket_of(base) as socket:
        try:
            while True:
                heard.texts.append(await socket.recv())
        except ConnectionClosed as closed:
            heard.texts.append(f"({closed.rcvd.code})")


async def follow_subscription(base, heard):
    protocols = ["graphql-transport-ws"]
    async with socket_of(base, "/scripts/graphql", subprotocols=protocols) as connection:
        socket = Socket(connection)
        await socket.send(type="connection_init")
        assert await socket.receive() == {"type": "connection_ack"}
        await socket.subscribe("subscription { news }")
        while (message := json.loads(await connection.recv()))["type"] == "next":
            heard.texts.append(message["payload"]["data"]["news"])
        (error,) = message["payload"]
        heard.texts.append(f"({error['message']})")


KINDS = (follow_stream, follow_socket, follow_subscription)


@asynccontextmanager
async def listening(*bases):
    """What a listener of each kind hears at each of these instances."""
    all_heard, tasks = [], []
    for base in bases:
        for follow in KINDS:
            all_heard.append(Heard())
            tasks.append(asyncio.create_task(follow(base, all_heard[-1])))
    try:
        sent = 0
        while not all(heard.texts for heard in all_heard):
            for task in tasks:
                if task.done():
                    task.result()
            await send(bases[0], f"?{sent}")
            sent += 1
        yield all_heard
    finally:
        await end(*tasks)


async def all_have(all_heard, text):
    """Wait until each listener has heard a text."""
    await until(lambda: all(text in heard.texts for heard in all_heard))


async def test_what_one_instance_sends_reaches_each_listener_of_both_once_in_order(instances):
    texts = [str(number) for number in range(MESSAGES)]
    async with listening(instances.one, instances.other) as all_heard:
        for number, text in enumerate(texts):
            assert await send((instances.one, instances.other)[number % 2], text)
        await all_have(all_heard, texts[-1])

    assert [heard.messages for heard in all_heard] == [texts] * len(all_heard)


async def test_what_was_sent_while_no_instance_was_notified_arrives_once_in_order(instances):
    texts = [str(number) for number in range(MESSAGES)]
    async with listening(instances.one, instances.other) as all_heard:
        for number, text in enumerate(texts):
            if number % 7 == 0:
                instances.cut(LISTENERS)
            assert await send((instances.one, instances.other)[number % 2], text)
        await all_have(all_heard, texts[-1])

    assert [heard.messages for heard in all_heard] == [texts] * len(all_heard)


async def test_nothing_that_was_sent_is_lost_unnoticed_when_all_connections_are_cut(instances):
    accepted = []
    async with listening(instances.one, instances.other) as all_heard:

        async def send_all(base, name):
            for number in range(MESSAGES):
                text = f"{name} {number}"
                if await send(base, text):
                    accepted.append(text)

        sending = [
            asyncio.create_task(send_all(instances.one, "one")),
            asyncio.create_task(send_all(instances.other, "other")),
        ]
        for number in range(5):
            await until(lambda number=number: len(accepted) > number * 5 or sending[0].done())
            instances.cut(ALL)
        await asyncio.gather(*sending)
        await until(lambda: all(has_all_or_knows(heard, accepted) for heard in all_heard))

    for heard in all_heard:
        whole = [text for text in heard.messages if not text.startswith("(")]
        assert len(set(whole)) == len(whole)
        for name in ("one", "other"):
            numbers = [int(text.split()[1]) for text in whole if text.startswith(f"{name} ")]
            assert numbers == sorted(numbers)


def has_all_or_knows(heard, accepted):
    """Whether a listener got everything, or knows that it has to load the state."""
    return set(accepted) <= set(heard.texts) or any(text.startswith("(") for text in heard.texts)


async def test_listeners_learn_that_messages_are_missing_and_what_to_do(instances):
    async with listening(instances.one, instances.other) as all_heard:
        instances.lose_a_message()
        instances.cut(LISTENERS)
        await until(lambda: all(heard.messages for heard in all_heard))
        seen = [heard.messages[0] for heard in all_heard]
        assert await send(instances.one, "next")
        await until(lambda: all("next" in heard.texts for heard in all_heard[::3]))

    missing = "(Messages of this subscription are missing. Subscribe again.)"
    assert seen == ["(gap)", "(1013)", missing] * 2


async def test_a_client_that_changes_to_the_other_instance_gets_what_it_missed(instances):
    port, other_port = (int(base.rpartition(":")[2]) for base in (instances.one, instances.other))
    async with listening_to(port, "/news") as client:
        assert await send(instances.one, "0")
        last = (await client.next()).id
    for text in ("1", "2"):
        assert await send(instances.one, text)

    async with listening_to(other_port, "/news", last_event_id=last) as client:
        assert await send(instances.one, "3")
        assert await client.data(3) == ["1", "2", "3"]


async def test_a_script_sends_to_one_socket_that_is_open_at_the_other_instance(instances):
    texts = [str(number) for number in range(5)]
    async with socket_of(instances.other) as socket, socket_of(instances.other) as another:
        socket_id = (await socket.recv()).removeprefix("?")
        await another.recv()
        for number, text in enumerate(texts):
            if number == 2:
                instances.cut(LISTENERS)
            assert await send(instances.one, text, f"/to/{socket_id}")
        assert await send(instances.one, "to all")
        async with asyncio.timeout(PATIENCE):
            got = [await socket.recv() for _ in (*texts, "to all")]

            assert await another.recv() == "to all"
    assert got == [*texts, "to all"]
