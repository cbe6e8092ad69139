"""What programs ask the host, through client, supervisor and process."""

import asyncio
import json

import pytest
from tests.runtimes.asking import Answers, asking_host
from tests.runtimes.hosting import until

from aiwebengine.core.errors import Conflict
from aiwebengine.runtimes.client import RuntimeClient
from aiwebengine.runtimes.questions import LARGEST_REPLY_BYTES, MOST_UNANSWERED, Reply
from aiwebengine.runtimes.types import Failed, Lost, Reason

HEAD = {"type": "http", "method": "GET", "url": "http://test/", "path": "/", "headers": []}


@pytest.fixture(scope="module")
async def host(tmp_path_factory):
    async with asking_host(tmp_path_factory.mktemp("runtime") / "javascript") as host:
        yield host


@pytest.fixture
def answers(host):
    answers = Answers()
    host.client.on_load = answers.of_load
    yield answers
    host.client.on_load = None


def module(host, code, **limits):
    source = f"export const routes = {{ 'GET /': async (request, env, ctx) => {{ {code} }} }};"
    return host.program(source, "module", **limits)


def classic(host, code, init="", **limits):
    source = f"""
    function get(context) {{ {code} }}
    function hello() {{ return "hi"; }}
    function init() {{ routeRegistry.registerRoute("/", "get", "GET"); {init} }}
    """
    return host.program(source, "classic", dialect="classic", **limits)


async def visit(host, program, on_ask, handler=None):
    name = handler or ("GET /" if program.dialect == "module" else "get")
    head = json.dumps({**HEAD, "handler": name, "request_id": "r", "params": {}, "user": None})
    answer = await host.client.call(program, head.encode(), on_ask=on_ask, on_log=host.lines.append)
    return answer.body.decode()


async def test_a_question_has_arguments_and_bytes_and_so_has_its_reply(host, answers):
    code = """
    const { value, body } = await host.ask("one.two", [1, { a: "ü" }], new Uint8Array([1, 2, 3]));
    return Response.json([value, [...body]]);
    """

    text = await visit(host, module(host, code), answers.answer)

    assert json.loads(text) == [
        {"operation": "one.two", "arguments": [1, {"a": "ü"}]},
        [3, 2, 1],
    ]
    assert answers.asked == [("one.two", [1, {"a": "ü"}], b"\1\2\3")]


async def test_an_error_has_the_code_and_the_line_of_the_author(host):
    async def refuse(operation, arguments, body):
        raise Conflict("Not now.", newest=7)

    code = """
    try {
      await host.ask("one", []);
    } catch (error) {
      console.log(error);
      return Response.json([error.code, error.message, error.extensions, error instanceof Error]);
    }
    """
    host.lines.clear()

    text = await visit(host, module(host, code), refuse)

    assert json.loads(text) == ["CONFLICT", "Not now.", {"newest": 7}, True]
    assert host.lines[0].text.startswith("Not now.\n    at GET / (main.js:3:")


async def test_a_bug_of_the_host_is_no_text_for_the_program(host, caplog):
    async def broken(operation, arguments, body):
        raise RuntimeError("a password")

    code = "return host.ask('one', []).catch((e) => Response.json([e.code, e.message]))"

    text = await visit(host, module(host, code), broken)

    assert json.loads(text)[0] == "INTERNAL"
    assert "password" not in text


async def test_many_questions_at_once_wait_for_their_turn(host):
    open_now = most = 0

    async def answer(operation, arguments, body):
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(0)
        open_now -= 1
        return Reply(arguments[0])

    code = """
    const all = Array.from({ length: 500 }, (_, n) => host.ask("n", [n]));
    const values = (await Promise.all(all)).map((reply) => reply.value);
    return Response.json(values.every((value, n) => value === n));
    """

    assert await visit(host, module(host, code), answer) == "true"
    assert most < MOST_UNANSWERED


async def test_what_is_too_much_is_refused_in_the_program(host, answers):
    code = """
    const codes = [];
    const note = (error) => codes.push(error.code);
    await host.ask("large", ["x".repeat(300_001)]).catch(note);
    await host.ask("large", [], new Uint8Array(10_000_001)).catch(note);
    await host.ask("fits", [], new Uint8Array(10_000_000));
    for (let n = 0; n < 10_000; n++) await host.ask("n", []).catch(note);
    return Response.json(codes);
    """

    text = await visit(host, module(host, code, call_timeout_secs=60.0), answers.answer)

    assert json.loads(text) == ["LIMIT", "LIMIT", "LIMIT"]
    assert len(answers.asked[0][2]) == 10_000_000


async def test_a_reply_that_is_too_large_is_an_error(host):
    async def answer(operation, arguments, body):
        return Reply("x", bytes(LARGEST_REPLY_BYTES))

    code = "return host.ask('one', []).catch((e) => Response.json([e.code, e.message]))"

    code, message = json.loads(await visit(host, module(host, code), answer))
    assert code == "LIMIT"
    assert str(LARGEST_REPLY_BYTES) in message


async def test_only_handlers_ask(host, answers):
    source = """
    let later;
    const past = new Promise((done) => (later = done));
    setTimeout(() => host.ask("timer", []).catch((error) => later(error.message)), 50);
    export const routes = { "GET /": async () => new Response(await past) };
    """

    text = await visit(host, host.program(source, "timer"), answers.answer)

    assert text == "timer is only possible inside a handler"
    assert answers.asked == []


