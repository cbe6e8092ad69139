"""The scripts in examples/ load without warnings, pass their tests, and do what they say."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
from pathlib import Path

import deno
import httpx2
import pytest
from tests.conftest import Served

from aiwebengine.core.identity import Role, operator
from aiwebengine.scripts.files import tree_of
from aiwebengine.scripts.folders import write
from aiwebengine.scripts.starting import STARTER, for_editors
from aiwebengine.scripts.types import Dialect

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())
ROOT = operator("tests")


def files_of(name: str) -> dict[str, bytes]:
    folder = EXAMPLES / name
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.fixture
async def client(served: Served):
    async with httpx2.AsyncClient(base_url=served.base) as client:
        yield client


@pytest.fixture
def deploy(served):
    async def deploy(name):
        tree = tree_of(files_of(name))
        deployed = await served.engine.services.scripts.put(ROOT, name, tree)
        assert deployed.diagnostics == []

    return deploy


def test_there_are_six():
    readme = (EXAMPLES / "README.md").read_text()

    assert len(NAMES) == 6
    assert [name for name in NAMES if f"| [{name}]({name}/) |" not in readme] == []


@pytest.mark.parametrize("name", NAMES)
async def test_its_types_are_right(name, tmp_path):
    write(tmp_path, {**files_of(name), **for_editors(Dialect.MODULE)}, None, force=True)
    (tmp_path / "deno.json").write_bytes((STARTER / "deno.json").read_bytes())
    sources = sorted(str(path) for path in tmp_path.rglob("*.ts*") if path.suffix != ".json")

    process = await asyncio.create_subprocess_exec(
        deno.find_deno_bin(),
        "check",
        "--quiet",
        *sources,
        cwd=tmp_path,
        env={**os.environ, "DENO_DIR": str(tmp_path / ".deno"), "NO_COLOR": "1"},
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(300):
        _, errors = await process.communicate()

    assert (process.returncode, errors.decode()) == (0, "")


@pytest.mark.parametrize("name", NAMES)
async def test_its_own_tests_pass(name, deploy, served):
    await deploy(name)

    run = await served.engine.services.script_trials.test(ROOT, name)

    assert [(one.name, one.error) for one in run.tests if one.error is not None] == []
    assert run.passed >= 3 or name == "webhook"
    assert run.skipped == 0


async def test_guestbook(deploy, client):
    await deploy("guestbook")

    empty = await client.get("/guestbook")
    signed = await client.post("/guestbook", data={"name": "Ada <ada>", "text": "It is lovely."})
    refused = await client.post("/guestbook", data={"name": "", "text": "anonymous"})
    page = await client.get("/guestbook")

    assert "Nobody has signed yet." in empty.text
    assert (signed.status_code, signed.headers["location"]) == (303, "/guestbook")
    assert refused.status_code == 400
    assert 'role="alert"' in refused.text
    assert "<h2>Ada &lt;ada&gt;</h2>" in page.text
    assert "anonymous" not in page.text


async def test_chat(deploy, client):
    await deploy("chat")
    page = await client.get("/chat/tea%20shop")

    async with client.stream("GET", "/chat/lobby/messages") as stream:
        await client.post("/chat/garden", content="elsewhere")
        await client.post("/chat/lobby", content="hello")
        async with asyncio.timeout(60):
            data = [line async for line in until_data(stream)]

    assert "<h1>tea shop</h1>" in page.text
    assert 'EventSource("/chat/tea%20shop/messages")' in page.text
    assert stream.headers["access-control-allow-origin"] == "*"
    assert json.loads(data[-1].removeprefix("data:")) == {"text": "hello"}
    assert (await client.post("/chat/lobby", content=" ")).status_code == 400


async def until_data(stream):
    async for line in stream.aiter_lines():
        if line.startswith("data:"):
            yield line
            return


async def test_webhook(deploy, client, served):
    await deploy("webhook")
    await served.engine.services.script_secrets.set(ROOT, "webhook", "HOOK", "of the sender", [])
    body = b'{"event": "push"}'
    right = hmac.new(b"of the sender", body, hashlib.sha256).hexdigest()

    async def send(signature, delivery="one"):
        headers = {"x-hub-signature-256": f"sha256={signature}", "x-delivery": delivery}
        return await client.post("/webhook", content=body, headers=headers)

    first, again = await send(right), await send(right)
    forged = await send(right[::-1])
    nameless = await send(right, "")

    assert first.json() == {"received": "one", "repeated": False}
    assert again.json() == {"received": "one", "repeated": True}
    assert forged.status_code == 401
    assert nameless.status_code == 400


async def test_report(deploy, client, served):
    await deploy("report")
    visits = [(await client.post("/report/visit")).json()["visits"] for _ in range(2)]

    await served.engine.services.script_schedules.run_now(ROOT, "report", "morning")
    async with asyncio.timeout(60):
        while (found := (await client.get("/report")).json())["latest"] is None:
            await asyncio.sleep(0.05)

    assert visits == [1, 2]
    assert found["latest"].endswith(": 0 visits")


async def test_library(deploy, client):
    await deploy("library")

    async def ask(query):
        answer = await client.post("/scripts/graphql", json={"query": query})
        return answer.json()

    books = await ask('{ books(search: "m") { id title author reviews { text } } }')
    added = await ask('mutation { addReview(book: 1, stars: 5, text: "Good") { stars } }')
    refused = await ask('mutation { addReview(book: 1, stars: 7, text: "?") { stars } }')
    read = await ask("{ book(id: 1) { title reviews { stars text } } }")

    assert [book["title"] for book in books["data"]["books"]] == ["Emma", "Middlemarch"]
    assert added == {"data": {"addReview": {"stars": 5}}}
    assert refused["errors"][0]["path"] == ["addReview"]
    assert read["data"]["book"] == {"title": "Emma", "reviews": [{"stars": 5, "text": "Good"}]}


async def test_tools(deploy, client, served, add_served_person):
    await deploy("tools")
    token = await served.token(await add_served_person("ada", Role.ADMINISTRATOR))

    async def call(name, **arguments):
        answer = await client.post(
            "/mcp",
            json={
                "jsonrpc": "2.0",
                "id": 1,
                "method": "tools/call",
                "params": {"name": name, "arguments": arguments},
            },
            headers={
                "authorization": f"Bearer {token}",
                "accept": "application/json, text/event-stream",
            },
        )
        return answer.json()["result"]

    converted = await call("convert_length", value=1, **{"from": "mi", "to": "m"})
    wrong = await call("convert_length", value=1, **{"from": "mi", "to": "yard"})
    noted = await call("remember", text="likes tea")

    assert converted["structuredContent"] == {"value": 1609.344, "unit": "m"}
    assert wrong["isError"] is True
    assert noted["content"][0]["text"] == "Noted."
