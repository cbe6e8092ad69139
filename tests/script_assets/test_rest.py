"""The files of a script by REST: who may, conditions, batches, what is recorded."""

from hashlib import sha256

import httpx2
import pytest

from aiwebengine.audit.types import AuditAction, AuditFilter
from aiwebengine.core.identity import Role, operator
from aiwebengine.scripts.files import tree_of

CSS = b"body { color: red }"
LIST = """
query ($first: Int!, $after: String, $onlyStored: Boolean!) {
  scriptAssets(slug: "shop", first: $first, after: $after, onlyStored: $onlyStored) {
    nodes { path size hash type isStored updatedAt }
    totalCount
    pageInfo { endCursor hasNextPage }
  }
}
"""


def hash_of(content):
    return sha256(content).hexdigest()


@pytest.fixture
async def owner(served, add_served_person):
    """The owner of the script shop, whose version 1 is active."""
    owner = await add_served_person("edith", Role.EDITOR)
    files = {
        "main.ts": b"export const routes = {'/shop': () => new Response('')};",
        "a.css": CSS,
    }
    await served.engine.services.scripts.put(owner, "shop", tree_of(files))
    return owner


@pytest.fixture
async def client(served, owner):
    """The owner's client, below the address of the files."""
    base = f"{served.base}/api/engine/scripts/shop"
    headers = {"Authorization": f"Bearer {await served.token(owner)}"}
    async with httpx2.AsyncClient(base_url=base, headers=headers, timeout=60) as client:
        yield client


async def events(served):
    """The recorded changes of files, oldest first."""
    found = await served.engine.services.audit.page(operator("tests"), AuditFilter(), None, 50)
    return [
        event.after for event in reversed(found) if event.action is AuditAction.SCRIPT_FILES_CHANGED
    ]


async def test_a_file_is_stored_read_and_removed(served, client):
    new = await client.put("/files/notes/é.txt", content=b"one")
    again = await client.put("/files/notes/é.txt", content=b"one")
    changed = await client.put("/files/notes/é.txt", content=b"two", params={"type": "text/csv"})
    read = await client.get("/files/notes/é.txt")
    gone = await client.delete("/files/notes/é.txt")

    assert (new.status_code, again.status_code, changed.status_code) == (201, 200, 200)
    assert new.json() == {
        "path": "notes/é.txt",
        "hash": hash_of(b"one"),
        "size": 3,
        "changed": True,
    }
    assert not again.json()["changed"]
    assert (read.content, read.headers["content-type"]) == (b"two", "text/csv")
    assert read.headers["etag"] == changed.headers["etag"] == f'"{hash_of(b"two")}"'
    assert read.headers["content-disposition"] == "attachment"
    assert gone.json() == {"path": "notes/é.txt", "changed": True}
    assert (await client.get("/files/notes/é.txt")).status_code == 404
    assert [(one["stored"], one["removed"], one["files"]) for one in await events(served)] == [
        (["notes/é.txt"], [], 1),
        (["notes/é.txt"], [], 1),
        ([], ["notes/é.txt"], 1),
    ]


async def test_conditions_of_headers_and_bodies(served, client):
    stale, tag = f'"{hash_of(b"other")}"', f'"{hash_of(CSS)}"'
    edits = {"edits": [{"find": "red", "replace": "blue"}]}
    for refused in (
        await client.put("/files/a.css", content=b"x", headers={"If-Match": stale}),
        await client.put("/files/a.css", content=b"x", headers={"If-None-Match": "*"}),
        await client.patch("/files/a.css", json=edits, headers={"If-Match": stale}),
        await client.delete("/files/a.css", headers={"If-Match": stale}),
        await client.put("/files/new", content=b"x", headers={"If-Match": stale}),
    ):
        assert refused.status_code == 412, refused.text
    conflict = await client.patch("/files/a.css", json={**edits, "hash": hash_of(b"other")})
    unknown = await client.patch(
        "/files/a.css", json={"edits": [{"find": "green", "replace": "blue"}]}
    )
    done = await client.patch("/files/a.css", json=edits, headers={"If-Match": tag})

    assert (conflict.status_code, conflict.json()["hash"]) == (409, hash_of(CSS))
    assert unknown.status_code == 409
    assert done.status_code == 200
    assert done.json()["hash"] == hash_of(b"body { color: blue }")
    assert len(await events(served)) == 1


