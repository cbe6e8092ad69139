"""Where a sign-in leads, and what a refusal offers to whom."""

import httpx2
import pytest
from tests.auth.test_sessions import ROOT, begin

from aiwebengine.core.identity import Role

HTML = {"Accept": "text/html"}
SIGN_IN = 'href="/auth/login'
MANAGER, EDITOR = 'href="/engine/admin"', 'href="/editor"'


@pytest.mark.parametrize(
    ("role", "lands"),
    [(Role.ADMINISTRATOR, "/engine/admin"), (Role.EDITOR, "/editor"), (None, "/")],
)
async def test_a_sign_in_leads_to_a_page_of_one_s_own_role(served, add_served_person, role, lands):
    await add_served_person("edith", *([role] if role else []))
    link = await served.engine.services.sign_in.link_for(ROOT, "edith@example.com")

    async with httpx2.AsyncClient(base_url=served.base, timeout=60) as browser:
        let_in = await browser.get(f"/auth/link?token={link}")
        back = await browser.get("/auth/login", headers=HTML)
        asked = await browser.get("/auth/login?redirect=/graphql", headers=HTML)
        page = await browser.get(lands, headers=HTML)

    assert (let_in.status_code, let_in.headers["location"]) == (303, lands)
    assert (back.status_code, back.headers["location"]) == (303, lands)
    assert asked.headers["location"] == "/graphql"
    assert page.status_code == 200


async def test_a_signed_in_user_is_never_offered_to_sign_in(served, add_served_person):
    edith = await add_served_person("edith", Role.EDITOR)
    session = await begin(served.engine, edith)
    cookies = {"aiwebengine_session": session.secret}

    async with httpx2.AsyncClient(
        base_url=served.base, cookies=cookies, headers=HTML, timeout=60
    ) as browser:
        pages = {path: await browser.get(path) for path in ("/engine/admin", "/editor", "/nothing")}

    assert [page.status_code for page in pages.values()] == [403, 200, 404]
    assert all(SIGN_IN not in page.text for page in pages.values())
    assert "You don&#39;t have access to this page" in pages["/engine/admin"].text
    assert "edith" in pages["/engine/admin"].text
    assert "/engine/admin/logs" not in pages["/engine/admin"].text
    assert "<title>Editor</title>" in pages["/editor"].text
    assert 'href="/editor"' in pages["/engine/admin"].text


async def test_a_refusal_names_whom_to_ask_but_gives_strangers_no_addresses(
    served, add_served_person
):
    plain = await add_served_person("plain")
    for name in ("ada", "ken", "invited"):
        await add_served_person(name, Role.ADMINISTRATOR)
    await served.engine.db.execute(
        "update users set last_signed_in_at = null where email = 'invited@example.com'"
    )
    session = await begin(served.engine, plain)

    async with httpx2.AsyncClient(base_url=served.base, headers=HTML, timeout=60) as browser:
        stranger = [await browser.get(path) for path in ("/", "/auth/login", "/nothing")]
        browser.cookies.set("aiwebengine_session", session.secret)
        refused = [await browser.get(path) for path in ("/engine/admin", "/editor")]
        missing = await browser.get("/nothing")

    assert [page.status_code for page in refused] == [403, 403]
    for page in refused:
        assert "You are signed in as <b><bdi>plain@example.com</bdi></b>" in page.text
        assert page.text.index("ken@example.com") < page.text.index("ada@example.com")
        assert "invited@example.com" not in page.text
    assert all("ada@example.com" not in page.text for page in (*stranger, missing))


@pytest.mark.parametrize(
    ("role", "offered"),
    [(Role.ADMINISTRATOR, {MANAGER, EDITOR}), (Role.EDITOR, {EDITOR}), (None, set())],
)
async def test_pages_offer_only_what_the_user_may_open(served, add_served_person, role, offered):
    person = await add_served_person("edith", *([role] if role else []))
    session = await begin(served.engine, person)

    async with httpx2.AsyncClient(base_url=served.base, headers=HTML, timeout=60) as browser:
        stranger = (await browser.get("/")).text
        browser.cookies.set("aiwebengine_session", session.secret)
        pages = [(await browser.get(path)).text for path in ("/", "/graphql", "/nothing")]

    assert SIGN_IN in stranger
    for page in pages:
        assert {link for link in (MANAGER, EDITOR) if link in page} == offered
        assert SIGN_IN not in page


async def test_a_used_link_does_not_ask_a_signed_in_user_to_sign_in(served, add_served_person):
    await add_served_person("edith", Role.EDITOR)
    link = await served.engine.services.sign_in.link_for(ROOT, "edith@example.com")

    async with httpx2.AsyncClient(base_url=served.base, headers=HTML, timeout=60) as browser:
        await browser.get(f"/auth/link?token={link}")
        again = await browser.get(f"/auth/link?token={link}")
        browser.cookies.clear()
        stranger = await browser.get(f"/auth/link?token={link}")

    assert [again.status_code, stranger.status_code] == [401, 401]
    assert "You are still signed in as <b><bdi>edith@example.com</bdi></b>" in again.text
    assert "<h1>Sign in</h1>" in stranger.text
    assert "edith" not in stranger.text


async def test_a_stranger_who_is_refused_can_sign_in_and_come_back(served):
    async with httpx2.AsyncClient(base_url=served.base, headers=HTML, timeout=60) as browser:
        page = await browser.get("/nothing?a=1")

    assert page.status_code == 404
    assert "/auth/login?redirect=/nothing%3Fa%3D1" in page.text


async def test_an_administrator_gets_from_a_refusal_to_its_lines(served, add_served_person):
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    session = await begin(served.engine, ada)
    cookies = {"aiwebengine_session": session.secret}

    async with httpx2.AsyncClient(
        base_url=served.base, cookies=cookies, headers=HTML, timeout=60
    ) as browser:
        page = await browser.get("/nothing")

    assert f"/engine/admin/logs?request={page.headers['x-request-id']}" in page.text
