"""The REST shim: thin, paged, and clear about what is wrong."""

import re

import httpx2
import pytest

from aiwebengine.core.identity import Role

USERS = "/api/engine/admin/users"


@pytest.fixture
async def client(served, add_served_person):
    """An administrator's script."""
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    headers = {"Authorization": f"Bearer {await served.token(ada)}"}
    async with httpx2.AsyncClient(base_url=served.base, headers=headers) as client:
        yield client


async def change(client, user, role="Editor", action="add", **options):
    body = {"role": role, "action": action}
    return await client.post(f"{USERS}/{user}/roles", json=body, **options)


async def test_a_user_looks_as_promised(client):
    told = (await client.get(USERS)).json()

    assert told["total"] == 1
    assert told["users"][0].keys() == {"id", "email", "name", "roles", "created_at", "providers"}
    assert told["users"][0]["roles"] == ["Authenticated", "Administrator"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", told["users"][0]["created_at"])


async def test_following_the_links_visits_every_user_once(client, add_served_person):
    for number in range(6):
        await add_served_person(f"person{number}")

    seen, address = [], f"{USERS}?limit=3&search=example"
    while address:
        answer = await client.get(address)
        seen += [user["email"] for user in answer.json()["users"]]
        link = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("link", ""))
        address = link and link[1]

    assert len(seen) == len(set(seen)) == 7


async def test_granting_and_revoking_twice_changes_once(client, add_served_person):
    alan = await add_served_person("alan")

    first, twice = await change(client, alan.id), await change(client, alan.id)
    editors = (await client.get(USERS, params={"role": "Editor"})).json()
    removed = await change(client, alan.id, action="remove")

    expected = {"success": True, "userId": str(alan.id), "role": "Editor", "action": "add"}
    assert first.json() == expected | {"changed": True}
    assert twice.json() == expected | {"changed": False}
    assert [user["email"] for user in editors["users"]] == ["alan@example.com"]
    assert removed.json()["changed"]


def is_problem(answer, status, code):
    told = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, told["status"], told["code"]) == (status, status, code)
    assert told["requestId"] == answer.headers["x-request-id"]
    return told["detail"]


async def test_each_error_is_a_problem_with_its_status(client, served, add_served_person):
    alan, edith = await add_served_person("alan"), await add_served_person("edith", Role.EDITOR)
    ada = (await client.get(USERS, params={"role": "Administrator"})).json()["users"][0]["id"]
    editor = {"Authorization": f"Bearer {await served.token(edith)}"}
    path = f"{USERS}/{alan.id}/roles"

    async with httpx2.AsyncClient(base_url=served.base) as stranger:
        nobody = await stranger.get(USERS)
        is_problem(await change(stranger, alan.id), 401, "UNAUTHENTICATED")
    is_problem(nobody, 401, "UNAUTHENTICATED")
    assert nobody.headers["www-authenticate"] == "Bearer"
    is_problem(await client.get(USERS, headers=editor), 403, "FORBIDDEN")
    is_problem(await change(client, alan.id, headers=editor), 403, "FORBIDDEN")
    is_problem(await change(client, "7c9e6679-7425-40de-944b-e07fc1f90ae7"), 404, "NOT_FOUND")
    is_problem(await change(client, "nobody"), 404, "NOT_FOUND")
    is_problem(await change(client, ada, "Administrator", "remove"), 409, "CONFLICT")
    assert "Editor, Administrator" in is_problem(
        await change(client, alan.id, role=7), 422, "BAD_USER_INPUT"
    )
    is_problem(await change(client, alan.id, role="Boss"), 422, "BAD_USER_INPUT")
    is_problem(await change(client, alan.id, role="Authenticated"), 422, "BAD_USER_INPUT")
    is_problem(await change(client, alan.id, action="toggle"), 422, "BAD_USER_INPUT")
    is_problem(await client.post(path, json=[]), 422, "BAD_USER_INPUT")
    broken = {"content": b"{", "headers": {"Content-Type": "application/json"}}
    is_problem(await client.post(path, **broken), 400, "BAD_USER_INPUT")
    is_problem(await client.post(path, content=b"role=Editor"), 415, "BAD_USER_INPUT")
    is_problem(await client.post(path, content=b" " * 2_000_000), 413, "BAD_USER_INPUT")
    is_problem(await client.get("/api/engine/admin/nothing"), 404, "NOT_FOUND")
    is_problem(await client.put(path), 405, "BAD_USER_INPUT")


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=1001", "limit=ten", "limit=-1", "limit=%D9%A3"),
        *("role=Boss", "after=x", "search=" + "x" * 201, "search=%00"),
    ],
)
async def test_an_invalid_parameter_is_refused(client, query):
    is_problem(await client.get(f"{USERS}?{query}"), 422, "BAD_USER_INPUT")


async def test_a_cursor_of_another_list_is_refused(client, add_served_person):
    await add_served_person("alan")
    link = (await client.get(USERS, params={"limit": 1})).headers["link"]
    cursor = re.search("after=([^&>]+)", link)[1]

    is_problem(await client.get(f"{USERS}?search=a&after={cursor}"), 422, "BAD_USER_INPUT")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Referer": "https://evil.example/page"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_foreign_page_can_t_use_the_browser_s_session(served, add_served_person, headers):
    ada, alan = await add_served_person("ada", Role.ADMINISTRATOR), await add_served_person("alan")
    session = await served.engine.services.sessions.begin(ada, ada.id, ada.label, "link")
    cookies = {"aiwebengine_session": session.secret}
    mutation = (
        f'mutation {{ grantRole(input: {{userId: "{alan.id}", role: EDITOR}}) {{ changed }} }}'
    )

    async with httpx2.AsyncClient(base_url=served.base, cookies=cookies) as browser:
        rest = await change(browser, alan.id, headers=headers)
        graphql = await browser.post("/graphql", json={"query": mutation}, headers=headers)
        out = await browser.post("/auth/logout", json={}, headers=headers)
        own = await change(browser, alan.id, headers={"Origin": served.base})

    assert (rest.status_code, graphql.status_code, out.status_code) == (403, 403, 403)
    assert own.json()["changed"]


async def test_a_token_may_come_from_anywhere(served, add_served_person):
    ada, alan = await add_served_person("ada", Role.ADMINISTRATOR), await add_served_person("alan")
    headers = {
        "Authorization": f"Bearer {await served.token(ada)}",
        "Origin": "https://elsewhere.example",
    }

    async with httpx2.AsyncClient(base_url=served.base) as client:
        answer = await change(client, alan.id, headers=headers)

    assert (answer.status_code, answer.json()["changed"]) == (200, True)