async def test_a_batch_is_one_change(served, client):
    changes = [
        {"op": "put", "path": "b.bin", "base64": "AAE="},
        {"op": "put", "path": "c.txt", "text": "c", "hash": None},
        {"op": "edit", "path": "a.css", "edits": [{"find": "red", "replace": "blue"}]},
    ]
    refused = await client.post(
        "/files", json={"changes": [*changes, {"op": "delete", "path": "d", "hash": "00"}]}
    )
    done = await client.post("/files", json={"changes": changes})

    assert (refused.status_code, refused.json()["path"]) == (409, "d")
    assert [one["changed"] for one in done.json()["files"]] == [True] * 3
    [event] = await events(served)
    assert event == {"stored": ["b.bin", "c.txt", "a.css"], "removed": [], "files": 3}
    assert (await client.get("/files/b.bin")).content == b"\0\1"


async def test_what_is_malformed_is_named(client):
    for request, message in {
        ("PUT", "/files/..%2Fa", "x"): "contains '..'",
        ("PUT", "/files/a?type=x", "x"): "type: found 'x'",
        ("PATCH", "/files/a.css", '{"edits": {}}'): "edits: allowed: a list",
        ("PATCH", "/files/a.css", '{"edits": [{"find": "a"}]}'): "replace: found nothing",
        ("POST", "/files", '{"changes": [1]}'): "changes: allowed: a list",
        ("POST", "/files", '{"changes": [{"op": "x", "path": "a"}]}'): "op: found 'x'",
        ("POST", "/files", '{"changes": [{"op": "put", "path": "a"}]}'): "text: found nothing",
        (
            "POST",
            "/files",
            '{"changes": [{"op": "put", "path": "a", "base64": "%"}]}',
        ): "base64: it is not valid",
        ("GET", "/files?limit=0", None): "limit: found 0",
        ("GET", "/files?stored=yes", None): "stored: found 'yes'",
    }.items():
        method, path, body = request
        headers = {"Content-Type": "application/json"}
        answer = await client.request(method, path, content=body, headers=headers)
        assert answer.status_code == 422, answer.text
        assert message in answer.json()["detail"]


async def test_a_list_has_pages(served, client):
    for name in "bcd":
        await client.put(f"/files/{name}", content=b"x")

    first = await client.get("/files", params={"limit": "2"})
    second = await client.get(served.base + first.links["next"]["url"])
    stored = await client.get("/files", params={"stored": "true", "prefix": "c"})

    paths = [[one["path"] for one in page.json()["files"]] for page in (first, second, stored)]
    assert paths == [["a.css", "b"], ["c", "d"], ["c"]]
    assert first.json()["files"][0] | {"updated_at": ""} == {
        "path": "a.css",
        "size": len(CSS),
        "hash": hash_of(CSS),
        "type": "text/css; charset=utf-8",
        "stored": False,
        "updated_at": "",
    }


async def test_others_neither_read_nor_change_files(served, client, add_served_person):
    other = await add_served_person("emma", Role.EDITOR)
    headers = {"Authorization": f"Bearer {await served.token(other)}"}
    for method in ("GET", "PUT", "DELETE"):
        assert (await client.request(method, "/files/a.css", headers=headers)).status_code == 403
    assert (await client.get("/files", headers=headers)).status_code == 403
    assert await events(served) == []


async def test_graphql_lists_files(served, client):
    await client.put("/files/b", content=b"x")
    found, after = [], None
    while True:
        variables = {"first": 1, "after": after, "onlyStored": False}
        answer = await client.post(
            f"{served.base}/graphql", json={"query": LIST, "variables": variables}
        )
        page = answer.json()["data"]["scriptAssets"]
        found += page["nodes"]
        assert page["totalCount"] == 3
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert [(one["path"], one["isStored"]) for one in found] == [
        ("a.css", False),
        ("b", True),
        ("main.ts", False),
    ]
