"""The REST routes, over HTTP."""

import asyncio
import base64
import gzip
import io
import tarfile

import httpx2
import pytest

from aiwebengine.core.identity import Role
from aiwebengine.scripts.loading import Loader
from aiwebengine.scripts.rest import LARGEST_BODY_BYTES
from aiwebengine.scripts.trees import Trees

HELLO = 'export const routes = { "GET /hello/:name": () => new Response("hello") };\n'
BROKEN = "export const routes = {\n  oops oops\n};\n"
PATH = "/api/engine/scripts"


@pytest.fixture
async def clients(served, add_served_person, host):
    """A client for each of two editors and an administrator, by an API token."""
    scripts = served.engine.services.scripts
    scripts.loader = Loader(host.client, Trees(host.folder))
    made = {}
    for name, role in (
        ("edith", Role.EDITOR),
        ("emma", Role.EDITOR),
        ("ada", Role.ADMINISTRATOR),
    ):
        token = await served.token(await add_served_person(name, role))
        headers = {"Authorization": f"Bearer {token}"}
        made[name] = httpx2.AsyncClient(
            base_url=served.base + PATH, headers=headers, timeout=60, follow_redirects=False
        )
    yield made
    for client in made.values():
        await client.aclose()


@pytest.fixture
def edith(clients):
    return clients["edith"]


@pytest.fixture
def emma(clients):
    return clients["emma"]


@pytest.fixture
def ada(clients):
    return clients["ada"]


def body(source=HELLO, **others):
    return {"files": {"main.ts": source}, **others}


def problem(answer, status, code):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert (found["status"], found["code"]) == (status, code)
    assert found["requestId"] == answer.headers["x-request-id"]
    return found


async def test_a_put_creates_then_updates_a_script(edith):
    created = await edith.put("/shop", json=body(message="first"))
    same = await edith.put("/shop", json=body())
    changed = await edith.put("/shop", json=body(HELLO + "// 2\n"))

    assert [one.status_code for one in (created, same, changed)] == [201, 200, 200]
    assert created.json() == {
        "slug": "shop",
        "version": 1,
        "active": 1,
        "routes": [{"method": "GET", "path": "/hello/:name"}],
        "diagnostics": [],
    }
    assert [one.headers["etag"] for one in (created, same, changed)] == ['"1"', '"1"', '"2"']


async def test_a_source_that_does_not_load_is_answered_with_its_place(edith):
    refused = problem(await edith.put("/shop", json=body(BROKEN)), 422, "BAD_USER_INPUT")

    [diagnostic] = refused["diagnostics"]
    assert diagnostic["severity"] == "error"
    assert (diagnostic["file"], diagnostic["line"]) == ("main.ts", 2)
    assert "main.ts:2" in refused["detail"]
    assert (await edith.get("/shop")).status_code == 404


async def test_a_stale_if_match_is_refused_with_412_and_the_newest_version(edith):
    await edith.put("/shop", json=body(), headers={"If-None-Match": "*"})

    again = await edith.put("/shop", json=body("// 2"), headers={"If-None-Match": "*"})
    stale = await edith.put("/shop", json=body("// 2"), headers={"If-Match": '"7"'})
    missing = await edith.put("/cafe", json=body("// 2"), headers={"If-Match": "*"})
    source = HELLO + "// 2\n"
    fresh = await edith.put("/shop", json=body(source), headers={"If-Match": '"1", "5"'})
    weak = await edith.put("/shop", json=body(HELLO), headers={"If-Match": 'W/"2"'})

    assert problem(again, 412, "CONFLICT")["version"] == 1
    assert problem(stale, 412, "CONFLICT")["version"] == 1
    problem(missing, 412, "CONFLICT")
    assert (fresh.status_code, fresh.json()["version"]) == (200, 2)
    assert (weak.status_code, weak.json()["version"]) == (200, 3)
    problem(await edith.put("/shop", json=body(), headers={"If-Match": "x"}), 422, "BAD_USER_INPUT")


