"""`env.files`, `assetStorage` and asset routes of deployed scripts, by real processes."""

import base64
from hashlib import sha256

import httpx2
import pytest

from aiwebengine.core.identity import Role
from aiwebengine.scripts.files import tree_of

# Runs what it is sent: a function of `env.files` and its arguments.
MODULE = """
const attempt = async (work) => {
  try {
    return { value: await work() };
  } catch (error) {
    return { code: error.code, message: error.message, ...error.extensions };
  }
};
export const assets = { "/logo.png": "logo.png", "/pages/*rest": "static" };
export const routes = {
  "POST /files/:name": async (request, { files }, ctx) => {
    const args = await request.json();
    return Response.json(await attempt(() => files[ctx.params.name](...args)));
  },
  "GET /read/*path": async (request, { files }, ctx) => {
    const file = await files.get(ctx.params.path);
    const { path, size, hash, type, stored } = file;
    const [text, bytes] = [await file.text(), [...(await file.bytes())]];
    return Response.json({ path, size, hash, type, stored, text, bytes });
  },
  "POST /kinds": async (request, { files }) => {
    const bytes = new TextEncoder().encode("bytes");
    await files.batch([
      { op: "put", path: "a", content: bytes },
      { op: "put", path: "b", content: bytes.buffer },
      { op: "put", path: "c", content: new Blob(["blob"]) },
      { op: "put", path: "d", content: "text" },
      { op: "edit", path: "static/style.css", edits: [{ find: "red", replace: "blue" }] },
    ]);
    const texts = [];
    for (const path of ["a", "b", "c", "d", "static/style.css"]) {
      texts.push(await (await files.get(path)).text());
    }
    return Response.json(texts);
  },
};
"""
CLASSIC = """
function call(context) {
  const { name, args } = JSON.parse(context.request.body);
  return ResponseBuilder.json({ value: assetStorage[name](...args) });
}
function init() {
  routeRegistry.registerRoute("/classic", "call", "POST");
  routeRegistry.registerAssetRoute("/classic/logo", "/logo.png");
  routeRegistry.registerAssetRoute("/classic/static/*", "static");
}
"""
CSS = b"body { color: red }"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(1_000)


@pytest.fixture
async def edith_served(add_served_person):
    return await add_served_person("edith", Role.EDITOR)


@pytest.fixture
async def client(served):
    async with httpx2.AsyncClient(base_url=served.base, timeout=60) as client:
        yield client


@pytest.fixture
async def deploy(served, edith_served):
    async def deploy(slug, source, name="main.ts", **files):
        scripts = served.engine.services.scripts
        others = {"logo.png": PNG, "static/style.css": CSS, **files}
        return await scripts.put(edith_served, slug, tree_of({name: source.encode(), **others}))

    return deploy


@pytest.fixture
async def files(client, deploy):
    await deploy("files", MODULE)

    async def files(name, *args):
        answer = await client.post(f"/files/{name}", json=args)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return files


async def test_a_script_stores_and_reads_files(client, files):
    stored = (await files("put", "notes/a.txt", "é"))["value"]
    assert stored["hash"] == sha256("é".encode()).hexdigest()
    assert (await client.get("/read/notes/a.txt")).json() == {
        "path": "notes/a.txt",
        "size": 2,
        "hash": stored["hash"],
        "type": "text/plain; charset=utf-8",
        "stored": True,
        "text": "é",
        "bytes": [0xC3, 0xA9],
    }
    assert (await client.get("/read/static/style.css")).json()["stored"] is False
    assert await files("get", "other") == {"value": None}

    listed = (await files("list"))["value"]
    assert [one["path"] for one in listed["files"]] == [
        "logo.png",
        "main.ts",
        "notes/a.txt",
        "static/style.css",
    ]
    assert await files("delete", "notes/a.txt", {"ifHash": stored["hash"]}) == {"value": True}
    assert await files("get", "notes/a.txt") == {"value": None}


async def test_all_kinds_of_contents_are_stored_in_one_batch(client, files):
    answer = await client.post("/kinds")

    assert answer.json() == ["bytes", "bytes", "blob", "text", "body { color: blue }"]


async def test_another_hash_is_a_conflict_with_the_current_one(files):
    current = sha256(CSS).hexdigest()
    edit = [{"find": "red", "replace": "blue"}]

    refused = await files("edit", "static/style.css", edit, {"ifHash": "0" * 64})
    new = await files("put", "static/style.css", "x", {"ifHash": None})
    done = (await files("edit", "static/style.css", edit, {"ifHash": current}))["value"]

    assert (refused["code"], refused["hash"]) == ("CONFLICT", current)
    assert (new["code"], new["hash"]) == ("CONFLICT", current)
    assert done["changed"]