async def test_a_question_that_nobody_awaits_is_answered_before_the_call_is_over(host):
    release = asyncio.Event()
    asked = []

    async def answer(operation, arguments, body):
        asked.append(operation)
        await release.wait()
        return Reply()

    code = "(async () => { await host.ask('a', []); await host.ask('b', []); })();"
    program = module(host, f"{code} return new Response('answered');")
    head = {**HEAD, "handler": "GET /", "request_id": "r", "params": {}, "user": None}

    got = await host.client.call(program, json.dumps(head).encode(), on_ask=answer)

    assert got.body == b"answered"
    assert asked == ["a"]
    assert not got.over.done()
    release.set()
    async with asyncio.timeout(20):
        assert await got.over is True
    assert asked == ["a", "b"]


async def test_classic_functions_block(host, answers):
    code = """
    const { value, body } = host.askNow("now", [1], new Uint8Array([1, 2]));
    return ResponseBuilder.json([value.arguments, [...body]]);
    """

    program = classic(host, code)

    assert json.loads(await visit(host, program, answers.answer)) == [[1], [2, 1]]
    assert list((host.folder / "pipes").iterdir()) == []


async def test_a_large_reply_comes_over_the_pipe(host):
    async def answer(operation, arguments, body):
        return Reply("ü" * 100_000, b"x" * 5_000_000)

    code = """
    const { value, body } = host.askNow("now", []);
    return ResponseBuilder.json([value.length, body.length, body[4_999_999]]);
    """

    assert json.loads(await visit(host, classic(host, code), answer)) == [100_000, 5_000_000, 120]


async def test_init_asks_the_worker_that_started_the_program(host, answers):
    program = host.program(
        """
        let loaded;
        function get() { return JSON.stringify(loaded); }
        function init() {
          routeRegistry.registerRoute("/", "get", "GET");
          loaded = host.askNow("init", [2]).value.arguments;
        }
        """,
        "init",
        dialect="classic",
    )
    deployer = Answers()

    await host.client.load(program, keep=True, on_ask=deployer.answer)
    assert [one[0] for one in deployer.asked] == ["init"]
    # It runs: nothing is asked unless it is loaded afresh.
    await host.client.load(program, keep=True)
    await host.client.load(program, keep=True, on_ask=deployer.answer)
    await host.client.load(program, keep=False, on_ask=deployer.answer)
    assert len(deployer.asked) == 3
    assert answers.asked == []

    await host.client.retire(program)
    assert await visit(host, program, answers.answer) == "[2]"
    assert answers.asked == [("init", [2], b"")]
    await until(lambda: answers.loads_over == 1)


async def test_init_that_asks_and_fails_ends_its_load(host, answers):
    program = classic(host, "", "host.askNow('init', []); throw new Error('no luck');")

    with pytest.raises(Failed, match="no luck"):
        await visit(host, program, answers.answer)

    await until(lambda: answers.loads_over == 1)


async def test_a_visitor_who_leaves_frees_a_handler_that_waits(host):
    asked = asyncio.Event()

    async def never(operation, arguments, body):
        asked.set()
        await asyncio.get_running_loop().create_future()

    program = classic(host, "host.askNow('one', []);", processes=1)
    leaving = asyncio.create_task(visit(host, program, never))
    async with asyncio.timeout(20):
        await asked.wait()
    before = await host.process(program)
    leaving.cancel()

    assert await visit(host, program, never, "hello") == "hi"
    assert await host.process(program) == before


async def test_a_handler_that_waits_for_too_long_costs_only_its_call(host):
    async def never(operation, arguments, body):
        await asyncio.get_running_loop().create_future()

    program = classic(host, "host.askNow('one', []);", processes=1, call_timeout_secs=0.5)

    with pytest.raises(Lost) as lost:
        await visit(host, program, never)

    assert lost.value.reason is Reason.TIMEOUT
    before = await host.process(program)
    assert await visit(host, program, never, "hello") == "hi"
    assert await host.process(program) == before
    assert await host.ended_processes("classic") == 0


async def test_a_process_that_dies_with_questions_open(host):
    asked = asyncio.Event()
    answered = []

    async def slow(operation, arguments, body):
        asked.set()
        await release.wait()
        answered.append(operation)
        return Reply()

    release = asyncio.Event()
    program = module(host, "await host.ask('one', []);", idle_secs=60.0)
    call = asyncio.create_task(visit(host, program, slow))
    async with asyncio.timeout(20):
        await asked.wait()
    (await host.process(program)).kill()

    with pytest.raises(Lost) as lost:
        await call
    assert lost.value.reason is Reason.CRASHED
    release.set()
    await until(lambda: answered == ["one"])
    assert json.loads(await visit(host, module(host, "return Response.json(1)"), slow)) == 1


async def test_a_worker_that_goes_during_a_load_is_replaced(host):
    """Another worker's connection answers from then on."""
    first = RuntimeClient(host.folder)
    asked = asyncio.Event()

    class Never(Answers):
        async def answer(self, operation, arguments, body):
            asked.set()
            await asyncio.get_running_loop().create_future()

    never, answers = Never(), Answers()
    first.on_load, host.client.on_load = never.of_load, answers.of_load
    program = classic(host, "return 'hi';", "host.askNow('init', []);")
    head = {**HEAD, "handler": "get", "request_id": "r", "params": {}, "user": None}
    lost = asyncio.create_task(first.call(program, json.dumps(head).encode()))
    async with asyncio.timeout(20):
        await asked.wait()
    waiting = asyncio.create_task(visit(host, program, answers.answer))
    await host.client.status()
    await first.stop()

    with pytest.raises(Lost):
        await lost
    assert await waiting == "hi"
    assert [one[0] for one in answers.asked] == ["init"]
    assert never.loads_over == 1
    host.client.on_load = None
