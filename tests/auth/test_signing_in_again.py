"""Signing in again proves that the person is there, as far as the provider can prove it."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from tests.auth.provider import CLIENT_ID, CLIENT_SECRET, GitHub
from tests.auth.test_providers import browser, engine_with, provider, sign_in, viewer
from tests.conftest import free_port, listening

from aiwebengine.auth.github import GithubProvider
from aiwebengine.core.identity import Origin, Role, operator

__all__ = ["browser", "provider"]

ROOT = operator("tests")
HOUR, MINUTE = 3_600, 60
DELETE = "mutation ($id: ID!) { deleteUser(input: {userId: $id}) { changed } }"


@pytest.fixture
async def served(url, tmp_path, provider):
    """An engine with a provider that has to prove it, one that need not, and two with a level."""
    whole = {"issuer": provider.base, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    providers = {
        "team": whole,
        "other": whole,
        "lenient": whole | {"reauthentication": "best_effort"},
        "strong": whole | {"acr_values": ["phr", "phrh"]},
        "google": whole,
    }
    auth = {"bootstrap_admins": ["ada@example.com"], "providers": providers}
    async with engine_with(url, tmp_path, provider.base, **auth) as served:
        yield served


async def is_fresh(browser, served):
    secret = browser.cookies["aiwebengine_session"]
    found = await served.engine.services.callers.by_session(secret, Origin("web"))
    return found.is_signed_in and found.fresh_until > datetime.now(UTC)


async def sign_in_again(browser, served, name="team", **more):
    return await browser.get(
        f"{served.base}/auth/login/{name}",
        params={"redirect": "/engine/admin/audit", "again": "1", **more},
        follow_redirects=True,
    )


async def delete(browser, served):
    """Ask for something that needs a recent sign-in; the error."""
    target = await served.engine.services.users.invite(ROOT, f"{time.time_ns()}@example.com")
    answer = await browser.post(
        f"{served.base}/graphql",
        json={"query": DELETE, "variables": {"id": str(target.user.key)}},
        headers={"Accept": "application/json"},
    )
    return answer.json().get("errors", [None])[0]


async def sessions_of(served):
    return [row["id"] for row in await served.engine.db.all("select id from sessions order by id")]


async def test_a_sign_in_counts_from_when_the_person_signed_in_at_the_provider(
    browser, served, provider
):
    provider.signed_in_at = time.time() - HOUR
    await sign_in(browser, served)
    asked = provider.last_asked
    late = await is_fresh(browser, served)
    refused = await delete(browser, served)
    provider.signed_in_at = time.time() - MINUTE
    await sign_in(browser, served)

    assert asked["max_age"] == str(7 * 24 * HOUR)
    assert "prompt" not in asked
    assert not late
    assert refused["extensions"] == {
        "code": "REAUTHENTICATION_REQUIRED",
        "reauthentication": "provider",
    }
    assert await is_fresh(browser, served)
    assert await delete(browser, served) is None


async def test_a_provider_that_does_not_say_when_counts_from_the_session_s_start(
    browser, served, provider
):
    for said in (None, "yesterday", True, {}, 1e300, float(10**18)):
        provider.crooked = {"auth_time": said}
        browser.cookies.clear()
        await sign_in(browser, served)
        assert await is_fresh(browser, served), said


async def test_an_open_window_gets_no_recent_session_by_signing_in_the_usual_way(
    browser, served, provider
):
    provider.crooked = {"auth_time": None}
    await sign_in(browser, served)
    await served.engine.db.execute(
        "update sessions set created_at = created_at - interval '1 hour'"
    )

    # The provider knows the browser still and asks for nothing.
    await sign_in(browser, served)

    assert (await viewer(browser, served))["email"] == "ada@example.com"
    assert not await is_fresh(browser, served)
    assert (await delete(browser, served))["extensions"]["code"] == "REAUTHENTICATION_REQUIRED"


async def test_a_time_in_the_future_makes_no_sign_in_last_longer(browser, served, provider):
    provider.crooked = {"auth_time": int(time.time()) + HOUR}
    await sign_in(browser, served)

    latest = datetime.now(UTC) + timedelta(minutes=30)
    secret = browser.cookies["aiwebengine_session"]
    found = await served.engine.services.callers.by_session(secret, Origin("web"))
    assert found.fresh_until <= latest


async def test_a_new_sign_in_asks_at_the_provider_and_gives_a_recent_session(
    browser, served, provider
):
    provider.signed_in_at = time.time() - HOUR
    await sign_in(browser, served)
    before = await sessions_of(served)

    page = await sign_in_again(browser, served)

    assert (provider.last_asked["prompt"], provider.last_asked["max_age"]) == ("login", "0")
    assert page.url.path == "/engine/admin/audit"
    assert await is_fresh(browser, served)
    assert await delete(browser, served) is None
    after = await sessions_of(served)
    assert (len(after), set(before) & set(after)) == (1, set())


@pytest.mark.parametrize(
    ("fault", "signed_in_ago", "told"),
    [
        ("does not ask again", HOUR, "did not ask you to sign in again"),
        ("does not ask again", 10 * MINUTE, "did not ask you to sign in again"),
        ("does not ask again", -10 * MINUTE, "can&#39;t be trusted"),
        ("", None, "does not report when you signed in there"),
    ],
)
async def test_a_click_is_no_sign_in_and_leaves_the_old_session_unchanged(
    browser, served, provider, fault, signed_in_ago, told
):
    provider.signed_in_at = time.time() - HOUR
    await sign_in(browser, served)
    before, people = await sessions_of(served), await served.engine.db.all("select * from users")
    provider.fault = fault
    provider.signed_in_at = None if signed_in_ago is None else time.time() - signed_in_ago

    page = await sign_in_again(browser, served)
    start = await browser.get(f"{served.base}/auth/login/team?again=1")
    answer = (await browser.get(start.headers["location"])).headers["location"]
    by_query = await browser.get(f"{answer}&again=0&max_age=9999")

    assert page.status_code == 401
    assert told in page.text
    assert "again=1" in page.text
    assert by_query.status_code == 401
    assert await sessions_of(served) == before
    assert not await is_fresh(browser, served)
    assert await served.engine.db.all("select * from users") == people
    await served.engine.services.denials.share()
    failures = await served.engine.db.value(
        """
        select sum(cast(after ->> 'count' as int)) + (select sum(waiting) from refusal_counts)
        from audit_events where action = 'session.sign_in_failed'
        """
    )
    assert failures == 2


async def test_the_clocks_may_differ_a_little(browser, served, provider):
    provider.signed_in_at = time.time() - HOUR
    await sign_in(browser, served)
    await served.engine.db.execute("update sessions set authenticated_at = now() - interval '1 d'")
    provider.fault = "does not ask again"
    for ahead in (-MINUTE, MINUTE):
        provider.signed_in_at = time.time() + ahead

        page = await sign_in_again(browser, served)

        assert page.status_code == 200
        counted = await served.engine.db.value("select now() - authenticated_at from sessions")
        assert timedelta(0) <= counted < timedelta(minutes=1)


async def test_another_user_does_not_take_over_the_window(browser, served, provider):
    provider.signed_in_at = time.time() - HOUR
    await sign_in(browser, served)
    before = await sessions_of(served)
    provider.person |= {"sub": "2", "email": "eve@example.com", "name": "Eve"}

    page = await sign_in_again(browser, served)

    assert page.status_code == 401
    assert "as eve@example.com, which is another user" in page.text.replace("\n", " ")
    assert await sessions_of(served) == before
    assert (await viewer(browser, served))["email"] == "ada@example.com"
    assert await served.engine.db.value("select count(*) from users") == 1
    assert await served.engine.db.value("select count(*) from identities") == 1


async def test_a_stranger_who_asks_to_sign_in_again_just_signs_in(browser, served, provider):
    page = await sign_in_again(browser, served)

    assert page.status_code == 200
    assert "prompt" not in provider.last_asked
    assert (await viewer(browser, served))["email"] == "ada@example.com"


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("lenient", {"prompt": "login", "max_age": "0"}),
        ("google", {"prompt": "select_account", "max_age": None}),
    ],
)
async def test_a_provider_that_can_t_prove_it_is_asked_as_well_as_it_can_be(
    browser, served, provider, name, asked
):
    provider.crooked = {"iss": provider.base}
    await sign_in(browser, served, name)
    ordinary = provider.last_asked
    await served.engine.db.execute("update sessions set created_at = now() - interval '1 hour'")
    late = await is_fresh(browser, served)

    page = await sign_in_again(browser, served, name)

    assert page.status_code == 200
    assert {key: provider.last_asked.get(key) for key in asked} == asked
    assert ("max_age" in ordinary) == (name != "google")
    assert (late, await is_fresh(browser, served)) == (False, True)


async def test_github_is_asked_to_let_the_person_choose(browser, url, tmp_path, monkeypatch):
    port = free_port()
    github = GitHub(f"http://localhost:{port}")
    monkeypatch.setattr(GithubProvider, "site", github.base)
    monkeypatch.setattr(GithubProvider, "api", github.base)
    settings = {"github": {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}}
    async with (
        listening(github.app(), port),
        engine_with(url, tmp_path, github.base, providers=settings) as served,
    ):
        await sign_in(browser, served, "github", redirect="/")
        ordinary = github.last_asked
        await sign_in_again(browser, served, "github", redirect="/")

        assert "prompt" not in ordinary
        assert github.last_asked["prompt"] == "select_account"
        assert await is_fresh(browser, served)


async def test_a_level_of_authentication_that_is_asked_for_is_needed(browser, served, provider):
    for acr in (None, "pwd", "", ["phr"], {"phr": 1}):
        provider.crooked = {"acr": acr}
        refused = await sign_in(browser, served, "strong")
        assert refused.status_code == 401, acr
        assert "Allowed: phr, phrh" in refused.text.replace("\n", " ")
    provider.crooked = {"acr": "phrh"}
    let_in = await sign_in(browser, served, "strong")

    assert provider.last_asked["acr_values"] == "phr phrh"
    assert let_in.status_code == 200


async def test_a_session_from_a_link_gets_the_command_for_a_new_one(browser, served):
    users = served.engine.services.users
    await users.invite(ROOT, "o'grace@example.com")
    await users.signed_in((await users.find_by_email(ROOT, "o'grace@example.com")).key)
    command = "aiwebengine users sign-in-link 'o'\"'\"'grace@example.com'"

    async def use_link():
        link = await served.engine.services.sign_in.link_for(ROOT, "o'grace@example.com")
        await browser.get(f"{served.base}/auth/link", params={"token": link})

    grace = await users.find_by_email(ROOT, "o'grace@example.com")
    await users.grant_role(ROOT, grace.key, Role.ADMINISTRATOR)
    await use_link()
    await served.engine.db.execute("update sessions set created_at = now() - interval '1 hour'")
    refused = await delete(browser, served)
    page = await browser.get(f"{served.base}/auth/login?again=1&redirect=/")
    await use_link()

    assert refused["extensions"]["reauthentication"] == "link"
    assert command in refused["message"]
    assert "sign-in-link" in page.text
    assert "o&#39;&#34;&#39;&#34;&#39;grace@example.com" in page.text
    assert await delete(browser, served) is None


async def test_the_page_to_sign_in_again_leads_to_signing_in_again(browser, served, provider):
    stranger = await browser.get(f"{served.base}/auth/login?again=1&redirect=/editor")
    await sign_in(browser, served)
    page = await browser.get(f"{served.base}/auth/login?again=1&redirect=/editor")

    assert "again=1" not in stranger.text
    assert "<h1>Sign in again</h1>" in page.text
    assert 'href="/auth/login/team?redirect=/editor&amp;again=1"' in page.text
    assert "sign-in-link" not in page.text
