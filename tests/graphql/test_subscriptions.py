"""Subscriptions over a WebSocket and as server-sent events."""

import asyncio
import itertools
import json
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
import websockets
from tests.conftest import Served, adder, free_port, listening

from aiwebengine.app.engine import Engine
from aiwebengine.app.serving import protocols
from aiwebengine.core.config import Config, Repository, Security, Server
from aiwebengine.core.identity import Role, anonymous

# Seconds; nothing here is about speed, and a machine may be busy.
PATIENCE = 60

CHANGES = "subscription { userChanged { kind user { email roles } } }"


class Socket:
    """A client of the protocol that hides nothing."""

    def __init__(self, raw):
        self.raw = raw

    async def send(self, **message):
        await self.raw.send(json.dumps(message))

    async def receive(self):
        async with asyncio.timeout(PATIENCE):
            return json.loads(await self.raw.recv())

    async def initialise(self):
        await self.send(type="connection_init")
        assert await self.receive() == {"type": "connection_ack"}

    async def subscribe(self, query, id="1"):
        await self.send(type="subscribe", id=id, payload={"query": query})

    async def closed_with(self):
        async with asyncio.timeout(PATIENCE):
            await self.raw.wait_closed()
        return self.raw.close_code


@pytest.fixture
async def open_socket(served):
    sockets = []

    async def open_socket(token=None, protocol="graphql-transport-ws", **options):
        await until_told(served)
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        address = served.base.replace("http:", "ws:") + "/graphql"
        raw = await websockets.connect(
            address,
            subprotocols=[protocol] if protocol else None,
            additional_headers=headers | options.pop("headers", {}),
            **options,
        )
        sockets.append(raw)
        return Socket(raw)

    yield open_socket
    for raw in sockets:
        await raw.close()


@pytest.fixture
async def ada(add_served_person):
    return await add_served_person("ada", Role.ADMINISTRATOR)


@pytest.fixture
async def alan(add_served_person):
    return await add_served_person("alan")


async def until_told(served):
    """Until what was done so far is announced, so that who follows now hears only what comes."""
    live = served.engine.live
    async with asyncio.timeout(PATIENCE):
        newest = await served.engine.db.value("select max(id) from audit_events") or 0
        while live._newest < newest:
            await asyncio.sleep(0.01)


async def until_followed(served, number=1):
    async with asyncio.timeout(PATIENCE):
        while served.engine.live.followers < number:
            await asyncio.sleep(0.01)


async def test_a_change_is_delivered_once_to_each_follower_in_order(served, open_socket, ada, alan):
    token = await served.token(ada)
    sockets = [await open_socket(token) for _ in range(5)]
    for socket in sockets:
        await socket.initialise()
        await socket.subscribe("subscription { auditEventAdded { action targetLabel } }")
    await until_followed(served, 5)
    users = served.engine.services.users

    for _ in range(3):
        await users.grant_role(ada, alan.id, Role.EDITOR)
        await users.revoke_role(ada, alan.id, Role.EDITOR)

    for socket in sockets:
        told = [(await socket.receive())["payload"]["data"]["auditEventAdded"] for _ in range(6)]
        assert [one["action"] for one in told] == ["ROLE_GRANTED", "ROLE_REVOKED"] * 3
        assert told[0]["targetLabel"] == "alan@example.com"


async def test_queries_and_mutations_work_over_the_socket_too(served, open_socket, ada, alan):
    socket = await open_socket(await served.token(ada))
    await socket.initialise()

    await socket.subscribe("{ viewer { email } }", id="q")

    answer = {"data": {"viewer": {"email": "ada@example.com"}}}
    assert await socket.receive() == {"id": "q", "type": "next", "payload": answer}
    assert await socket.receive() == {"id": "q", "type": "complete"}


@pytest.mark.parametrize("loss", ["role", "token", "suspension", "deletion"])
async def test_who_loses_the_right_hears_no_more(
    served, open_socket, ada, alan, add_served_person, loss
):
    grace = await add_served_person("grace", Role.ADMINISTRATOR)
    socket = await open_socket(await served.token(grace))
    await socket.initialise()
    await socket.subscribe("subscription { auditEventAdded { action } }")
    await until_followed(served)
    services = served.engine.services

    match loss:
        case "role":
            await services.users.revoke_role(ada, grace.id, Role.ADMINISTRATOR)
        case "token":
            token = (await services.tokens.of_user(ada, grace.id))[0]
            await services.tokens.revoke(ada, token.key)
        case "suspension":
            await services.users.suspend(ada, grace.id)
        case "deletion":
            await services.users.delete(ada, grace.id)
    await services.users.grant_role(ada, alan.id, Role.EDITOR)

    message = await socket.receive()
    assert message["type"] == "error"
    assert message["payload"][0]["extensions"]["code"] in ("FORBIDDEN", "UNAUTHENTICATED")


