"""Streamed bodies, credit, work after an answer, and calls that are cancelled."""

import asyncio

import pytest
from tests.runtimes.programs import running

from aiwebengine.runtimes.protocol import WINDOW, Kind
from aiwebengine.runtimes.types import Failed

STREAMS = """
const parts = async function* () {
  yield new TextEncoder().encode("one ");
  await new Promise((resolve) => setTimeout(resolve, 5));
  yield new TextEncoder().encode("two");
};
export const routes = {
  "GET /parts": () => new Response(ReadableStream.from(parts()), { headers: { "x-a": "1" } }),
  "GET /none": () => new Response(ReadableStream.from([])),
  "GET /fails": () => new Response(new ReadableStream({
    pull(controller) {
      if (this.asked) throw new Error("the source broke");
      this.asked = true;
      controller.enqueue(new Uint8Array(3));
    },
  })),
  "GET /text": () => new Response(ReadableStream.from(["text"])),
  "GET /endless": (request) => {
    let pulls = 0;
    return new Response(new ReadableStream({
      pull(controller) { pulls++; controller.enqueue(new Uint8Array(100_000)); },
      cancel(reason) { console.log("cancelled", reason.name, request.signal.aborted); },
    }));
  },
  "GET /large": () => new Response("x".repeat(3_000_000)),
  "POST /echo": (request) => new Response(request.body),
  "POST /sum": async (request) => {
    let sum = 0;
    for await (const chunk of request.body) for (const byte of chunk) sum += byte;
    return Response.json(sum);
  },
  "POST /read": async (request) => {
    try { return new Response(await request.text()); }
    catch (error) { console.log("caught", error.name); throw error; }
  },
};
"""


async def test_a_stream_arrives_in_pieces_as_it_is_made(tmp_path):
    async with running(tmp_path, STREAMS) as program:
        call = program.open("GET /parts")
        frames = [await program.received(call) for _ in range(4)]

    assert [frame.kind for frame in frames] == [
        Kind.ANSWER_OPEN,
        Kind.OUTPUT,
        Kind.OUTPUT,
        Kind.OUTPUT_END,
    ]
    assert frames[0].head == {"status": 200, "headers": [["x-a", "1"]]}
    assert [frame.body for frame in frames[1:3]] == [b"one ", b"two"]


async def test_an_empty_stream_is_an_empty_body(tmp_path):
    async with running(tmp_path, STREAMS) as program:
        answer = await program.call("GET /none")

    assert answer.body == b""


async def test_a_stream_that_fails_ends_the_call_with_its_error(tmp_path):
    async with running(tmp_path, STREAMS) as program:
        with pytest.raises(Failed) as failure:
            await program.call("GET /fails")
        with pytest.raises(Failed, match="the body's stream gave string, not a Uint8Array"):
            await program.call("GET /text")

    assert (failure.value.message, failure.value.line) == ("the source broke", 12)


@pytest.mark.parametrize("handler", ["GET /endless", "GET /large"])
async def test_at_most_a_window_is_unread(tmp_path, handler):
    async with running(tmp_path, STREAMS) as program:
        call = program.open(handler)
        await program.received(call)
        unread = 0
        while unread + 100_000 <= WINDOW:
            frame = await program.received(call)
            unread += len(frame.body)
        # A ping is answered after all that the process would have sent.
        for number in (1_000, 1_001):
            program.send(Kind.PING, number)
            await program.received(number)
        assert program.queue(call).qsize() <= 1
        while not program.queue(call).empty():
            unread += len((await program.received(call)).body)
        assert unread <= WINDOW

        program.send(Kind.CREDIT, call, body=(500_000).to_bytes(4, "little"))
        more = 0
        while more < 300_000:
            more += len((await program.received(call)).body)


async def test_a_large_text_arrives_whole(tmp_path):
    async with running(tmp_path, STREAMS) as program:
        answer = await program.call("GET /large")

    assert answer.body == b"x" * 3_000_000


async def test_input_streams_into_a_handler(tmp_path):
    async with running(tmp_path, STREAMS) as program:
        call = program.open("POST /sum", method="POST", streams=True)
        for _ in range(50):
            program.send(Kind.INPUT, call, body=b"\1" * 10_000)
        program.send(Kind.INPUT_END, call)
        answer = await program.answer(call)

    assert answer.json == 500_000


async def test_input_and_output_stream_at_the_same_time(tmp_path):
    async with running(tmp_path, STREAMS) as program:
        call = program.open("POST /echo", method="POST", streams=True, body=b"first")
        assert (await program.received(call)).kind is Kind.ANSWER_OPEN
        assert (await program.received(call)).body == b"first"
        for piece in (b"a", b"bc"):
            program.send(Kind.INPUT, call, body=piece)
            assert (await program.received(call)).body == piece
        program.send(Kind.INPUT_END, call)
        last = await program.received(call)

    assert last.kind is Kind.OUTPUT_END