async def test_wrong_arguments_are_named(files):
    for name, args, message in [
        ("put", ["../a", ""], "the path '../a' contains '..'"),
        ("put", ["a", 1], "the content is a number; allowed: a text"),
        ("put", ["a", "", {"hash": "1"}], "there is no option hash"),
        ("put", ["a", "", {"type": "x y"}], "type: found 'x y'"),
        ("edit", ["a", "b"], "edits is a string"),
        ("edit", ["a", [{"find": 1}]], "find: found 1"),
        ("batch", [[{"op": "move"}]], "change 0: op is move; allowed: put, edit, delete"),
        ("batch", [[]], "changes: found 0; allowed: 1 to 256"),
        ("list", [{"limit": 0}], "limit: found 0; allowed: 1 to 1000"),
    ]:
        assert message in (await files(name, *args))["message"]


async def test_routes_serve_files_without_a_process(served, client, files):
    deployed = served.engine.scripting.active.scripts[0]
    await served.engine.runtimes.retire(deployed.program)
    before = await client.get("/pages/style.css")
    known = await client.get("/pages/style.css", headers={"If-None-Match": before.headers["etag"]})
    part = await client.get("/logo.png", headers={"Range": "bytes=1-3"})
    head = await client.head("/logo.png")

    assert (before.status_code, before.content) == (200, CSS)
    assert before.headers["content-type"] == "text/css; charset=utf-8"
    assert before.headers["cache-control"] == "public, no-cache"
    assert "sandbox" in before.headers["content-security-policy"]
    assert before.headers["x-content-type-options"] == "nosniff"
    assert known.status_code == 304
    assert (part.status_code, part.content) == (206, b"PNG")
    assert part.headers["content-range"] == f"bytes 1-3/{len(PNG)}"
    assert head.headers["content-length"] == str(len(PNG))
    assert (await client.get("/logo.png", headers={"Range": "bytes=9999-"})).status_code == 416
    assert (await client.post("/logo.png")).status_code == 405
    for path in ("/pages/none.css", "/pages/", "/pages/..%2Fmain.ts", "/pages/%2e%2e/main.ts"):
        assert (await client.get(path)).status_code == 404


async def test_a_stored_file_is_served_at_once(client, files):
    before = await client.get("/pages/style.css")
    await files("put", "static/style.css", "body {}")
    await files("put", "static/new.css", "new", {"type": "text/x-new"})

    after = await client.get("/pages/style.css", headers={"If-None-Match": before.headers["etag"]})
    new = await client.get("/pages/new.css")

    assert (after.status_code, after.text) == (200, "body {}")
    assert (new.text, new.headers["content-type"]) == ("new", "text/x-new")


async def test_assets_are_checked_when_a_version_is_loaded(served, edith_served):
    scripts = served.engine.services.scripts
    for exported, message in {
        "[]": "assets is a Array, not an object",
        '{ "/a": 1 }': 'the asset "/a" is a number, not the path of a file',
        '{ "a": "b" }': 'the asset "a" must begin with "/"',
        '{ "/engine/x": "b" }': "belong to the engine",
    }.items():
        source = f"export const assets = {exported};\nexport const routes = {{}};"
        checked = await scripts.check_files(
            edith_served, "new", tree_of({"main.ts": source.encode()})
        )
        assert message in checked.diagnostics[0].message


async def test_routes_without_a_file_and_files_that_are_covered_are_warned_of(deploy, files):
    await files("put", "static/style.css", "stored")
    source = MODULE.replace('"/logo.png"', '"/old.png": "old.png", "/old/*": "old", "/logo.png"')

    done = await deploy("files", source)

    assert [one.message for one in done.diagnostics] == [
        "GET /old.png: the script has no file old.png, so it answers 404.",
        "GET /old/*: the script has no file old/*, so it answers 404.",
        "static/style.css: a stored file with this path is served instead of the version's. Remove"
        " it with DELETE /api/engine/scripts/…/files/static/style.css, or env.files.delete.",
    ]


async def test_asset_storage_of_the_classic_form(client, deploy):
    await deploy("classic", CLASSIC, "main.js")

    async def call(name, *args):
        answer = await client.post("/classic", json={"name": name, "args": args})
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    content = base64.b64encode(b"<svg/>").decode()
    for arguments in (["image/svg+xml", content], [content, "image/svg+xml"]):
        stored = await call("upsertAsset", "/static/a.svg", *arguments)
        assert stored == "Asset '/static/a.svg' upserted successfully"
        served = await client.get("/classic/static/a.svg")
        assert (served.content, served.headers["content-type"]) == (b"<svg/>", "image/svg+xml")
    assert (await client.get("/classic/logo")).content == PNG
    assert await call("fetchAsset", "static/a.svg") == content
    assert await call("fetchAsset", "none") == "Asset 'none' not found"
    assert (await call("upsertAsset", "a", "text/css", "%")).startswith("Error: ")
    assert (await call("upsertAsset", "../a", "text/css", content)).startswith("Error: ")
    assert await call("deleteAsset", "static/a.svg") == "Asset 'static/a.svg' deleted successfully"
    assert await call("deleteAsset", "static/a.svg") == "Asset 'static/a.svg' not found"