@pytest.mark.parametrize("how", ["everywhere", "pushed out"])
async def test_the_end_of_a_session_ends_what_it_opened(served, open_socket, ada, how):
    services = served.engine.services
    session = await services.sessions.begin(ada, ada.id, ada.label, "link")
    cookie = {"Cookie": f"aiwebengine_session={session.secret}"}
    socket = await open_socket(headers=cookie, origin=served.base)
    await socket.initialise()
    await socket.subscribe(CHANGES)
    await until_followed(served)

    if how == "everywhere":
        await services.sessions.revoke_all(ada, ada.id)
    else:
        for _ in range(served.engine.config.auth.max_concurrent_sessions):
            await services.sessions.begin(ada, ada.id, ada.label, "link")

    async with asyncio.timeout(20):
        while (message := await socket.receive())["type"] == "next":
            pass
    assert message["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_editors_hear_nothing(served, open_socket, add_served_person):
    edith = await add_served_person("edith", Role.EDITOR)
    socket = await open_socket(await served.token(edith))
    await socket.initialise()
    await socket.subscribe(CHANGES)

    message = await socket.receive()

    assert message["type"] == "error"
    assert message["payload"][0]["extensions"]["code"] == "FORBIDDEN"


@pytest.mark.parametrize(
    ("headers", "payload", "reason"),
    [
        ({}, {}, "Not signed in: send the session cookie or an Authorization header"),
        ({}, {"Authorization": "Bearer awe_x"}, "a token belongs in the handshake's Authorization"),
        ({"Authorization": "Bearer awe_x"}, {}, "This API token is not valid"),
        ({"Cookie": "aiwebengine_session=x"}, {}, "Not signed in"),
    ],
)
async def test_a_socket_of_somebody_who_is_not_signed_in_is_closed_at_its_first_message(
    open_socket, headers, payload, reason
):
    socket = await open_socket(headers=headers)

    await socket.send(type="connection_init", payload=payload)

    assert await socket.closed_with() == 4403
    assert reason in socket.raw.close_reason


async def test_a_socket_is_closed_when_its_session_has_ended(served, open_socket, ada):
    session = await served.engine.services.sessions.begin(
        anonymous(ada.origin), ada.id, ada.label, "link"
    )
    socket = await open_socket(headers={"Cookie": f"aiwebengine_session={session.secret}"})
    await socket.initialise()
    await served.engine.services.sessions.revoke_all(ada, ada.id)

    await socket.subscribe("{ viewer { id } }")

    message = await socket.receive()
    assert message["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert await socket.closed_with() == 4403


async def test_a_first_message_is_as_large_as_an_anonymous_body_at_most(open_socket):
    large, many = await open_socket(), await open_socket()

    await large.send(type="connection_init", payload={"a": "x" * 17_000})
    with suppress(websockets.ConnectionClosed):
        for _ in range(3_000):
            await many.raw.send([""] * 10)

    for socket in (large, many):
        assert await socket.closed_with() in (1006, 1009)


async def test_an_operation_that_fails_by_a_bug_still_gets_its_end(served, open_socket, ada):
    socket = await open_socket(await served.token(ada))
    await socket.initialise()
    await served.engine.db.execute("alter table api_tokens rename column secret_hash to gone")

    await socket.subscribe("{ viewer { id } }")

    message = await socket.receive()
    assert (message["type"], message["id"]) == ("error", "1")
    assert message["payload"][0]["extensions"]["code"] == "INTERNAL"


async def test_deep_variables_are_refused_by_their_depth_over_a_socket_too(
    served, open_socket, ada
):
    socket = await open_socket(await served.token(ada))
    await socket.initialise()
    deep = "[" * 1_000 + "]" * 1_000
    payload = '{"query":"{viewer{id}}","variables":{"a":' + deep + "}}"

    await socket.raw.send('{"type":"subscribe","id":"1","payload":' + payload + "}")

    message = await socket.receive()
    assert message["type"] == "error"
    assert "found 1000 levels of nesting; allowed: 64" in message["payload"][0]["message"]


async def test_a_user_has_so_many_sockets_and_gets_another_when_one_is_closed(url, tmp_path):
    async with limited(url, tmp_path, max_sockets_per_user=2) as (served, connect):
        ada, grace = await adder(served.engine)("ada"), await adder(served.engine)("grace")
        first, _ = [await connect(await served.token(ada)) for _ in range(2)]

        with pytest.raises(websockets.ConnectionClosed) as refused:
            await connect(await served.token(ada))
        await connect(await served.token(grace))
        await first.close()
        await connect(await served.token(ada))

    assert refused.value.rcvd.code == 1013
    assert "at most 2" in refused.value.rcvd.reason


async def test_an_address_has_so_many_sockets_and_others_are_not_affected(url, tmp_path):
    async with limited(url, tmp_path, max_sockets_per_address=2) as (served, connect):
        token = await served.token(await adder(served.engine)("ada"))
        first, _ = [await connect(token, "192.0.2.1") for _ in range(2)]

        with pytest.raises(websockets.InvalidStatus) as refused:
            await connect(token, "192.0.2.1")
        await connect(token, "192.0.2.2")
        await first.close()
        await connect(token, "192.0.2.1")

    assert refused.value.response.status_code == 429


@asynccontextmanager
async def limited(url, folder, **limits):
    """An engine behind a proxy, and what opens a socket to it and says who it is."""
    config = Config(
        repository=Repository(data_dir=folder),
        server=Server(trusted_proxies=["127.0.0.1/32"]),
        security=Security(**limits),
    ).at_port(free_port())
    engine = Engine(config, url)
    await engine.prepare()
    app = listening(engine.app(), config.server.port, **protocols(config))
    async with app, AsyncExitStack() as stack:

        async def connect(token, address="192.0.2.9"):
            headers = {"Authorization": f"Bearer {token}", "X-Forwarded-For": address}
            raw = await stack.enter_async_context(
                websockets.connect(
                    f"ws://localhost:{config.server.port}/graphql",
                    subprotocols=["graphql-transport-ws"],
                    additional_headers=headers,
                )
            )
            await raw.send('{"type": "connection_init"}')
            await raw.recv()
            return raw

        yield Served(config.server.public_url, engine), connect


async def test_a_foreign_page_gets_no_socket(served, open_socket):
    for origin in ("https://evil.example", "null", "http://localhost:1"):
        with pytest.raises(websockets.InvalidStatus) as refused:
            await open_socket(origin=origin)
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        (["{"], 4400),
        (["[]"], 4400),
        (['"hello"'], 4400),
        (['{"type":7}'], 4400),
        (['{"type":"wake up"}'], 4400),
        (['{"type":"connection_init"}', '{"type":"subscribe"}'], 4400),
        (['{"type":"connection_init"}', '{"type":"subscribe","id":"1"}'], 4400),
        (['{"type":"connection_init"}', '{"type":"subscribe","id":"","payload":{}}'], 4400),
        (['{"type":"subscribe","id":"1","payload":{"query":"{__typename}"}}'], 4401),
        (['{"type":"connection_init"}'] * 2, 4429),
    ],
)
async def test_a_protocol_violation_closes_with_its_code(served, open_socket, ada, messages, code):
    socket = await open_socket(await served.token(ada))

    for message in messages:
        await socket.raw.send(message)

    assert await socket.closed_with() == code