async def test_what_does_not_load_is_saved_when_it_need_not(edith):
    await edith.put("/shop", json=body())
    unloaded = body(BROKEN, load=False, deploy=False)

    saved = await edith.put("/shop", json=unloaded, headers={"If-Match": '"1"'})
    stale = await edith.put("/shop", json=unloaded, headers={"If-Match": '"1"'})

    assert (saved.status_code, saved.headers["etag"]) == (200, '"2"')
    assert (saved.json()["version"], saved.json()["active"]) == (2, 1)
    assert problem(stale, 412, "CONFLICT")["version"] == 2
    problem(await edith.put("/cafe", json=unloaded), 404, "NOT_FOUND")
    refused = problem(await edith.put("/shop", json=body(load=False)), 422, "BAD_USER_INPUT")
    assert "send deploy false as well" in refused["detail"]


async def test_a_route_of_another_script_is_a_conflict(edith, emma):
    await edith.put("/shop", json=body())

    refused = problem(await emma.put("/market", json=body()), 409, "CONFLICT")

    assert refused["routes"] == [{"method": "GET", "path": "/hello/:name", "slug": "shop"}]
    problem(await emma.put("/shop", json=body()), 403, "FORBIDDEN")


async def test_a_tar_archive_is_a_version_and_comes_back_as_one(edith):
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in (("./main.ts", HELLO.encode()), ("./logo.png", b"\xff\0")):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    plain = made.getvalue()

    tar = {"Content-Type": "application/x-tar"}
    put = await edith.put("/shop?message=by+tar&deploy=false", content=plain, headers=tar)
    packed = await edith.put(
        "/shop", content=gzip.compress(plain), headers={"Content-Type": "application/gzip"}
    )
    got = await edith.get("/shop.tar")

    assert (put.status_code, put.json()["active"]) == (201, None)
    assert (packed.status_code, packed.json()["version"], packed.json()["active"]) == (200, 1, 1)
    assert got.headers["content-type"] == "application/x-tar"
    assert got.headers["etag"] == '"1"'
    with tarfile.open(fileobj=io.BytesIO(got.content)) as archive:
        assert archive.getnames() == ["logo.png", "main.ts"]
    problem(await edith.get("/shop.tar?version=9"), 404, "NOT_FOUND")


async def test_files_come_back_as_put_takes_them(edith):
    files = {"main.ts": HELLO, "logo.png": {"base64": base64.b64encode(b"\xff\0").decode()}}
    await edith.put("/shop", json={"files": files, "title": "The shop"})

    got = (await edith.get("/shop?files=true")).json()

    assert got["files"] == files
    assert (got["entry"], got["title"], got["state"]) == ("main.ts", "The shop", "active")
    assert [one["email"] for one in got["owners"]] == ["edith@example.com"]
    assert got["limits"]["call_timeout_secs"] == 5.0


async def test_a_check_answers_200_and_stores_nothing(edith):
    fine = await edith.post("/shop/check", json=body())
    broken = await edith.post("/shop/check", json=body(BROKEN))

    assert (fine.status_code, fine.json()["ok"]) == (200, True)
    assert (broken.status_code, broken.json()["ok"]) == (200, False)
    assert broken.json()["diagnostics"][0]["line"] == 2
    problem(await edith.post("/shop/check"), 404, "NOT_FOUND")


async def test_a_rollback_goes_to_the_version_before_or_the_one_that_is_named(edith):
    for number in range(3):
        await edith.put("/shop", json=body(f"{HELLO}// {number}\n"))

    before = await edith.post("/shop/rollback")
    named = await edith.post("/shop/rollback", json={"version": 1})
    newest = await edith.post("/shop/deploy")

    assert [one.json()["active"] for one in (before, named, newest)] == [2, 1, 3]
    assert newest.headers["etag"] == '"3"'
    problem(await edith.post("/shop/rollback", json={"version": 9}), 404, "NOT_FOUND")
    problem(await edith.post("/shop/rollback", json={"version": "1"}), 422, "BAD_USER_INPUT")


async def test_a_deleted_script_frees_its_routes_and_is_restored(edith, emma):
    await edith.put("/shop", json=body())

    deleted = await edith.delete("/shop")

    assert (deleted.status_code, deleted.content) == (204, b"")
    assert (await emma.put("/market", json=body())).status_code == 201
    assert (await edith.post("/shop/restore")).json()["state"] == "draft"
    problem(await edith.post("/shop/deploy"), 409, "CONFLICT")


