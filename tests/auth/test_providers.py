"""Signing in with a provider, the whole way and every way in which it may go wrong."""

import asyncio
import re
import sys
import time
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.auth.provider import CLIENT_ID, CLIENT_SECRET, Provider
from tests.conftest import free_port, listening, serving

from aiwebengine.app.engine import Engine
from aiwebengine.audit.types import AuditAction, AuditFilter
from aiwebengine.core.config import Config
from aiwebengine.core.identity import Role, operator

ROOT = operator("tests")


@pytest.fixture
async def provider():
    port = free_port()
    provider = Provider(f"http://localhost:{port}")
    async with listening(provider.app(), port):
        yield provider


@asynccontextmanager
async def engine_with(url, tmp_path, issuer, **auth):
    settings = {"issuer": issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    config = Config.model_validate(
        {
            "auth": {"providers": {"team": settings, "other": settings}, **auth},
            "repository": {"data_dir": tmp_path},
        }
    ).at_port(free_port())
    engine = Engine(config, url)
    await engine.prepare()
    async with serving(engine) as served:
        yield served


@pytest.fixture
async def served(url, tmp_path, provider):
    auth = {"bootstrap_admins": ["ADA@example.com"]}
    async with engine_with(url, tmp_path, provider.base, **auth) as served:
        yield served


@pytest.fixture
async def browser():
    headers = {"Accept": "text/html", "User-Agent": "a browser of the tests"}
    async with httpx2.AsyncClient(headers=headers, timeout=20) as browser:
        yield browser


async def sign_in(browser, served, name="team", redirect="/engine/admin/audit"):
    """Follow every redirect as a browser does; the last answer."""
    return await browser.get(
        f"{served.base}/auth/login/{name}", params={"redirect": redirect}, follow_redirects=True
    )


async def viewer(browser, served):
    answer = await browser.post(
        f"{served.base}/graphql",
        json={"query": "{ viewer { email name roles } }"},
        headers={"Accept": "application/json"},
    )
    return answer.json()["data"]["viewer"]


async def test_the_whole_way(browser, served, provider):
    page = await sign_in(browser, served)

    assert page.status_code == 200
    assert page.url.path == "/engine/admin/audit"
    assert await viewer(browser, served) == {
        "email": "ada@example.com",
        "name": "Ada Lovelace",
        "roles": ["AUTHENTICATED", "ADMINISTRATOR"],
    }
    rows = await served.engine.db.all("select action, user_agent from audit_events order by id")
    assert [row["action"] for row in rows] == [
        "user.created",
        "role.granted",
        "session.signed_in",
    ]
    assert rows[-1]["user_agent"] == "a browser of the tests"
    identity = await served.engine.db.one("select * from identities")
    assert (identity["provider"], identity["subject"]) == ("team", "1")
    assert identity["email_verified"]


async def test_the_client_s_secret_is_shown_the_way_the_provider_takes_it(
    browser, served, provider
):
    provider.secret_shown_by = "client_secret_basic"

    await sign_in(browser, served)

    assert (await viewer(browser, served))["email"] == "ada@example.com"
    assert "client_secret" not in provider.last_token_request


async def test_the_request_to_the_provider_is_bound_to_this_browser(browser, served, provider):
    page = await browser.get(f"{served.base}/auth/login")
    assert page.text.count('class="btn provider"') == 2

    sent = await browser.get(f"{served.base}/auth/login/team?redirect=/editor")

    asked = parse_qs(urlsplit(sent.headers["location"]).query)
    assert sent.status_code == 303
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{served.base}/auth/callback/team"]
    assert asked["scope"] == ["openid email profile"]
    assert len(asked["state"][0]) >= 43
    assert len(asked["nonce"][0]) >= 43
    cookie = sent.headers["set-cookie"]
    assert "HttpOnly" in cookie
    for secret in (asked["state"][0], asked["nonce"][0]):
        assert secret not in cookie


async def test_two_tabs_may_both_finish_and_each_answer_counts_once(browser, served):
    starts = [await browser.get(f"{served.base}/auth/login/team") for _ in range(2)]
    answers = [
        (await browser.get(start.headers["location"])).headers["location"] for start in starts
    ]

    first, second = [await browser.get(answer) for answer in answers]
    session = browser.cookies["aiwebengine_session"]
    again = await browser.get(answers[0])
    kept = browser.cookies["aiwebengine_session"]
    browser.cookies.clear()
    stranger = await browser.get(answers[0])

    assert (first.status_code, second.status_code) == (303, 303)
    assert (again.status_code, kept) == (303, session)
    assert await served.engine.db.value("select count(*) from sessions") == 1
    assert stranger.status_code == 401
    assert "not started in this browser" in stranger.text


async def test_another_browser_s_answer_is_refused(browser, served):
    start = await browser.get(f"{served.base}/auth/login/team")
    answer = (await browser.get(start.headers["location"])).headers["location"]

    async with httpx2.AsyncClient() as victim:
        await victim.get(f"{served.base}/auth/login/team")
        stolen = await victim.get(answer)
        swapped = await browser.get(answer.replace("callback/team", "callback/other"))
        fixed = await browser.get(re.sub("state=[^&]+", "state=guessed", answer))

    assert (stolen.status_code, swapped.status_code, fixed.status_code) == (401, 401, 401)
    assert "aiwebengine_session" not in stolen.headers.get("set-cookie", "")


@pytest.mark.parametrize(
    ("crooked", "fault", "told"),
    [
        ({}, "cancel", "was cancelled"),
        ({}, "cancel without state", "was cancelled"),
        ({"nonce": "another"}, "", "can&#39;t be trusted"),
        ({"nonce": None}, "", "can&#39;t be trusted"),
        ({"aud": "somebody else"}, "", "can&#39;t be trusted"),
        ({"aud": None}, "", "can&#39;t be trusted"),
        ({"azp": "somebody else"}, "", "can&#39;t be trusted"),
        ({"iss": "https://evil.example"}, "", "can&#39;t be trusted"),
        # A fixed instant: parallel workers must find the same names of tests.
        ({"exp": 1_700_000_000}, "", "can&#39;t be trusted"),
        ({"exp": None}, "", "can&#39;t be trusted"),
        ({"sub": None}, "", "can&#39;t be trusted"),
        ({}, "key", "can&#39;t be trusted"),
        ({}, "unsigned", "can&#39;t be trusted"),
        ({}, "no token", "can&#39;t be trusted"),
        ({}, "broken", "does not answer"),
        ({}, "slow", "takes too long"),
        ({"email": None}, "", "did not send your e-mail address"),
        ({"email": 5}, "", "did not send your e-mail address"),
        ({"email": "not an address"}, "", "an address that is not accepted"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_an_invalid_answer_signs_no_one_in(
    browser, served, provider, monkeypatch, crooked, fault, told
):
    monkeypatch.setattr("aiwebengine.auth.sign_in_provider.TIMEOUT_SECS", 1.0)
    provider.crooked, provider.fault = crooked, fault

    page = await sign_in(browser, served)

    assert page.status_code in (401, 403)
    assert told in page.text
    assert f"Request {page.headers['x-request-id']}" in page.text
    assert await viewer(browser, served) is None
    assert await served.engine.db.value("select count(*) from users") == 0
    await served.engine.services.denials.share()
    traced = await served.engine.db.one("select * from audit_events")
    assert traced["action"] == "session.sign_in_failed"
    assert traced["reason"]

    provider.crooked, provider.fault = {}, ""
    assert (await sign_in(browser, served)).status_code == 200


async def test_an_unavailable_provider_is_reported_and_recovers(browser, url, tmp_path):
    port = free_port()
    provider = Provider(f"http://localhost:{port}")
    async with engine_with(url, tmp_path, provider.base) as served:
        down = await sign_in(browser, served)
        async with listening(provider.app(), port):
            up = await sign_in(browser, served, redirect="/editor")

    assert down.status_code == 401
    assert "Team does not answer" in down.text
    assert up.url.path == "/editor"


async def test_a_document_of_another_issuer_is_refused(browser, served, provider):
    provider.crooked = {"issuer": "https://evil.example"}

    page = await sign_in(browser, served)

    assert page.status_code == 401
    assert "can&#39;t be trusted" in page.text


async def test_rotated_keys_are_read_again_and_others_are_kept(browser, served, provider):
    await sign_in(browser, served)
    await sign_in(browser, served)
    reads = provider.key_reads

    provider.rotate_keys()
    page = await sign_in(browser, served)

    assert reads == 1
    assert provider.key_reads == 2
    assert page.status_code == 200


async def test_a_clock_that_is_a_minute_off_is_tolerated(browser, served, provider):
    provider.crooked = {"iat": int(time.time()) + 60, "exp": int(time.time()) - 60}

    assert (await sign_in(browser, served)).status_code == 200


async def test_a_second_provider_is_linked_by_a_verified_address_only(browser, served, provider):
    await sign_in(browser, served, "team")
    provider.person |= {"sub": "another", "email_verified": False}
    refused = await sign_in(browser, served, "other")
    provider.person |= {"email_verified": True, "email": "ADA@Example.com"}
    linked = await sign_in(browser, served, "other")

    assert refused.status_code == 403
    assert "does not confirm that the address is yours" in refused.text.replace("\n", " ")
    assert linked.status_code == 200
    assert await served.engine.db.value("select count(*) from users") == 1
    assert await served.engine.db.value("select count(*) from identities") == 2


async def test_claiming_an_address_first_gains_nothing(browser, served, provider):
    thief = {"sub": "thief", "email": "ada@example.com", "email_verified": False}
    provider.person |= thief
    await sign_in(browser, served, redirect="/")
    before = await viewer(browser, served)
    # Proof of another address is none of this one.
    provider.person |= {"email": "thief@evil.example", "email_verified": True}
    await sign_in(browser, served, redirect="/")
    async with httpx2.AsyncClient(timeout=20) as hers:
        provider.person |= {"sub": "ada", "email": "ada@example.com", "name": "Ada"}
        owner = await sign_in(hers, served)
        ada = await viewer(hers, served)
    ended = await viewer(browser, served)
    provider.person |= thief
    again = await sign_in(browser, served)
    provider.person |= {"email": "thief@evil.example", "email_verified": True}
    elsewhere = await sign_in(browser, served, redirect="/")

    assert before["roles"] == ["AUTHENTICATED"]
    assert owner.status_code == 200
    # She is named in bootstrap_admins: being second costs her nothing.
    assert ada == {
        "email": "ada@example.com",
        "name": "Ada",
        "roles": ["AUTHENTICATED", "ADMINISTRATOR"],
    }
    assert ended is None
    assert again.status_code == 403
    assert "does not confirm that the address is yours" in again.text.replace("\n", " ")
    assert elsewhere.status_code == 200
    assert (await viewer(browser, served))["email"] == "thief@evil.example"
    events = await served.engine.db.all(
        "select action, before, after from audit_events"
        " where action in ('identity.removed', 'user.address_verified') order by id"
    )
    assert [dict(event) for event in events] == [
        {
            "action": "identity.removed",
            "before": {"provider": "team", "subject": "thief", "email": "thief@evil.example"},
            "after": {"sessionsEnded": 1, "tokensRevoked": 0},
        },
        {"action": "user.address_verified", "before": None, "after": {"provider": "team"}},
    ]


async def test_bootstrap_administrators_are_appointed_once(browser, served, provider):
    await sign_in(browser, served)
    users = served.engine.services.users
    ada = await users.find_by_email(ROOT, "ada@example.com")
    grace = await users.invite(ROOT, "grace@example.com", roles=[Role.ADMINISTRATOR])
    await users.signed_in(grace.user.key)
    await users.revoke_role(ROOT, ada.key, Role.ADMINISTRATOR)

    await sign_in(browser, served, redirect="/")

    assert (await viewer(browser, served))["roles"] == ["AUTHENTICATED"]


async def test_an_invitation_is_honoured_and_the_profile_kept_fresh(browser, served, provider):
    users = served.engine.services.users
    await users.invite(ROOT, "edith@example.com", "Edith", [Role.EDITOR])
    provider.person |= {"sub": "2", "email": "edith@example.com", "name": "Edith Clarke"}

    await sign_in(browser, served, redirect="/editor")
    provider.person |= {"name": "", "picture": "javascript:alert(1)"}
    await sign_in(browser, served, redirect="/editor")

    edith = await users.find_by_email(ROOT, "edith@example.com")
    assert (edith.name, edith.status.value) == ("Edith Clarke", "active")
    assert Role.EDITOR in edith.roles
    assert edith.picture_url == "https://pictures.example/ada.png"
    renamed = AuditFilter(actions=[AuditAction.USER_RENAMED])
    events = await served.engine.services.audit.page(ROOT, renamed, None, 10)
    assert [(event.target_id, event.before, event.after) for event in events] == [
        (str(edith.key), {"name": "Edith"}, {"name": "Edith Clarke"})
    ]


async def test_a_suspended_user_is_refused_with_a_page(browser, served, provider):
    provider.person |= {"sub": "2", "email": "alan@example.com"}
    await sign_in(browser, served, redirect="/")
    users = served.engine.services.users
    await users.suspend(ROOT, (await users.find_by_email(ROOT, "alan@example.com")).key)

    page = await sign_in(browser, served, redirect="/")

    assert page.status_code == 403
    assert "suspended" in page.text
    assert await viewer(browser, served) is None


@pytest.mark.parametrize(
    ("auth", "told"),
    [
        ({"allow_sign_up": False}, "Sign-up is closed"),
        ({"allowed_domains": ["example.org"]}, "can&#39;t sign up here"),
    ],
)
async def test_sign_up_can_be_closed_but_not_for_the_invited(
    browser, url, tmp_path, provider, auth, told
):
    async with engine_with(url, tmp_path, provider.base, **auth) as served:
        refused = await sign_in(browser, served)
        await served.engine.services.users.invite(ROOT, "ada@example.com")
        invited = await sign_in(browser, served, redirect="/")

    assert refused.status_code == 403
    assert told in refused.text
    assert invited.url.path == "/"


async def test_ten_first_sign_ins_at_once_make_one_user(served, provider):
    async def once():
        async with httpx2.AsyncClient(timeout=20) as browser:
            return (await sign_in(browser, served, redirect="/")).status_code

    assert await asyncio.gather(*(once() for _ in range(10))) == [200] * 10
    assert await served.engine.db.value("select count(*) from users") == 1
    created = "select count(*) from audit_events where action = 'user.created'"
    assert await served.engine.db.value(created) == 1


async def test_the_session_changes_at_sign_in_and_sign_out_offers_to_end_the_other(
    browser, served, provider
):
    await sign_in(browser, served)
    old = browser.cookies["aiwebengine_session"]
    await sign_in(browser, served)
    new = browser.cookies["aiwebengine_session"]

    out = await browser.post(f"{served.base}/auth/logout", json={})

    assert old != new
    assert await served.engine.db.value("select count(*) from sessions") == 0
    assert out.json()["logoutUrl"].startswith(f"{provider.base}/end?client_id={CLIENT_ID}")


@pytest.mark.parametrize("redirect", ["https://evil.example", "//evil.example", "/\\evil.example"])
async def test_no_redirect_leaves_the_site(browser, served, redirect):
    page = await sign_in(browser, served, redirect=redirect)

    assert str(page.url) == f"{served.base}/engine/admin"


async def test_an_unknown_provider_is_reported(browser, served):
    page = await browser.get(f"{served.base}/auth/login/nobody")

    assert page.status_code == 404
    assert "no sign-in provider" in page.text


async def test_a_generic_provider_works_too(browser, url, tmp_path):
    """The mock that others test their programs with."""
    port = free_port()
    ada = '{"sub":"ada","email":"ada@example.com","email_verified":true,"name":"Ada"}'
    arguments = ["-m", "oidc_provider_mock", "--port", str(port), "--user-claims", ada]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *arguments,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        issuer = f"http://localhost:{port}"
        while True:
            try:
                document = await browser.get(f"{issuer}/.well-known/openid-configuration")
                break
            except httpx2.ConnectError:
                await asyncio.sleep(0.1)
        async with engine_with(url, tmp_path, document.json()["issuer"]) as served:
            start = await browser.get(f"{served.base}/auth/login/team?redirect=/")
            page = await browser.post(
                start.headers["location"], data={"sub": "ada"}, follow_redirects=True
            )
            told = await viewer(browser, served)
    finally:
        process.terminate()
        await process.wait()

    assert page.url.path == "/"
    assert told == {"email": "ada@example.com", "name": "Ada", "roles": ["AUTHENTICATED"]}
