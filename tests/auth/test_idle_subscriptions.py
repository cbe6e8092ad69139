"""A subscription ends with the session or token it was opened with, also by itself."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
import websockets

from aiwebengine.auth.callers import CallerResolver
from aiwebengine.core.errors import Forbidden, Unauthenticated
from aiwebengine.core.identity import Origin, Role, anonymous, operator

WEB = Origin("web", address="127.0.0.1", user_agent="tests")
ROOT = operator("tests")
IDLE_SECS = 12 * 3600
SUBSCRIPTIONS = [
    "subscription { auditEventAdded { id } }",
    "subscription { userChanged { userId } }",
    "subscription { systemStats(intervalSeconds: 60) { at } }",
    "subscription { logEntryAdded { id } }",
]


async def idle_in(engine, session, seconds):
    """Let the session end by idling so soon, as if it had not been used until now."""
    await engine.db.execute(
        "update sessions set last_seen_at = now() - make_interval(secs => :unused) where id = :id",
        unused=IDLE_SECS - seconds,
        id=session.session.key,
    )


@pytest.fixture
async def admin(served, add_served_person):
    """A served administrator with a session and its cookie."""
    person = await add_served_person("pl", Role.ADMINISTRATOR)
    session = await served.engine.services.sessions.begin(
        anonymous(WEB), person.id, person.label, "link"
    )
    return person, session, {"Cookie": f"aiwebengine_session={session.secret}"}


@pytest.mark.parametrize("query", SUBSCRIPTIONS)
async def test_an_idle_session_ends_its_subscription_over_a_websocket(served, admin, query):
    _, session, cookie = admin
    async with websockets.connect(
        served.base.replace("http:", "ws:") + "/graphql",
        subprotocols=["graphql-transport-ws"],
        additional_headers=cookie,
        origin=served.base,
    ) as socket:
        await socket.send('{"type": "connection_init"}')
        await socket.recv()
        # Used this very moment, so the request does not note another use.
        await let_idle_without_a_touch(served, session)
        await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": query}}))
        async with asyncio.timeout(30):
            while (answer := json.loads(await socket.recv()))["type"] == "next":
                pass

    assert answer["type"] == "error"
    assert answer["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("query", SUBSCRIPTIONS)
async def test_an_idle_session_ends_its_subscription_over_server_sent_events(served, admin, query):
    _, session, cookie = admin
    await let_idle_without_a_touch(served, session)

    text = await until_the_end(served, query, {"Origin": served.base, **cookie})

    assert '"code":"UNAUTHENTICATED"' in text


async def let_idle_without_a_touch(served, session):
    """Three seconds are left, and requests until then are not noted as uses."""
    callers = served.engine.services.callers
    callers._idle_secs = 3
    await served.engine.db.execute(
        "update sessions set last_seen_at = now() where id = :id", id=session.session.key
    )


async def until_the_end(served, query, headers):
    headers = {"Accept": "text/event-stream", **headers}
    text = ""
    async with (
        asyncio.timeout(30),
        httpx2.AsyncClient(base_url=served.base, timeout=30) as client,
        client.stream("POST", "/graphql", json={"query": query}, headers=headers) as answer,
    ):
        async for part in answer.aiter_text():
            text += part
            if '"errors"' in text:
                break
    return text


async def test_requests_keep_a_session_and_its_subscription_and_the_subscription_does_not(
    engine, ada
):
    session = await engine.services.sessions.begin(anonymous(WEB), ada.id, ada.label, "link")
    callers = engine.services.callers
    viewer = await callers.by_session(session.secret, WEB)
    await idle_in(engine, session, 100)

    looked = await callers.refresh(viewer)
    in_use = await callers.by_session(session.secret, WEB)
    after_use = await callers.refresh(viewer)

    now = datetime.now(UTC)
    assert abs(looked.valid_until - now) < timedelta(minutes=5)
    assert in_use.is_signed_in
    assert after_use.valid_until - now > timedelta(hours=11)


async def test_a_session_in_use_outlives_an_idle_time_of_less_than_a_minute(engine, ada):
    callers = CallerResolver(engine.db, engine.services.audit, 40, 60)
    session = await engine.services.sessions.begin(anonymous(WEB), ada.id, ada.label, "link")
    await engine.db.execute("update sessions set last_seen_at = now() - interval '30 seconds'")

    await callers.by_session(session.secret, WEB)

    unused = await engine.db.value("select now() - last_seen_at from sessions")
    assert unused < timedelta(seconds=20)


async def test_the_end_of_a_session_never_comes_later_than_its_absolute_end(engine, ada):
    session = await engine.services.sessions.begin(anonymous(WEB), ada.id, ada.label, "link")
    await engine.db.execute("update sessions set expires_at = now() + interval '1 hour'")

    viewer = await engine.services.callers.by_session(session.secret, WEB)

    assert viewer.valid_until - datetime.now(UTC) <= timedelta(hours=1)


@pytest.mark.parametrize("ended_by", ["expiry", "revocation of its parent", "its maker's end"])
async def test_a_token_s_subscription_ends_with_the_token(
    served, add_served_person, admin, ended_by
):
    person, _, _ = admin
    services, engine = served.engine.services, served.engine
    parent = await services.tokens.create(person, None, "parent")
    viewer = await services.callers.by_token(parent.secret, WEB)
    soon = datetime.now(UTC) + timedelta(seconds=3)
    made = await services.tokens.create(
        viewer, None, "child", expires_at=soon if ended_by == "expiry" else None
    )
    if ended_by == "its maker's end":
        # As an administrator could make one before: with the role of the other.
        maker = await add_served_person("maker", Role.ADMINISTRATOR)
        await engine.db.execute(
            "update api_tokens set made_by_id = :maker, made_by = 'x' where id = :id",
            maker=maker.id,
            id=made.token.key,
        )

    follower = asyncio.create_task(
        until_the_end(served, SUBSCRIPTIONS[0], {"Authorization": f"Bearer {made.secret}"})
    )
    async with asyncio.timeout(30):
        while not services.following._live.followers:
            await asyncio.sleep(0.02)
    if ended_by == "revocation of its parent":
        await services.tokens.revoke(person, parent.token.key)
    elif ended_by == "its maker's end":
        await services.users.suspend(ROOT, maker.id)

    assert '"code":"UNAUTHENTICATED"' in await follower


async def test_a_token_without_the_scope_read_sees_no_sessions_tokens_or_identities(
    engine, ada, ask
):
    made = await engine.services.tokens.create(ada, None, "writer", scopes=["users:write"])
    writer = await engine.services.callers.by_token(made.secret, WEB)
    payload = (
        "mutation ($id: ID!) {{ revokeAllSessions(input: {{userId: $id}}) {{ user {{ {} }} }} }}"
    )

    me = await ask(writer, "{ viewer { id email apiToken { name } } }")
    asked = {
        "{ viewer { user { sessions { address } } } }": await ask(
            writer, "{ viewer { user { sessions { address } } } }"
        )
    }
    for field in ("sessions { address }", "apiTokens { name }", "identities { subject }"):
        asked[field] = await ask(writer, payload.format(field), id=str(ada.id))

    assert me["data"]["viewer"]["apiToken"] == {"name": "writer"}
    codes = {name: body["errors"][0]["extensions"]["code"] for name, body in asked.items()}
    assert set(codes.values()) == {Forbidden.code}
    assert Unauthenticated.code not in codes.values()
