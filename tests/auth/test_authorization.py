"""The header `Authorization`: ours with Bearer, a proxy's with any other scheme."""

import httpx2
import pytest

from aiwebengine.core.identity import Role, anonymous

VIEWER = {"query": "{ viewer { email } }"}
FOREIGN = [
    "Basic Ym9iOnNlY3JldA==",
    'Digest username="bob", realm="staging"',
    "Negotiate YIIJvwYG",
    "bEaReR2 x",
    "Basic",
    "",
]


@pytest.fixture
async def ada(add_served_person):
    return await add_served_person("ada", Role.ADMINISTRATOR)


@pytest.fixture
async def browser(served, ada):
    """A browser in which Ada is signed in."""
    origin = served.engine.authenticator
    begun = await served.engine.services.sessions.begin(
        anonymous(ada.origin), ada.id, ada.label, "link"
    )
    cookies = {origin.cookie: begun.secret}
    async with httpx2.AsyncClient(base_url=served.base, cookies=cookies) as client:
        yield client


@pytest.mark.parametrize("authorization", FOREIGN)
async def test_credentials_for_a_proxy_leave_the_cookie_to_decide(browser, served, authorization):
    headers = {"Authorization": authorization}
    async with httpx2.AsyncClient(base_url=served.base, headers=headers) as stranger:
        unknown = [(await stranger.get(path)).status_code for path in ("/", "/auth/login")]
        nobody = await stranger.post("/graphql", json=VIEWER)
        refused = await stranger.get("/api/engine/admin/users")

    page = await browser.get("/engine/admin", headers=headers)
    asked = await browser.post("/graphql", json=VIEWER, headers=headers | {"Origin": served.base})

    assert unknown == [200, 200]
    assert nobody.json()["data"]["viewer"] is None
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert page.status_code == 200
    assert asked.json()["data"]["viewer"]["email"] == "ada@example.com"


@pytest.mark.parametrize("authorization", FOREIGN)
async def test_a_password_that_the_browser_repeats_is_no_way_around_the_origin(
    browser, served, ada, authorization
):
    headers = {"Authorization": authorization, "Origin": "https://evil.example"}
    role = {"role": "Editor", "action": "add"}

    asked = await browser.post("/graphql", json=VIEWER, headers=headers)
    changed = await browser.post(
        f"/api/engine/admin/users/{ada.id}/roles", json=role, headers=headers
    )
    left = await browser.post("/auth/logout", json={}, headers=headers)

    assert [one.status_code for one in (asked, changed, left)] == [403, 403, 403]


async def test_a_token_counts_beside_what_is_meant_for_a_proxy(served, ada):
    token = await served.token(ada)
    async with httpx2.AsyncClient(base_url=served.base) as client:
        both = [("Authorization", FOREIGN[0]), ("Authorization", f"Bearer {token}")]
        answer = await client.post("/graphql", json=VIEWER, headers=both)

    assert answer.json()["data"]["viewer"]["email"] == "ada@example.com"


async def test_a_token_that_is_not_valid_is_refused_whatever_else_is_shown(served, ada, browser):
    token = await served.token(ada)
    shown = {
        "bad": [("Authorization", "Bearer awe_wrong")],
        "empty": [("Authorization", "Bearer")],
        "beside": [("Authorization", FOREIGN[0]), ("Authorization", "bearer awe_wrong")],
        "two": [("Authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")],
        "bare": [("Authorization", token)],
    }

    answers = {
        name: await browser.get("/engine/admin", headers=[*headers, ("Accept", "text/html")])
        for name, headers in shown.items()
    }

    assert {name: one.status_code for name, one in answers.items()} == dict.fromkeys(shown, 401)
    assert {one.headers.get("www-authenticate") for one in answers.values()} == {"Bearer"}
    assert "write `Bearer` before" in answers["bare"].text
