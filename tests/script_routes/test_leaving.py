"""A visitor who leaves ends the call, and no part of a body counts as the whole."""

import asyncio
from urllib.parse import urlsplit

import httpx2
import pytest

from aiwebengine.core.identity import Role
from aiwebengine.scripts.files import tree_of

SOURCE = """
const seen = { begun: 0, left: 0, whole: [], broken: 0 };
const begin = (request) => {
  seen.begun++;
  request.signal.addEventListener("abort", () => seen.left++);
};
const tick = () => new Promise((resolve) => setTimeout(resolve, 20));
export const routes = {
  "GET /seen": () => Response.json(seen),
  "GET /slow": async (request) => { begin(request); await new Promise(() => {}); },
  "POST /slow": async (request) => {
    await request.text();
    begin(request);
    await new Promise(() => {});
  },
  "GET /ticks": (request) => {
    begin(request);
    const pull = async (out) => { await tick(); out.enqueue(new Uint8Array(1)); };
    return new Response(new ReadableStream({ pull }));
  },
  "GET /silent": (request) => {
    begin(request);
    return new Response(new ReadableStream({ start: (out) => out.enqueue(new Uint8Array(1)) }));
  },
  "POST /keep": async (request) => {
    try { seen.whole.push((await request.bytes()).length); } catch { seen.broken++; }
    return new Response("kept");
  },
};
"""


@pytest.fixture
async def visit(served, add_served_person):
    """Send a request, and go away after *patience* bytes of the answer."""
    editor = await add_served_person("edith", Role.EDITOR)
    tree = tree_of({"main.ts": SOURCE.encode()})
    await served.engine.services.scripts.put(editor, "left", tree)
    root = await add_served_person("root", Role.ADMINISTRATOR)
    limits = {"call_timeout_secs": 100.0, "concurrent_calls": 5}
    await served.engine.services.scripts.set_limits(root, "left", limits)
    port = urlsplit(served.base).port

    async def visit(line, length=0, body=b"", answered=0):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"{line} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        if answered:
            await asyncio.wait_for(reader.readexactly(answered), 30)
        return writer

    return visit


@pytest.fixture
async def client(served):
    async with httpx2.AsyncClient(base_url=served.base, timeout=60) as client:
        yield client


@pytest.fixture
async def seen(client):
    """What the script has seen; with a number once it has seen so many."""

    async def seen(name, number=None):
        async with asyncio.timeout(30):
            while True:
                found = (await client.get("/seen")).json()[name]
                if number in (None, found):
                    return found
                await asyncio.sleep(0.05)

    return seen


@pytest.mark.parametrize(
    ("line", "length", "answered"),
    [
        ("GET /slow", 0, 0),
        ("POST /slow", 300_000, 0),
        ("GET /ticks", 0, 20),
        ("GET /silent", 0, 20),
    ],
)
async def test_a_call_is_cancelled_when_its_visitor_leaves(visit, seen, line, length, answered):
    writer = await visit(line, length, b"x" * length, answered)
    await seen("begun", 1)
    before = await seen("left")
    writer.close()

    assert before == 0
    assert await seen("left", 1) == 1


@pytest.mark.parametrize("sent", [10, 700_000])
async def test_a_part_of_a_body_is_not_taken_for_the_whole(visit, seen, client, sent):
    writer = await visit("POST /keep", 1_000_000, b"x" * sent)
    await asyncio.sleep(0.3)
    writer.close()
    await writer.wait_closed()
    whole = await client.post("/keep", content=b"x" * 1_000_000)

    assert whole.text == "kept"
    assert await seen("whole") == [1_000_000]


async def test_visitors_who_left_take_no_places(visit, seen, client):
    for number in range(12):
        writer = await visit("GET /ticks", answered=20)
        writer.close()
        await seen("left", number + 1)

    assert (await client.get("/seen")).json()["begun"] == 12