async def test_an_id_in_use_closes_the_socket_and_a_used_one_may_come_again(
    served, open_socket, ada
):
    socket = await open_socket(await served.token(ada))
    await socket.initialise()
    for _ in range(3):
        await socket.subscribe("{ __typename }", id="again")
        assert (await socket.receive())["type"] == "next"
        assert (await socket.receive())["type"] == "complete"

    await socket.subscribe(CHANGES, id="twice")
    await socket.subscribe(CHANGES, id="twice")

    assert await socket.closed_with() == 4409


async def test_other_protocols_are_not_spoken(open_socket):
    for protocol in ("graphql-ws", None):
        try:
            socket = await open_socket(protocol=protocol)
        except websockets.NegotiationError:
            continue
        assert await socket.closed_with() == 4406


async def test_a_client_that_says_nothing_is_let_go(open_socket, monkeypatch):
    monkeypatch.setattr("aiwebengine.graphql.websocket.INIT_TIMEOUT_SECS", 0.2)
    socket = await open_socket()

    assert await socket.closed_with() == 4408


async def test_a_bad_document_ends_its_operation_and_no_other(served, open_socket, ada, alan):
    socket = await open_socket(await served.token(ada))
    await socket.initialise()
    await socket.subscribe(CHANGES, id="good")
    await until_followed(served)

    for query in ("{", "{ nothing }", "{ a" * 600):
        await socket.subscribe(query, id="bad")
        assert (await socket.receive())["type"] == "error"
    await served.engine.services.users.grant_role(ada, alan.id, Role.EDITOR)

    assert (await socket.receive())["id"] == "good"


