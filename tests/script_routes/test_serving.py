"""Requests that deployed scripts answer, over HTTP, by real processes."""

import asyncio
import re
import shutil
from pathlib import Path

import httpx2
import pytest

from aiwebengine.core.identity import Role
from aiwebengine.scripts.files import tree_of
from aiwebengine.scripts.log_types import ScriptLogFilter

ANSWERS = """
export const routes = {
  "GET /hello/:name": (request, env, ctx) =>
    Response.json({ hello: ctx.params.name, id: ctx.requestId }),
  "POST /echo": async (request) =>
    new Response(await request.bytes(), { headers: { "x-mine": "1" } }),
  "GET /stream": () => new Response(new ReadableStream({
    async start(out) {
      for (let n = 0; n < 3; n++) {
        out.enqueue(new TextEncoder().encode(`${n} `));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      out.close();
    },
  })),
  "GET /log": () => { console.warn("watch", "this"); return new Response("logged"); },
  "GET /boom": () => { throw new Error("it broke"); },
  "GET /number": () => 7,
  "GET /crash": () => {
    const kept = [];
    for (;;) kept.push(new Uint8Array(1 << 24).fill(1));
  },
  "GET /big": () => new Response("x".repeat(20_000_000)),
};
"""
SLOW = """
export const routes = {
  "GET /hang": () => new Promise(() => {}),
  "GET /loop": () => { for (;;); },
};
"""
OTHER = 'export const routes = { "GET /neighbour": () => new Response("fine") };'


@pytest.fixture
async def edith_served(add_served_person):
    return await add_served_person("edith", Role.EDITOR)


@pytest.fixture
async def client(served):
    async with httpx2.AsyncClient(base_url=served.base, timeout=60) as client:
        yield client


async def put(served, viewer, slug, source, **others):
    """Deploy a script of one file."""
    tree = tree_of({"main.ts": source.encode()})
    return await served.engine.services.scripts.put(viewer, slug, tree, **others)


@pytest.fixture
async def deployed(served, edith_served, add_served_person):
    """Scripts with all kinds of answers; only that of the slow ones has a short time limit."""
    scripts = served.engine.services.scripts
    await put(served, edith_served, "answers", ANSWERS)
    await put(served, edith_served, "slow", SLOW)
    await put(served, edith_served, "other", OTHER)
    root = await add_served_person("root", Role.ADMINISTRATOR)
    await scripts.set_limits(root, "answers", {"call_timeout_secs": 60.0})
    await scripts.set_limits(root, "other", {"call_timeout_secs": 60.0})
    await scripts.set_limits(edith_served, "slow", {"call_timeout_secs": 1.0})


async def lines(served, viewer, slug="answers"):
    """The log of a script, newest first."""
    await served.engine.scripting.journal.flush()
    return await served.engine.services.scripts.log(viewer, slug, ScriptLogFilter(), None, 100)


async def test_a_route_answers_with_parameters_and_the_id_of_the_request(client, deployed):
    answer = await client.get("/hello/caf%C3%A9%2Fbar")

    assert answer.status_code == 200
    assert answer.json() == {"hello": "café/bar", "id": answer.headers["x-request-id"]}


async def test_a_body_goes_in_and_out(client, deployed):
    for size in (0, 1, 300_000, 900_000):
        body = bytes(n % 251 for n in range(size))
        answer = await client.post("/echo", content=body)
        assert answer.status_code == 200
        assert answer.content == body
        assert answer.headers["x-mine"] == "1"


