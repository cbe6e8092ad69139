"""Hostile authors: what they write harms their own program and nothing else."""

import asyncio
import json
import time

import pytest
from tests.runtimes.hosting import hosted, neighbor, until

from aiwebengine.runtimes.types import Failed, Lost, Reason

# Each function is what an author might write, by mistake or on purpose.
MODULE = """
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const kept = [];
const acts = {
  hello: () => "hi",
  loop: () => { for (;;); },
  expression: () => String(/^(a+)+$/.test("a".repeat(50) + "b")),
  promises: async () => {
    for (;;) {
      const all = [];
      for (let i = 0; i < 1e6; i++) all.push(wait(1));
      await Promise.all(all);
    }
  },
  microtasks: () => {
    const again = () => Promise.resolve().then(again);
    return again();
  },
  buffers: () => { for (;;) kept.push(new Uint8Array(20_000_000).fill(1)); },
  laterBuffers: () => {
    setInterval(() => kept.push(new Uint8Array(20_000_000).fill(1)), 1);
    return "hi";
  },
  laterLoop: () => {
    setTimeout(() => { for (;;); }, 1);
    return "hi";
  },
  heap: () => { for (let i = 0; ; i++) kept.push({ i, text: "x" + i }); },
  text: () => { let text = "x"; for (;;) text += text; },
  recursion: () => { const deeper = (n) => 1 + deeper(n + 1); return String(deeper(0)); },
  answer: () => "x".repeat(30_000_000),
  stream: () => new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(1_000_000)) }),
  logs: () => { for (let i = 0; i < 20_000; i++) console.log(`line ${i}`); return "hi"; },
  logsForever: () => { for (let i = 0; ; i++) console.log(`line ${i}`); },
  never: () => new Promise(() => {}),
};
export const routes = Object.fromEntries(Object.keys(acts).map((name) => [
  `GET /${name}`, async () => new Response(await acts[name]()),
]));
"""
CLASSIC = """
function init() {
  for (const name of ["hello", "loop", "never", "buffers"]) {
    routeRegistry.registerRoute("/" + name, name, "GET");
  }
}
function hello() { return ResponseBuilder.text("hi"); }
function loop() { for (;;); }
function never() { return new Promise(() => {}); }
function buffers() { const kept = []; for (;;) kept.push(new Uint8Array(2e7).fill(1)); }
"""


@pytest.fixture(scope="module")
async def host():
    async with hosted() as host:
        yield host


async def visit(host, program, name="hello", **options):
    """The answer to a request for `/name`; lines go to `host.lines`."""
    handler = f"GET /{name}" if program.dialect == "module" else name
    head = {
        "type": "http",
        "handler": handler,
        "request_id": "request-1",
        "method": "GET",
        "url": f"http://test/{name}",
        "path": f"/{name}",
        "headers": [],
        "params": {},
        "user": None,
        "time": time.time() * 1_000,
    }
    encoded = json.dumps(head).encode()
    return await host.client.call(program, encoded, on_log=host.lines.append, **options)


async def text_of(host, program, name="hello"):
    return (await visit(host, program, name)).body.decode()


def script(host, source=MODULE, **options):
    return host.program(source, **{"call_timeout_secs": 1, **options})


def undisturbed(host):
    """A neighbor whose every request succeeds."""
    program = host.program("export default { fetch: () => new Response('hi') };", "neighbor")

    async def call(_):
        head = {"type": "http", "handler": "fetch", "request_id": "r", "method": "GET"}
        head |= {"url": "http://test/", "path": "/", "headers": [], "params": {}, "user": None}
        return (await host.client.call(program, json.dumps(head).encode())).body.decode()

    return neighbor(host, call)


@pytest.mark.parametrize(
    ("act", "reasons", "is_ended"),
    [
        ("loop", {Reason.TIMEOUT}, True),
        ("expression", {Reason.TIMEOUT}, True),
        # Whichever comes first on this machine.
        ("promises", {Reason.TIMEOUT, Reason.MEMORY}, True),
        ("microtasks", {Reason.TIMEOUT, Reason.MEMORY}, True),
        ("logsForever", {Reason.TIMEOUT}, True),
        ("buffers", {Reason.MEMORY}, True),
        ("heap", {Reason.MEMORY}, True),
        ("never", {Reason.TIMEOUT}, False),
    ],
)
async def test_an_act_of_a_module_is_lost_and_its_neighbor_does_not_notice(
    host, act, reasons, is_ended
):
    # Small, so that a heap is full before the time is over, on a busy machine too.
    slow = {"call_timeout_secs": 60, "heap_mb": 32} if Reason.TIMEOUT not in reasons else {}
    program = script(host, name=f"module-{act}", resident_mb=200, **slow)
    assert await text_of(host, program) == "hi"

    async with undisturbed(host):
        with pytest.raises(Lost) as lost:
            await visit(host, program, act)
        assert await text_of(host, program) == "hi"

    assert lost.value.reason in reasons
    assert lost.value.ended_processes == int(is_ended)
    assert await host.ended_processes(f"module-{act}") == int(is_ended)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        ("recursion", "Maximum call stack size exceeded"),
        ("text", "Invalid string length"),
        ("answer", "the answer has 30000000 bytes"),
    ],
)
async def test_an_act_of_a_module_fails_and_its_process_lives_on(host, act, message):
    program = script(host, name=f"module-{act}", call_timeout_secs=10)
    await text_of(host, program)
    process = await host.process(program)

    async with undisturbed(host):
        with pytest.raises(Failed, match=message):
            await visit(host, program, act)

    assert await text_of(host, program) == "hi"
    assert await host.process(program) == process


