"""Scripts in the style of the original engine, deployed as they stand and driven over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from tests.conftest import Served
from tests.script_fetch.servers import answering, site

from aiwebengine.core.identity import Role, operator
from aiwebengine.core.private_hosts import PrivateHosts
from aiwebengine.scripts.files import tree_of

SCRIPTS = Path(__file__).parent / "scripts"
ROOT = operator("tests")
JSON = {"content-type": "application/json"}
ASSETS = {
    "style.css": b"p { color: red }",
    "images/logo.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
}


@pytest.fixture
async def client(served: Served) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=served.base) as client:
        yield client


@pytest.fixture
def put(served: Served):
    """Deploy one of the scripts, with more files; warnings would be findings of ours."""

    async def put(name: str, **files: bytes) -> None:
        path = SCRIPTS / name
        tree = tree_of({f"main{path.suffix}": path.read_bytes(), **files})
        deployed = await served.engine.services.scripts.put(ROOT, path.stem, tree)
        assert deployed.diagnostics == []

    return put


@pytest.fixture
async def token(served, add_served_person):
    """A token of an administrator."""
    return await served.token(await add_served_person("ada", Role.ADMINISTRATOR))


async def becomes_true(condition):
    async with asyncio.timeout(60):
        while not await condition():
            await asyncio.sleep(0.05)


async def test_notes(put, client):
    await put("notes.js")

    missing = await client.post("/notes", data={"text": " "})
    added = await client.post("/notes", data={"text": "milk & bread"})
    await client.post("/notes", data={"text": "more"})
    page = await client.get("/notes")
    listed = await client.get("/notes/json", params={"limit": 1})
    cleared = await client.delete("/notes")

    assert missing.status_code == 400
    assert (added.status_code, added.headers["location"]) == (302, "/notes")
    assert "<li>milk & bread</li>" in page.text
    assert page.headers["content-type"].startswith("text/html")
    assert (listed.json()["total"], listed.json()["notes"][0]["text"]) == (2, "more")
    assert cleared.status_code == 204
    assert (await client.get("/notes/json")).json() == {"notes": [], "total": 0}


async def test_stock(put, client):
    await put("stock.ts")

    made = [
        (await client.post("/stock", json={"name": name, "amount": amount})).json()
        for name, amount in (("nuts", 3), ("bolts", 7), ("nails", 0))
    ]
    twice = await client.post("/stock", json={"name": "nuts", "amount": 1})
    some = await client.get("/stock", params={"least": 3, "most": 7})
    ordered = await client.get("/stock", params={"order": "name"})
    changed = await client.put(f"/stock/{made[0]['id']}", json={"amount": 4})
    put_in = await client.post("/stock-put", json={"name": "nuts", "amount": 9})
    cleared = await client.post("/stock-clear")
    removed = await client.delete(f"/stock/{made[1]['id']}")
    left = (await client.get("/stock")).json()

    assert twice.status_code == 500
    assert [row["name"] for row in some.json()] == ["nuts"]
    assert [row["name"] for row in ordered.json()] == ["bolts", "nails", "nuts"]
    assert changed.json()["amount"] == 4
    assert put_in.json()["amount"] == 9
    assert cleared.status_code == 200
    assert removed.status_code == 204
    assert [(row["name"], row["amount"]) for row in left] == [("nuts", 9)]


async def test_ledger(put, client):
    await put("ledger.js")

    async def after(act):
        answer = await client.post(f"/ledger/{act}")
        return answer.status_code, tuple((await client.get("/ledger")).json().values())

    assert await after("open") == (200, (100, 100))
    assert await after("commit") == (200, (70, 130))
    assert await after("roll_back") == (200, (70, 130))
    assert await after("throws") == (500, (70, 130))
    assert await after("returns") == (200, (75, 125))
    assert await after("savepoint") == (200, (74, 126))


async def test_board(put, client):
    await put("board.js")

    async def ask(query, **variables):
        answer = await client.post(
            "/scripts/graphql", json={"query": query, "variables": variables}
        )
        return answer.json()

    posted = await ask('mutation { postMessage(text: "hi", author: "ada") { id text author } }')
    listed = await ask("{ boardMessages { text author } }")
    refused = await ask('mutation { postMessage(text: "") { id } }')
    inside = await client.get("/board/inside")

    assert posted == {"data": {"postMessage": {"id": "1", "text": "hi", "author": "ada"}}}
    assert listed["data"]["boardMessages"] == [{"text": "hi", "author": "ada"}]
    assert refused["errors"][0]["path"] == ["postMessage"]
    assert inside.json() == {"data": {"boardMessages": [{"text": "hi"}]}}


async def next_event(lines):
    """The data of the next event of a stream."""
    async with asyncio.timeout(60):
        async for line in lines:
            if line.startswith("data:"):
                return json.loads(line[5:])
    raise AssertionError("the stream ended")


async def test_board_reaches_subscribers(put, client):
    await put("board.js")
    query = {"query": "subscription { messagePosted { text } }"}
    headers = {"accept": "text/event-stream"}

    async with client.stream("POST", "/scripts/graphql", json=query, headers=headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        post = {"query": 'mutation { postMessage(text: "news") { id } }'}
        assert (await client.post("/scripts/graphql", json=post)).json()["data"]
        event = await next_event(stream.aiter_lines())

    assert event == {"data": {"messagePosted": {"text": "news"}}}


async def test_feed(put, client):
    await put("feed.js")

    async with (
        client.stream("GET", "/feed/all") as everybody,
        client.stream("GET", "/feed/channels", params={"topic": "attic"}) as attic,
    ):
        for form in (
            {"text": "to all"},
            {"text": "to the hall", "topic": "hall"},
            {"text": "to the attic", "topic": "attic"},
        ):
            assert (await client.post("/feed/send", data=form)).json() == {"sent": True}
        first = await next_event(everybody.aiter_lines())
        second = await next_event(attic.aiter_lines())

    assert first == {"text": "to all", "topic": None}
    assert second == {"text": "to the attic", "topic": "attic"}


async def test_clock(put, client):
    await put("clock.js")
    await client.post("/clock")

    async def has_run():
        found = (await client.get("/clock")).json()
        return found["ticks"] >= 2 and found["once"] == 1

    await becomes_true(has_run)


async def test_helpers(put, client, token):
    await put("helpers.js")

    async def ask(method, **params):
        answer = await client.post(
            "/mcp",
            json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params},
            headers={
                "authorization": f"Bearer {token}",
                "accept": "application/json, text/event-stream",
                "mcp-protocol-version": "2025-06-18",
            },
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    listed = {tool["name"]: tool for tool in (await ask("tools/list"))["tools"]}
    called = await ask("tools/call", name="roll_dice", arguments={"sides": 6, "times": 2})
    failed = await ask("tools/call", name="roll_dice", arguments={"sides": 1})
    prompts = await ask("prompts/list")
    prompt = await ask("prompts/get", name="greet", arguments={"name": "Ada"})

    assert listed["roll_dice"]["description"] == "Rolls dice"
    assert json.loads(called["content"][0]["text"]) == {"rolls": [1, 1], "sides": 6}
    assert failed["isError"] is True
    assert [one["name"] for one in prompts["prompts"]] == ["greet"]
    assert prompt["messages"][0]["content"]["text"] == "Greet Ada."


async def test_pages(put, client):
    await put("pages.js", **ASSETS)

    markdown = await client.get("/pages/markdown")
    template = await client.get("/pages/template", params={"name": "<Ada>"})
    style = await client.get("/pages/style.css")
    logo = await client.get("/pages/logo.svg")

    assert "<h1>Title</h1>" in markdown.text
    assert "<em>text</em>" in markdown.text
    assert "<p>Hello &lt;Ada&gt;</p><i>a</i><i>b</i>" in template.text
    assert (await client.get("/pages/base64")).text == "round"
    assert (style.content, style.headers["content-type"]) == (
        ASSETS["style.css"],
        "text/css; charset=utf-8",
    )
    assert logo.headers["content-type"].startswith("image/svg+xml")


async def test_files(put, client):
    await put("files.js", **{"a.txt": b"first"})

    written = await client.put("/files/b.txt", content=b"second")
    listed = (await client.get("/files")).text
    read = [(await client.get(f"/files/{name}.txt")).text for name in "ab"]
    removed = await client.delete("/files/b.txt")

    assert written.status_code == 200
    assert "a.txt" in listed
    assert "b.txt" in listed
    assert read == ["first", "second"]
    assert removed.status_code == 204
    assert "b.txt" not in (await client.get("/files")).text


async def test_orders(put, client):
    await put("receiver.js")
    await put("sender.js")

    for number in ("1", "2"):
        await client.post("/orders", data={"number": number})

    async def have_come():
        return sorted((await client.get("/orders/seen")).json()) == ["1", "2"]

    await becomes_true(have_come)


async def test_account(put, client, token):
    await put("account.js")
    headers = {"authorization": f"Bearer {token}"}

    nobody = (await client.get("/account")).json()
    refused = await client.get("/account/mine")
    known = (await client.get("/account", headers=headers)).json()
    visits = [
        (await client.get("/account/mine", headers=headers)).json()["visits"] for _ in range(2)
    ]

    assert nobody["isAuthenticated"] is False
    assert refused.status_code == 401
    assert known == {
        "isAuthenticated": True,
        "email": "ada@example.com",
        "isEditor": True,
        "isAdmin": True,
    }
    assert visits == [1, 2]


async def test_lease(put, client):
    await put("lease.js")

    first, second, again = [
        (await client.post("/lease", params={"name": name})).json() for name in ("a", "b", "a")
    ]

    assert [one["acquired"] for one in (first, second, again)] == [True, False, True]


async def test_mail(put, client, served):
    services = served.engine.services
    services.outbound._private = PrivateHosts(["127.0.0.0/8"])
    await put("mail.js")

    async with site(answering(b"got it")) as mailer:
        without = await client.post("/mail", params={"url": mailer.url()})
        await services.script_secrets.set(ROOT, "mail", "MAIL_KEY", "very secret", ["127.0.0.1"])
        sent = await client.post("/mail", params={"url": mailer.url()})

    assert without.status_code == 503
    assert sent.json() == {"status": 200, "body": "got it"}
    [request] = mailer.received
    assert request.header("authorization") == "Bearer very secret"
    assert json.loads(request.body) == {"to": "ada@example.com"}