WORKING = """
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const routes = {
  "GET /works": (request, env, ctx) => {
    ctx.waitUntil(sleep(20).then(() => console.log("worked")));
    return new Response("answered");
  },
  "GET /streams": (request, env, ctx) => {
    ctx.waitUntil(sleep(20).then(() => console.log("worked")));
    return new Response(ReadableStream.from([new Uint8Array(2)]));
  },
  "GET /rejects": (request, env, ctx) => {
    ctx.waitUntil(sleep(1).then(() => { throw new TypeError("too late"); }));
    return new Response("answered");
  },
  "GET /again": (request, env, ctx) => {
    ctx.waitUntil(sleep(5).then(() => ctx.waitUntil(sleep(5).then(() => console.log("again")))));
    return new Response("answered");
  },
  "GET /forever": (request, env, ctx) => {
    ctx.waitUntil(new Promise(() => {}));
    return new Response("answered");
  },
  "GET /slow": async (request) => {
    const { signal } = request;
    signal.addEventListener("abort", () => console.log("aborted", signal.reason.name));
    await sleep(60_000);
    return new Response("never");
  },
  "GET /stuck": () => new Promise(() => {}),
};
"""


@pytest.mark.parametrize(
    ("handler", "kinds"),
    [
        ("GET /works", [Kind.ANSWER_WORKING, Kind.SETTLED]),
        ("GET /again", [Kind.ANSWER_WORKING, Kind.SETTLED]),
        (
            "GET /streams",
            [Kind.ANSWER_OPEN, Kind.OUTPUT, Kind.OUTPUT_END_WORKING, Kind.SETTLED],
        ),
    ],
)
async def test_a_call_is_open_until_its_work_is_done(tmp_path, handler, kinds):
    async with running(tmp_path, WORKING) as program:
        call = program.open(handler)
        received = [(await program.received(call)).kind for _ in kinds]

    assert received == kinds
    assert [(line.call, line.text) for line in program.logs] in (
        [(call, "worked")],
        [(call, "again")],
    )


async def test_rejected_work_is_logged_with_its_line(tmp_path):
    async with running(tmp_path, WORKING) as program:
        call = program.open("GET /rejects")
        await program.received(call)
        settled = await program.received(call)
        line = await program.logged("too late")

    assert settled.kind is Kind.SETTLED
    assert (line.call, line.level, line.file, line.line) == (call, "error", "main.ts", 13)
    assert line.text.startswith("waitUntil: TypeError: too late")


async def test_a_cancelled_stream_is_cancelled_at_its_source(tmp_path):
    async with running(tmp_path, STREAMS) as program:
        call = program.open("GET /endless")
        await program.received(call)
        program.send(Kind.CANCEL, call)
        async with asyncio.timeout(20):
            while (await program.received(call)).kind is not Kind.SETTLED:
                pass
        line = await program.logged("cancelled")

    assert line.text == "cancelled AbortError true"


async def test_a_cancelled_call_aborts_its_signal(tmp_path):
    async with running(tmp_path, WORKING) as program:
        call = program.open("GET /slow")
        program.send(Kind.CANCEL, call)
        settled = await program.received(call)
        line = await program.logged("aborted")

    assert settled.kind is Kind.SETTLED
    assert line.text == "aborted AbortError"


async def test_a_cancelled_upload_fails_for_its_reader(tmp_path):
    async with running(tmp_path, STREAMS) as program:
        call = program.open("POST /read", method="POST", streams=True)
        program.send(Kind.INPUT, call, body=b"some")
        program.send(Kind.CANCEL, call)
        settled = await program.received(call)
        line = await program.logged("caught")

    assert settled.kind is Kind.SETTLED
    assert line.text == "caught AbortError"


@pytest.mark.parametrize("handler", ["GET /stuck", "GET /forever"])
async def test_a_call_that_never_ends_can_be_cancelled(tmp_path, handler):
    async with running(tmp_path, WORKING) as program:
        call = program.open(handler)
        if handler == "GET /forever":
            assert (await program.received(call)).kind is Kind.ANSWER_WORKING
        program.send(Kind.CANCEL, call)
        settled = await program.received(call)
        # Unknown calls are ignored.
        for kind in (Kind.CANCEL, Kind.CREDIT, Kind.INPUT, Kind.INPUT_END):
            program.send(kind, call, body=b"\1\0\0\0")
        other = await program.call("GET /works")

    assert settled.kind is Kind.SETTLED
    assert other.text == "answered"
