"""Sessions, sign-in links and tokens: begin, end, and count at once."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from aiwebengine.audit.types import AuditAction, AuditFilter
from aiwebengine.auth.redirects import safe_redirect
from aiwebengine.core.errors import BadUserInput, Forbidden, NotFound, Unauthenticated
from aiwebengine.core.identity import Origin, Role, Scope, anonymous, operator
from aiwebengine.sessions import secrets

WEB = Origin("web", address="127.0.0.1", user_agent="tests")
ROOT = operator("tests")


async def begin(engine, viewer):
    return await engine.services.sessions.begin(anonymous(WEB), viewer.id, viewer.label, "link")


async def by_session(engine, secret):
    return await engine.services.callers.by_session(secret, WEB)


async def test_only_hashes_of_secrets_are_stored(engine, ada):
    session = await begin(engine, ada)
    token = await engine.services.tokens.create(ada, None, "mine")
    link = await engine.services.sign_in.link_for(ROOT, "ada@example.com")

    dump = ""
    for table in ("sessions", "api_tokens", "sign_in_links", "audit_events"):
        rows = await engine.db.all(f"select t::text as row from {table} t")
        dump += " ".join(row["row"] for row in rows)

    assert len(session.secret) >= 43
    assert [one for one in (session.secret, token.secret, link) if one in dump] == []


async def test_a_session_ends_after_its_time_and_when_it_is_not_used(engine, ada):
    old, idle, live = [await begin(engine, ada) for _ in range(3)]
    await engine.db.execute(
        "update sessions set expires_at = now() where id = :id", id=old.session.key
    )
    await engine.db.execute(
        "update sessions set last_seen_at = now() - interval '13 hours' where id = :id",
        id=idle.session.key,
    )

    found = [await by_session(engine, one.secret) for one in (old, idle, live)]
    listed = await engine.services.sessions.of_user(ada, None)
    await engine.services.sessions.remove_ended()

    assert [viewer.is_signed_in for viewer in found] == [False, False, True]
    assert [session.key for session in listed] == [live.session.key]
    assert await engine.db.value("select count(*) from sessions") == 1


async def test_use_keeps_a_session_alive(engine, ada):
    session = await begin(engine, ada)
    await engine.db.execute("update sessions set last_seen_at = now() - interval '1 hour'")

    await by_session(engine, session.secret)

    seen = await engine.db.value("select now() - last_seen_at from sessions")
    assert seen < timedelta(minutes=1)


async def test_the_oldest_session_goes_when_there_are_too_many(engine, ada):
    opened = [await begin(engine, ada) for _ in range(7)]

    live = [(await by_session(engine, one.secret)).is_signed_in for one in opened]

    assert live == [False, False, True, True, True, True, True]
    ended = await engine.services.audit.page(
        ada, AuditFilter(actions=[AuditAction.SESSION_REVOKED]), None, 10
    )
    assert [(event.before["session"], event.reason) for event in ended] == [
        (str(one.session.key), "The limit of 5 sessions was reached.") for one in opened[1::-1]
    ]


async def test_a_session_that_was_over_anyway_ends_without_a_word(engine, ada, events_of):
    for _ in range(5):
        await begin(engine, ada)
    await engine.db.execute("update sessions set expires_at = now()")

    await begin(engine, ada)

    assert "session.revoked" not in await events_of()


async def test_ending_sessions_counts_at_once(engine, ada, alan):
    mine, other = await begin(engine, ada), await begin(engine, ada)
    his = await begin(engine, alan)

    await engine.services.sessions.revoke(ada, his.session.key)
    count = await engine.services.sessions.revoke_all(ada, ada.id)

    assert count == 2
    for one in (mine, other, his):
        assert not (await by_session(engine, one.secret)).is_signed_in
    with pytest.raises(NotFound):
        await engine.services.sessions.revoke(ada, his.session.key)


async def test_others_sessions_and_tokens_are_an_administrator_s_business(engine, ada, alan):
    hers = await begin(engine, ada)
    token = await engine.services.tokens.create(ada, None, "hers")

    for attempt in (
        lambda: engine.services.sessions.revoke(alan, hers.session.key),
        lambda: engine.services.sessions.revoke_all(alan, ada.id),
        lambda: engine.services.tokens.revoke(alan, token.token.key),
        lambda: engine.services.tokens.create(alan, None, "his"),
        lambda: engine.services.sign_in.link_for(ada, "alan@example.com"),
    ):
        with pytest.raises(Forbidden):
            await attempt()
    assert (await by_session(engine, hers.secret)).is_signed_in


async def test_a_link_works_once_and_for_a_while(engine, ada, events_of):
    link = await engine.services.sign_in.link_for(ROOT, "ada@example.com")
    late = await engine.services.sign_in.link_for(ROOT, "ada@example.com")
    await engine.db.execute(
        "update sign_in_links set expires_at = now() where secret_hash = :hash",
        hash=secrets.digest(late),
    )

    at_once = await asyncio.gather(
        *(engine.services.sign_in.by_link(anonymous(WEB), link) for _ in range(5)),
        return_exceptions=True,
    )

    assert sum(isinstance(one, Unauthenticated) for one in at_once) == 4
    for secret in (link, late, "", "x" * 10_000):
        with pytest.raises(Unauthenticated):
            await engine.services.sign_in.by_link(anonymous(WEB), secret)
    assert (await events_of())[-1] == "session.signed_in"


async def test_the_first_link_makes_the_first_administrator_and_no_other(engine, events_of):
    first = await engine.services.sign_in.first_link("Boss@Example.com")
    second = await engine.services.sign_in.first_link("Boss@Example.com")

    with pytest.raises(Unauthenticated):
        await engine.services.sign_in.by_link(anonymous(WEB), first)
    signed_in = await engine.services.sign_in.by_link(anonymous(WEB), second)

    viewer = await by_session(engine, signed_in.secret)
    assert Role.ADMINISTRATOR in viewer.roles
    assert viewer.label == "Boss@Example.com"
    assert await engine.services.sign_in.first_link("Boss@Example.com") is None
    assert (await events_of())[-3:] == ["user.created", "role.granted", "session.signed_in"]


async def test_a_suspended_user_gets_no_link(engine, ada, alan):
    link = await engine.services.sign_in.link_for(ROOT, "alan@example.com")
    await engine.services.users.suspend(ada, alan.id)

    with pytest.raises(Forbidden):
        await engine.services.sign_in.by_link(anonymous(WEB), link)
    with pytest.raises(Forbidden, match="suspended"):
        await engine.services.sign_in.link_for(ROOT, "alan@example.com")


async def test_the_browser_s_way_in_and_out(served, add_served_person):
    await add_served_person("ada", Role.ADMINISTRATOR)
    link = await served.engine.services.sign_in.link_for(ROOT, "ada@example.com")
    path = f"/auth/link?token={link}"
    async with httpx2.AsyncClient(base_url=served.base) as browser:
        turned_away = await browser.get(
            "/engine/admin/users?q=a b", headers={"Accept": "text/html"}
        )
        peeked = await browser.head(path)
        proxied = await browser.get(path, headers={"X-Forwarded-For": "127.0.0.1"})
        named = await browser.get(path, headers={"Host": "evil.example"})
        let_in = await browser.get(path)
        inside = await browser.get("/engine/admin", headers={"Accept": "text/html"})
        again = await browser.get(path)
        still_inside = await browser.get("/engine/admin", headers={"Accept": "text/html"})
        out = await browser.post("/auth/logout", json={})
        after = await browser.get("/engine/admin", headers={"Accept": "text/html"})

    assert turned_away.status_code == 303
    assert turned_away.headers["location"] == (
        "/auth/login?redirect=/engine/admin/users%3Fq%3Da%20b"
    ) or turned_away.headers["location"].startswith("/auth/login?redirect=/engine/admin/users%3F")
    assert peeked.status_code == 204
    assert (proxied.status_code, named.status_code) == (403, 403)
    assert (let_in.status_code, let_in.headers["location"]) == (303, "/engine/admin")
    cookie = let_in.headers["set-cookie"]
    assert re.match(r"aiwebengine_session=[\w-]{43};", cookie)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert inside.status_code == 200
    assert again.status_code == 401
    assert still_inside.status_code == 200
    assert out.status_code == 204
    assert after.status_code == 303


async def test_an_editor_gets_a_page_that_says_no(served, add_served_person):
    edith = await add_served_person("edith", Role.EDITOR)
    session = await begin(served.engine, edith)
    cookies = {"aiwebengine_session": session.secret}

    async with httpx2.AsyncClient(base_url=served.base, cookies=cookies) as browser:
        manager = await browser.get("/engine/admin/audit", headers={"Accept": "text/html"})
        editor = await browser.get("/editor", headers={"Accept": "text/html"})

    assert manager.status_code == 403
    assert "Administrator" in manager.text
    assert editor.status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "///evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example",
        "@evil.example",
        "https:evil.example",
        "/engine\r\nSet-Cookie: a=b",
        "/a\\b",
        "/\x00",
        "/\x85/evil.example",
        "",
        None,
    ],
)
def test_a_redirect_stays_on_this_site(target):
    assert safe_redirect(target, "/engine/admin") == "/engine/admin"


@pytest.mark.parametrize("target", ["/", "/engine/admin?q=a&role=EDITOR#top", "/editor"])
def test_a_redirect_to_a_page_of_ours_is_followed(target):
    assert safe_redirect(target) == target


async def test_a_token_can_do_what_its_scopes_ceiling_and_user_allow(engine, ada, alan):
    tokens, callers = engine.services.tokens, engine.services.callers
    reader = await tokens.create(ada, None, "reader", scopes=["read"])
    editor = await tokens.create(ROOT, ada.id, "editor", role_ceiling=Role.EDITOR)
    whole = await tokens.create(ada, None, "whole")

    read = await callers.by_token(reader.secret, WEB)
    low = await callers.by_token(editor.secret, WEB)
    high = await callers.by_token(whole.secret, WEB)

    assert Role.ADMINISTRATOR in read.roles
    with pytest.raises(Forbidden, match="users:write"):
        await engine.services.users.grant_role(read, alan.id, Role.EDITOR)
    assert Role.ADMINISTRATOR not in low.roles
    with pytest.raises(Forbidden):
        await engine.services.users.grant_role(low, alan.id, Role.EDITOR)
    assert (await engine.services.users.grant_role(high, alan.id, Role.EDITOR)).changed

    await engine.services.users.grant_role(ROOT, alan.id, Role.ADMINISTRATOR)
    await engine.services.users.revoke_role(ROOT, ada.id, Role.ADMINISTRATOR)
    assert Role.ADMINISTRATOR not in (await callers.by_token(whole.secret, WEB)).roles


async def test_a_token_can_t_make_one_that_may_do_more(engine, ada, alan):
    tokens, callers = engine.services.tokens, engine.services.callers
    secret = (await tokens.create(ada, None, "maker", scopes=["read", "users:write"])).secret
    maker = await callers.by_token(secret, WEB)

    with pytest.raises(Forbidden, match="ops:write"):
        await tokens.create(maker, None, "more", scopes=["ops:write"])
    with pytest.raises(Forbidden, match="own user"):
        await tokens.create(maker, alan.id, "his")
    made = await tokens.create(maker, None, "same")

    assert made.token.scopes == ["read", "users:write"]


async def test_a_token_ends_at_its_end_when_revoked_and_with_its_user(engine, ada, alan):
    tokens, callers = engine.services.tokens, engine.services.callers
    soon = datetime.now(UTC) + timedelta(seconds=1)
    ending = await tokens.create(ada, None, "ending", expires_at=soon)
    revoked = await tokens.create(ada, None, "revoked")
    his = await tokens.create(ROOT, alan.id, "his")
    assert (await callers.by_token(his.secret, WEB)).id == alan.id

    await tokens.revoke(ada, revoked.token.key)
    await tokens.revoke(ada, revoked.token.key)
    await engine.services.users.suspend(ada, alan.id)
    await asyncio.sleep(1.1)

    for one in (ending, revoked, his):
        with pytest.raises(Unauthenticated):
            await callers.by_token(one.secret, WEB)


@pytest.mark.parametrize(
    "options",
    [
        {"name": " "},
        {"name": "x" * 101},
        {"scopes": []},
        {"scopes": ["everything"]},
        {"expires_at": datetime(2020, 1, 1, tzinfo=UTC)},
        {"expires_at": datetime(2999, 1, 1)},
    ],
)
async def test_a_token_of_nonsense_is_refused(engine, ada, options):
    with pytest.raises(BadUserInput):
        await engine.services.tokens.create(ada, None, **{"name": "fine", **options})


def test_a_token_is_known_by_its_shape_and_checksum():
    token = secrets.new_token()
    other = "0" if token[10] != "0" else "1"

    assert secrets.looks_like_token(token)
    assert not secrets.looks_like_token(token[:10] + other + token[11:])
    assert not secrets.looks_like_token("awe_" + "0" * 42)


async def test_last_use_of_a_token_is_noted(engine, ada):
    made = await engine.services.tokens.create(ada, None, "used")

    await engine.services.callers.by_token(made.secret, replace(WEB, address="10.1.2.3"))

    row = await engine.db.one("select last_used_at, last_used_address from api_tokens")
    assert row["last_used_at"] is not None
    assert row["last_used_address"] == "10.1.2.3"


async def test_a_token_without_a_scope_reads_but_ends_no_session(engine, ada):
    session = await begin(engine, ada)
    reader = replace(ada, scopes=frozenset([Scope.READ]))

    with pytest.raises(Forbidden):
        await engine.services.sessions.revoke(reader, session.session.key)
    assert len(await engine.services.sessions.of_user(reader, None)) == 1
