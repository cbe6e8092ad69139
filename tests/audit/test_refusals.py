"""Refusals in the trail: what callers send neither fills it nor names anything in it."""

import asyncio

import httpx2
from tests.auth.provider import CLIENT_ID, CLIENT_SECRET
from tests.conftest import configured

from aiwebengine.app.engine import Engine
from aiwebengine.audit.denials import MOST_PER_HOUR, Denials
from aiwebengine.audit.types import AuditAction
from aiwebengine.core.config import Auth, Provider
from aiwebengine.core.errors import Forbidden
from aiwebengine.core.identity import Origin, Profile, Role, anonymous

ROLES = "/api/engine/admin/users/{user_id}/roles"
STRANGER = anonymous(Origin("web", address="192.0.2.1"))


async def found(engine, action=AuditAction.ACCESS_REFUSED):
    rows = await engine.db.all(
        "select * from audit_events where action = :action order by id", action=action.value
    )
    return [dict(row) for row in rows]


async def test_a_denial_is_recorded_once_a_minute_by_every_api(served, add_served_person):
    eve = await add_served_person("eve", Role.EDITOR)
    token = await served.token(eve)
    headers = {"Authorization": f"Bearer {token}", "X-Request-Id": "a-1", "User-Agent": "curl/8"}
    async with httpx2.AsyncClient(base_url=served.base, headers=headers) as client:
        for number in range(3):
            await client.get("/api/engine/admin/users")
            await client.get(f"/engine/admin/users/{number}")
            await client.post("/graphql", json={"query": "{ people: users { totalCount } }"})
            answer = await client.post(
                "/graphql",
                json={"query": "subscription { auditEventAdded { id } }"},
                headers={"Accept": "text/event-stream"},
            )
            assert "FORBIDDEN" in answer.text

    events = await found(served.engine)

    assert [event["target_label"] for event in events] == [
        "GET /api/engine/admin/users",
        "GET /engine/admin/{path}",
        "query users",
        "subscription auditEventAdded",
    ]
    assert {event["actor_id"] for event in events} == {eve.id}
    assert {event["user_agent"] for event in events} == {"curl/8"}
    assert events[0]["after"] == {
        "code": "FORBIDDEN",
        "message": "This needs the role Administrator.",
    }


async def test_a_path_of_a_caller_is_in_no_event_of_its_refusal(served, add_served_person):
    eve = await add_served_person("eve")
    headers = {"Authorization": f"Bearer {await served.token(eve)}"}
    body = {"role": "Editor", "action": "add"}
    async with httpx2.AsyncClient(base_url=served.base, headers=headers) as client:
        for secret in ("A" * 4_000, "%00", "%1B%5B31m", "%E2%80%AE"):
            answer = await client.post(f"/api/engine/admin/users/x{secret}/roles", json=body)
            assert answer.status_code == 403, answer.text

    (event,) = await found(served.engine)

    assert event["target_label"] == f"POST {ROLES}"


async def test_a_page_of_another_site_writes_nothing_into_the_trail(served, caplog):
    caplog.set_level("INFO")
    headers = {"Origin": "https://evil.example"}
    async with httpx2.AsyncClient(base_url=served.base, headers=headers) as client:
        for number in range(20):
            path = f"/api/engine/admin/users/{number}{'A' * 4_000}/roles"
            answers = [await client.post(path, json={}), await client.post("/auth/logout", json={})]
            assert [answer.status_code for answer in answers] == [403, 403]
    await served.engine.services.denials.share()

    told = [
        line.operation for line in caplog.records if line.getMessage() == "access.foreign_origin"
    ]
    assert set(told) == {f"POST {ROLES}", "POST /auth/logout"}
    assert len(told) == 40
    assert await served.engine.db.value("select count(*) from audit_events") == 0
    assert await served.engine.db.value("select count(*) from refusal_counts") == 0


async def test_a_page_of_another_site_that_uses_a_session_is_recorded_for_its_user(
    served, add_served_person
):
    ada, services = await add_served_person("ada", Role.ADMINISTRATOR), served.engine.services
    begun = await services.sessions.begin(STRANGER, ada.id, ada.label, "link")
    headers = {
        "Origin": "https://evil.example",
        "Cookie": f"{served.engine.authenticator.cookie}={begun.secret}",
    }
    async with httpx2.AsyncClient(base_url=served.base, headers=headers) as client:
        assert (await client.post(f"/api/engine/admin/users/{ada.id}/roles")).status_code == 403

    (event,) = await found(served.engine)

    assert (event["actor_id"], event["target_label"]) == (ada.id, f"POST {ROLES}")