async def test_an_administrator_suspends_and_resumes(edith, ada):
    await edith.put("/shop", json=body())

    problem(await edith.post("/shop/suspend"), 403, "FORBIDDEN")
    suspended = await ada.post("/shop/suspend", json={"reason": "too slow"})
    resumed = await ada.post("/shop/resume")

    assert (suspended.json()["state"], suspended.json()["suspension_reason"]) == (
        "suspended",
        "too slow",
    )
    assert resumed.json()["state"] == "active"


async def test_owners_are_listed_added_and_removed(edith, emma):
    await edith.put("/shop", json=body())

    added = await edith.post("/shop/owners", json={"email": "emma@example.com"})
    removed = await emma.delete("/shop/owners/edith@example.com")

    assert [one["email"] for one in added.json()["owners"]] == [
        "edith@example.com",
        "emma@example.com",
    ]
    assert [one["email"] for one in removed.json()["owners"]] == ["emma@example.com"]
    problem(await emma.delete("/shop/owners/emma@example.com"), 409, "CONFLICT")


async def test_the_list_continues_by_the_link_header(served, edith):
    for slug in ("a", "b", "c"):
        await edith.put(f"/{slug}", json=body(deploy=False))

    first = await edith.get(f"{served.base}{PATH}?limit=2")
    link = first.headers["link"].partition(">")[0][1:]
    rest = await edith.get(served.base + link)

    assert [one["slug"] for one in first.json()["scripts"]] == ["a", "b"]
    assert first.json()["total"] == 3
    assert [one["slug"] for one in rest.json()["scripts"]] == ["c"]
    assert "link" not in rest.headers
    problem(await edith.get(f"{served.base}{PATH}?limit=0"), 422, "BAD_USER_INPUT")


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{}", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"{", "application/json", 400),
        (b'{"files": []}', "application/json", 422),
        (b'{"files": {"main.ts": 1}}', "application/json", 422),
        (b'{"files": {"../x": ""}}', "application/json", 422),
        (b'{"files": {"main.ts": ""}, "deploy": 1}', "application/json", 422),
        (b"x", "text/plain", 415),
        (b"x", "application/x-tar", 422),
    ],
)
async def test_a_body_that_is_not_a_version_is_refused(edith, content, kind, status):
    answer = await edith.put("/shop", content=content, headers={"Content-Type": kind})

    problem(answer, status, "BAD_USER_INPUT")


async def test_a_version_may_be_larger_than_other_bodies_but_not_without_an_end(edith, served):
    large = "x" * 3_000_000
    files = {"main.ts": HELLO, "large.txt": large}

    stored = await edith.put("/shop", json={"files": files})
    too_large = await answered_to_headers(served.base, edith.headers["authorization"])
    async with httpx2.AsyncClient(base_url=served.base) as stranger:
        unknown = await stranger.put(f"{PATH}/shop", json={"files": files})

    assert stored.status_code == 201
    assert too_large.startswith(b"HTTP/1.1 413")
    assert unknown.status_code == 401


async def answered_to_headers(base, authorization):
    """The status line that answers a request whose headers announce too large a body."""
    host, port = base.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        lines = (
            f"PUT {PATH}/shop HTTP/1.1",
            f"Host: {host}:{port}",
            f"Authorization: {authorization}",
            "Content-Type: application/json",
            f"Content-Length: {10 * LARGEST_BODY_BYTES}",
            "Expect: 100-continue",
        )
        writer.write("\r\n".join([*lines, "", ""]).encode())
        return await asyncio.wait_for(reader.readline(), 30)
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_page_of_another_origin_can_not_deploy(served, add_served_person):
    person = await add_served_person("nina", Role.EDITOR)
    session = await served.engine.services.sessions.begin(person, person.id, person.label, "link")
    headers = {
        "Cookie": f"aiwebengine_session={session.secret}",
        "Origin": "https://elsewhere.example",
    }

    async with httpx2.AsyncClient(base_url=served.base, headers=headers) as page:
        answer = await page.put(f"{PATH}/shop", json=body())

    assert answer.status_code == 403