async def test_a_body_that_is_too_large_is_refused(client, deployed, served):
    most = served.engine.config.security.max_request_body_bytes

    async def parts():
        for _ in range(most // 65_536 + 2):
            yield bytes(65_536)

    assert (await client.post("/echo", content=bytes(most + 1))).status_code == 413
    assert (await client.post("/echo", content=parts())).status_code == 413


async def test_an_answer_streams(client, deployed):
    async with client.stream("GET", "/stream") as answer:
        assert "content-length" not in answer.headers
        assert b"".join([part async for part in answer.aiter_bytes()]) == b"0 1 2 "


async def test_head_has_the_head_of_get_alone(client, deployed):
    answer = await client.head("/hello/me")

    assert answer.status_code == 200
    assert answer.content == b""
    assert int(answer.headers["content-length"]) > 0


async def test_a_method_without_a_route_is_refused(client, deployed):
    answer = await client.delete("/hello/me")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("path", "status", "code", "logged"),
    [
        ("/boom", 500, "SCRIPT_FAILED", r"it broke"),
        ("/number", 500, "SCRIPT_FAILED", r"Response"),
        ("/hang", 504, "SCRIPT_TIMED_OUT", r"1(\.0)? s"),
        ("/loop", 504, "SCRIPT_TIMED_OUT", r"1(\.0)? s"),
        ("/crash", 502, "SCRIPT_CRASHED", r"memory|MB"),
        ("/big", 500, "SCRIPT_FAILED", r"10.?000.?000|too large|larger"),
    ],
)
async def test_a_failure_has_a_status_the_request_id_and_a_line_and_harms_nobody(
    client, deployed, served, edith_served, path, status, code, logged
):
    failing = asyncio.create_task(client.get(path))
    beside = []
    while not failing.done():
        beside.append((await client.get("/neighbour")).status_code)
    answer = await failing

    assert answer.status_code == status
    assert answer.json()["code"] == code
    assert answer.json()["requestId"] == answer.headers["x-request-id"]
    assert set(beside) <= {200}
    found = [
        line
        for slug in ("answers", "slow")
        for line in await lines(served, edith_served, slug)
        if line.request_id == answer.headers["x-request-id"]
    ]
    assert any(re.search(logged, line.text) for line in found), [line.text for line in found]
    assert (await client.get("/hello/again")).status_code == 200


async def test_log_lines_have_request_route_and_place(client, deployed, served, edith_served):
    answer = await client.get("/log")

    [line] = await lines(served, edith_served)
    assert (line.text, line.level.value) == ("watch this", "warn")
    assert line.request_id == answer.headers["x-request-id"]
    assert line.route == "GET /log"
    assert (line.file, line.line) == ("main.ts", 16)


async def test_failures_of_scripts_are_not_the_engines(client, deployed, served):
    for _ in range(20):
        await client.get("/boom")

    assert served.engine.counters.errors == 0


async def test_a_suspended_script_is_refused_until_it_is_resumed(
    client, deployed, served, add_served_person
):
    ada = await add_served_person("ada", Role.ADMINISTRATOR)
    scripts = served.engine.services.scripts

    await scripts.suspend(ada, "answers", "it sends mail")
    refused = await client.get("/hello/me")
    await scripts.resume(ada, "answers")

    assert refused.status_code == 503
    assert refused.json()["code"] == "SCRIPT_UNAVAILABLE"
    assert "mail" not in refused.text
    assert (await client.get("/hello/me")).status_code == 200


async def test_three_crashes_in_a_row_suspend_the_script(client, deployed, served, edith_served):
    for _ in range(3):
        assert (await client.get("/crash")).status_code == 502

    async with asyncio.timeout(30):
        while (await client.get("/hello/me")).status_code != 503:
            await asyncio.sleep(0.05)
    script = await served.engine.services.scripts.get(edith_served, "answers")
    assert "3 processes ended" in script.suspension_reason
    assert (await client.get("/neighbour")).status_code == 200


async def test_a_deleted_script_frees_its_paths(client, deployed, served, edith_served):
    await served.engine.services.scripts.delete(edith_served, "answers")

    assert (await client.get("/hello/me")).status_code == 404
    await put(served, edith_served, "heir", ANSWERS)
    assert (await client.get("/hello/me")).status_code == 200


async def test_deploys_under_load_lose_no_request(client, served, edith_served):
    """The issue asks for 50 deployments under the load of 8 clients."""
    source = 'export const routes = {{ "GET /version": () => new Response("{}") }};'
    await put(served, edith_served, "moving", source.format(0))
    seen, over = [], asyncio.Event()

    async def visit():
        async with httpx2.AsyncClient(base_url=served.base, timeout=60) as own:
            while not over.is_set():
                answer = await own.get("/version")
                seen.append((answer.status_code, answer.text))

    visitors = [asyncio.create_task(visit()) for _ in range(8)]
    for number in range(1, 51):
        await put(served, edith_served, "moving", source.format(number))
        assert (await client.get("/version")).text == str(number)
    over.set()
    await asyncio.gather(*visitors)

    assert {status for status, _ in seen} == {200}
    assert len({text for _, text in seen}) > 25


async def test_files_that_somebody_removed_are_written_again(client, deployed, served):
    before = await client.get("/hello/me")
    [script] = [one for one in served.engine.scripting.active.scripts if one.slug == "answers"]
    folder = Path(script.program.folder)
    for one in (folder.parent, folder):
        one.chmod(0o700)
    shutil.rmtree(folder)
    await served.engine.runtimes.retire(script.program)
    failed = await client.get("/hello/me")
    after = await client.get("/hello/me")

    assert [one.status_code for one in (before, failed, after)] == [200, 500, 200]