async def test_a_stream_without_end_is_cut_at_the_limit(host):
    program = script(host, name="module-stream", call_timeout_secs=10)
    received = 0

    async with undisturbed(host):
        answer = await visit(host, program, "stream")
        with pytest.raises((Failed, Lost)):
            async for part in answer.rest:
                received += len(part)

    assert received <= program.limits.answer_max_bytes
    assert await text_of(host, program) == "hi"


async def test_a_flood_of_log_lines_is_cut_and_the_call_answers(host):
    program = script(host, name="module-logs", call_timeout_secs=60)
    host.lines.clear()

    async with undisturbed(host):
        assert await text_of(host, program, "logs") == "hi"

    assert [line.text for line in host.lines[:200]] == [f"line {n}" for n in range(200)]
    assert host.lines[200].text == "19800 more lines of this call were left out"
    assert len(host.lines) == 201
    assert host.lines[0].file == "main.js"


async def test_memory_that_is_taken_after_the_answer_ends_the_process(host):
    program = script(host, name="module-later", resident_mb=200)

    async with undisturbed(host):
        assert await text_of(host, program, "laterBuffers") == "hi"
        process = await host.process(program)
        await until(lambda: not process.is_running())
        assert await text_of(host, program) == "hi"

    assert await host.ended_processes("module-later") == 1


async def test_a_loop_that_begins_after_the_answer_does_not_run_for_long(host):
    program = script(host, name="module-later-loop", call_timeout_secs=600)

    async with undisturbed(host):
        assert await text_of(host, program, "laterLoop") == "hi"
        process = await host.process(program)
        await until(lambda: not process.is_running())
        assert await text_of(host, program) == "hi"

    assert await host.ended_processes("module-later-loop") == 1


@pytest.mark.parametrize(
    ("act", "reason", "is_ended"),
    [
        ("loop", Reason.TIMEOUT, True),
        ("buffers", Reason.MEMORY, True),
        ("never", Reason.TIMEOUT, False),
    ],
)
async def test_an_act_of_a_classic_program_is_lost_and_its_neighbor_does_not_notice(
    host, act, reason, is_ended
):
    slow = {"call_timeout_secs": 60} if reason is Reason.MEMORY else {}
    name = f"classic-{act}"
    program = script(host, CLASSIC, name=name, dialect="classic", resident_mb=200, **slow)

    async with undisturbed(host):
        assert json.loads((await visit(host, program)).head)["status"] == 200
        with pytest.raises(Lost) as lost:
            await visit(host, program, act)
        assert await text_of(host, program) == "hi"

    assert (lost.value.reason, lost.value.ended_processes) == (reason, int(is_ended))


async def test_a_killed_process_loses_its_calls_only(host):
    program = script(host, name="module-killed", call_timeout_secs=60)
    await text_of(host, program)
    process = await host.process(program)

    async with undisturbed(host):
        calls = [asyncio.create_task(visit(host, program, "never")) for _ in range(10)]
        await until(lambda: _calls(host, program, 10))
        process.kill()
        lost = await asyncio.gather(*calls, return_exceptions=True)
        assert await text_of(host, program) == "hi"

    assert {(one.reason, one.ended_processes) for one in lost} == {(Reason.CRASHED, 1)}


async def test_a_deploy_under_load_loses_no_call(host):
    versions = [
        host.program(f"export default {{ fetch: () => new Response('{n}') }};", "deployed")
        for n in range(6)
    ]
    current, answers, is_over = versions[0], [], False
    head = {"type": "http", "handler": "fetch", "request_id": "r", "method": "GET"}
    head |= {"url": "http://test/", "path": "/", "headers": [], "params": {}, "user": None}
    encoded = json.dumps(head).encode()

    async def keep_calling():
        while not is_over:
            answers.append((await host.client.call(current, encoded)).body.decode())

    callers = [asyncio.create_task(keep_calling()) for _ in range(8)]
    for version in versions[1:]:
        await host.client.load(version, keep=True)
        before, current = current, version
        await host.client.retire(before)
        seen = len(answers)
        await until(lambda seen=seen: len(answers) > seen + 50)
    is_over = True
    await asyncio.gather(*callers)

    assert set(answers) == {str(number) for number in range(6)}


async def test_a_busy_classic_program_gets_a_second_process_and_no_third(host):
    program = script(host, CLASSIC, name="two", dialect="classic", call_timeout_secs=2)
    calls = [asyncio.create_task(visit(host, program, "never")) for _ in range(6)]

    await until(lambda: _calls(host, program, 6))
    await until(lambda: _processes(host, program, 2))
    lost = await asyncio.gather(*calls, return_exceptions=True)

    assert {one.reason for one in lost} == {Reason.TIMEOUT}
    assert await _processes(host, program, 2)


async def _calls(host, program, number):
    found = (await host.client.status()).processes
    return sum(one.calls for one in found if one.key == program.key) == number


async def _processes(host, program, number):
    found = (await host.client.status()).processes
    return len([one for one in found if one.key == program.key]) == number
