"""Drafts that are larger than a request of GraphQL may be: by REST."""

import json

import httpx2
import pytest

from aiwebengine.core.identity import Role
from aiwebengine.script_drafts.types import LARGEST_DRAFT_BYTES

READ = """
  { script(slug: "hello") { draft { baseVersion revision files { path text base64 isRemoved } } } }
"""
ADDRESS = "/api/engine/scripts/hello/draft"
LARGE = "x" * 4_000_000


@pytest.fixture
async def edith(served, add_served_person):
    """A client of the editor who owns the script `hello`."""
    viewer = await add_served_person("edith", Role.EDITOR)
    await served.engine.services.scripts.create(viewer, "hello")
    headers = {"Authorization": f"Bearer {await served.token(viewer)}"}
    async with httpx2.AsyncClient(base_url=served.base, headers=headers, timeout=60) as client:
        yield client


async def read(client):
    answer = (await client.post("/graphql", json={"query": READ})).json()
    return answer["data"]["script"]["draft"]


async def test_a_large_draft_is_kept(edith):
    files = {"a.ts": LARGE, "b.png": {"base64": "AAEC"}, "gone.ts": None}
    first = await edith.put(ADDRESS, json={"baseVersion": 0, "files": files, "revision": 0})

    assert first.status_code == 200, first.text
    draft = await read(edith)
    assert draft["revision"] == first.json()["revision"]
    assert [tuple(one.values()) for one in draft["files"]] == [
        ("a.ts", LARGE, None, False),
        ("b.png", None, "AAEC", False),
        ("gone.ts", None, None, True),
    ]

    other = await edith.put(ADDRESS, json={"baseVersion": 0, "files": {}, "revision": 0})
    assert (other.status_code, other.json()["code"]) == (409, "CONFLICT")

    change = {"baseVersion": 0, "files": {}, "unchanged": [*files]}
    assert (await edith.put(ADDRESS, json=change)).json() == {"revision": 0}
    assert await read(edith) is None


async def test_the_largest_file_of_a_draft_is_kept(edith):
    for size, status in ((LARGEST_DRAFT_BYTES, 200), (LARGEST_DRAFT_BYTES + 1, 422)):
        files = {"a.ts": "x" * size}
        answer = await edith.put(ADDRESS, json={"baseVersion": 0, "files": files})
        assert answer.status_code == status, answer.text[:1_000]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "files: allowed"),
        ({"files": []}, "files: allowed"),
        ({"files": {}}, "baseVersion: allowed"),
        ({"files": {}, "baseVersion": -1}, "baseVersion: allowed"),
        ({"files": {}, "baseVersion": True}, "baseVersion: allowed"),
        ({"files": {}, "baseVersion": 0, "revision": "1"}, "revision: allowed"),
        ({"files": {}, "baseVersion": 0, "unchanged": "a"}, "unchanged: found str"),
        ({"files": {"a": ""}, "baseVersion": 0, "unchanged": ["a"]}, "in unchanged as well"),
        ({"files": {"a": 1}, "baseVersion": 0}, "a"),
        ({"files": {"../a": ""}, "baseVersion": 0}, "not '.' or '..'"),
        ({"files": {"a": "\ud800"}, "baseVersion": 0}, ""),
    ],
)
async def test_what_is_no_draft_is_refused(edith, body, said):
    answer = await edith.put(
        ADDRESS, content=json.dumps(body), headers={"Content-Type": "application/json"}
    )

    assert answer.status_code in (400, 422)
    assert said in answer.json()["detail"]
    assert await read(edith) is None


async def test_who_is_no_editor_sends_no_large_draft(served, add_served_person):
    token = await served.token(await add_served_person("emma"))
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(base_url=served.base, headers=headers, timeout=60) as client:
        answer = await client.put(ADDRESS, json={"baseVersion": 0, "files": {"a": LARGE}})

    assert answer.status_code == 403