async def test_strangers_refusals_of_one_kind_are_one_event_an_hour_over_all_instances(
    url, tmp_path, engine
):
    other = Engine(configured(tmp_path), url)
    await other.prepare()
    both = [engine.services.denials, other.services.denials]
    for _ in range(50):
        for refusals in both:
            await refusals.note(STRANGER, "query users", Forbidden("no"))
            await refusals.note(STRANGER, "query logEntries", Forbidden("no"))
    for _ in range(3):
        await asyncio.gather(*(refusals.share() for refusals in both))
    first = await found(engine)
    for refusals in both:
        await refusals.note(STRANGER, "query users", Forbidden("no"))
        await refusals.share()
    within_the_hour = await found(engine)
    await engine.db.execute("update refusal_counts set recorded_at = now() - interval '61 minutes'")
    await asyncio.gather(*(refusals.share() for refusals in both))
    after_it = await found(engine)
    await other.db.disconnect()

    # The first instance to share records its number at once, the other's waits for the hour.
    assert sorted(event["target_label"] for event in first) == ["query logEntries", "query users"]
    assert {event["actor_label"] for event in first} == {"anonymous"}
    assert first == within_the_hour
    totals = {"query users": 0, "query logEntries": 0}
    for event in after_it:
        totals[event["target_label"]] += event["after"]["count"]
    assert totals == {"query users": 102, "query logEntries": 100}
    assert len(after_it) <= 4


async def test_counted_denials_are_recorded_when_the_engine_stops(engine):
    await engine.services.denials.note(STRANGER, "query users", Forbidden("no"))

    await engine.services.denials.end()

    (event,) = await found(engine)
    assert event["after"]["count"] == 1
    assert event["after"]["code"] == "FORBIDDEN"


async def test_numbers_that_can_t_be_shared_are_kept_for_later(url, tmp_path, engine):
    other = Engine(configured(tmp_path), url)
    await other.services.denials.note(STRANGER, "query users", Forbidden("no"))
    await other.services.denials.end()

    await other.prepare()
    await other.services.denials.share()
    await other.db.disconnect()

    (event,) = await found(engine)
    assert event["after"]["count"] == 1


async def test_a_user_s_refusals_are_bounded_in_an_hour_over_all_instances(
    url, tmp_path, engine, alan, edith
):
    other = Engine(configured(tmp_path), url)
    await other.prepare()
    both = [engine.services.denials, other.services.denials]
    for number in range(MOST_PER_HOUR):
        await asyncio.gather(
            *(refusals.note(alan, f"query {number}", Forbidden("no")) for refusals in both),
            both[0].note(alan, f"mutation {number}", Forbidden("no")),
        )
    await both[0].note(edith, "query users", Forbidden("no"))
    await other.db.disconnect()

    events = await found(engine)

    of_alan = [event for event in events if event["actor_id"] == alan.id]
    assert len(of_alan) == MOST_PER_HOUR
    assert len({event["target_label"] for event in of_alan}) == MOST_PER_HOUR
    assert "limit" in of_alan[-1]["after"]
    assert [event["actor_id"] for event in events[MOST_PER_HOUR:]] == [edith.id]


async def test_neither_users_nor_kinds_that_were_refused_fill_the_memory(engine, alan, monkeypatch):
    monkeypatch.setattr("aiwebengine.audit.denials.MOST_REMEMBERED", 3)
    monkeypatch.setattr("aiwebengine.audit.denials.MOST_KINDS", 3)
    refusals = Denials(engine.db, engine.services.audit)
    for number in range(10):
        await refusals.note(alan, f"query {number}", Forbidden("no"))
        await refusals.note(STRANGER, f"query {number}", Forbidden("no"))

    assert len(refusals._noted) == 3
    assert len(refusals._waiting) <= 4
    assert refusals._waiting.total() == 10


def with_provider(tmp_path, url):
    provider = Provider(
        issuer="https://x.example", client_id=CLIENT_ID, client_secret=CLIENT_SECRET
    )
    config = configured(tmp_path)
    return Engine(config.model_copy(update={"auth": Auth(providers={"team": provider})}), url)


async def test_sign_ins_without_a_start_are_counted_not_recorded_one_by_one(url, tmp_path):
    engine = with_provider(tmp_path, url)
    await engine.prepare()
    transport = httpx2.ASGITransport(app=engine.app())
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        for number in range(5):
            text = f"{number}{'A' * 1_000}"
            answer = await client.get(
                "/auth/callback/team", params={"state": text, "error": text, "code": ""}
            )
            assert answer.status_code == 401
    await engine.services.denials.share()

    (event,) = await found(engine, AuditAction.SIGN_IN_FAILED)
    await engine.db.disconnect()

    assert event["target_label"] == "team"
    assert event["after"]["count"] == 5
    assert "did not start" in event["reason"]


async def test_a_failed_sign_in_of_a_known_person_is_recorded_up_to_a_limit(engine):
    refusals = engine.services.denials
    eve = Profile("team", "7", "eve@evil.example", True, "Eve", None)
    mallory = Profile("team", "8", "mallory@evil.example", True, "Mallory", None)
    error = Forbidden("Sign-up is closed here.")
    for _ in range(MOST_PER_HOUR + 5):
        await refusals.note_failed_sign_in(STRANGER, "team", "closed", error, eve)
    await refusals.note_failed_sign_in(STRANGER, "team", "closed", error, mallory)

    events = await found(engine, AuditAction.SIGN_IN_FAILED)

    assert len(events) == MOST_PER_HOUR + 1
    assert events[0]["after"] == {"subject": "7", "email": "eve@evil.example"}
    assert events[0]["reason"] == "Sign-up is closed here."
    assert events[-1]["after"]["subject"] == "8"