async def test_a_socket_holds_a_hundred_operations_and_no_more(served, open_socket, ada):
    socket = await open_socket(await served.token(ada))
    await socket.initialise()
    for number in range(101):
        await socket.subscribe(CHANGES, id=str(number))

    message = await socket.receive()

    assert (message["type"], message["id"]) == ("error", "100")
    assert message["payload"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_completing_frees_the_follower(served, open_socket, ada):
    socket = await open_socket(await served.token(ada))
    await socket.initialise()
    await socket.subscribe(CHANGES)
    await until_followed(served)

    await socket.send(type="complete", id="1")

    async with asyncio.timeout(PATIENCE):
        while served.engine.live.followers:
            await asyncio.sleep(0.01)


async def test_server_sent_events_deliver_changes(served, ada, alan):
    headers = {
        "Authorization": f"Bearer {await served.token(ada)}",
        "Accept": "text/event-stream",
    }
    await until_told(served)
    async with httpx2.AsyncClient(
        base_url=served.base, headers=headers, timeout=PATIENCE
    ) as client:
        async with client.stream("POST", "/graphql", json={"query": CHANGES}) as stream:
            lines = stream.aiter_lines()
            assert stream.headers["content-type"].startswith("text/event-stream")
            await until_followed(served)
            await served.engine.services.users.grant_role(ada, alan.id, Role.EDITOR)
            while await anext(lines) != "event: next":
                pass
            told = json.loads((await anext(lines)).removeprefix("data: "))

    assert told["data"]["userChanged"]["user"]["roles"] == ["AUTHENTICATED", "EDITOR"]
    async with asyncio.timeout(PATIENCE):
        while served.engine.live.followers:
            await asyncio.sleep(0.01)


async def test_a_grant_s_end_is_heard_and_ends_its_holder_s_subscription(
    served, open_socket, ada, add_served_person
):
    grace = await add_served_person("grace")
    users = served.engine.services.users
    soon = datetime.now(UTC) + timedelta(seconds=4)
    await users.grant_role(ada, grace.id, Role.ADMINISTRATOR, expires_at=soon)
    hers, other = (
        await open_socket(await served.token(grace)),
        await open_socket(await served.token(ada)),
    )
    for socket in (hers, other):
        await socket.initialise()
        await socket.subscribe(CHANGES)
    await until_followed(served, 2)

    first, told = await hers.receive(), await other.receive()

    assert first["type"] == "error"
    assert told["payload"]["data"]["userChanged"]["user"]["roles"] == ["AUTHENTICATED"]


async def test_who_keeps_the_right_past_a_grant_s_end_misses_nothing(
    served, open_socket, ada, add_served_person
):
    grace = await add_served_person("grace", Role.ADMINISTRATOR)
    users = served.engine.services.users
    soon = datetime.now(UTC) + timedelta(seconds=1)
    await users.grant_role(ada, grace.id, Role.EDITOR, expires_at=soon)
    socket = await open_socket(await served.token(grace))
    await socket.initialise()
    await socket.subscribe("subscription { auditEventAdded { id } }")
    await until_followed(served)
    known = await served.engine.db.value("select max(id) from audit_events")

    # Some of them while the subscription checks its rights again.
    changes = itertools.count()
    while next(changes) < 10 or datetime.now(UTC) < soon + timedelta(seconds=0.5):
        await users.grant_role(ada, ada.id, Role.EDITOR)
        await users.revoke_role(ada, ada.id, Role.EDITOR)
    rows = await served.engine.db.all("select id from audit_events where id > :known", known=known)
    told = [await socket.receive() for _ in rows]

    assert len(rows) > 10
    assert {int(one["payload"]["data"]["auditEventAdded"]["id"]) for one in told} == {
        row["id"] for row in rows
    }
