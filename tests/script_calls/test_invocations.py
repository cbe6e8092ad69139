"""An invocation ends exactly once, however its call ends."""

import asyncio

import psutil
import pytest
from tests.runtimes.hosting import until

from aiwebengine.core.errors import Conflict, Unavailable
from aiwebengine.script_calls.errors import ScriptCrashed, ScriptFailed, ScriptTimedOut
from aiwebengine.script_calls.types import Kind

SCRIPT = """
export const routes = {
  "GET /one": async () => {
    await host.ask("watch", []);
    return new Response("answered");
  },
  "GET /fails": async () => {
    await host.ask("watch", []);
    throw new Error("no luck");
  },
  "GET /hangs": async () => {
    await host.ask("watch", []);
    await new Promise(() => {});
  },
  "GET /busy": async () => {
    await host.ask("watch", []);
    for (;;);
  },
  "GET /asks": async () => {
    await host.ask("watch", []);
    await host.ask("never", []);
  },
  "GET /later": async (request, env, ctx) => {
    await host.ask("watch", []);
    ctx.waitUntil(host.ask("gate", []));
    return new Response("answered");
  },
  "GET /streams": async () => {
    await host.ask("watch", []);
    const encoder = new TextEncoder();
    let count = 0;
    return new Response(new ReadableStream({
      async pull(controller) {
        if (count++ < 3) controller.enqueue(encoder.encode("piece"));
        else { await host.ask("gate", []); controller.close(); }
      },
    }));
  },
  "GET /breaks": async () => {
    await host.ask("watch", []);
    return new Response(new ReadableStream({
      async pull() { await host.ask("gate", []); throw new Error("broken"); },
    }));
  },
};
"""


class Watch:
    """What was seen of the invocations of a test."""

    def __init__(self):
        self.invocations = []
        self.ended = []
        self.begun = asyncio.Event()
        self.cancelled = 0
        self.gate = asyncio.Event()

    async def watch(self, invocation):
        self.invocations.append(invocation)
        invocation.on_end(self.end)
        self.begun.set()

    async def end(self, is_complete):
        self.ended.append(is_complete)

    async def never(self, invocation):
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.cancelled += 1

    async def wait(self, invocation):
        await self.gate.wait()


@pytest.fixture
async def watch(scripting, deploy):
    watch = Watch()
    scripting.operations.add("watch", watch.watch)
    scripting.operations.add("never", watch.never)
    scripting.operations.add("gate", watch.wait)
    await deploy(SCRIPT)
    await scripting.active.refresh()
    return watch


@pytest.fixture
def call(scripting):
    """Call a handler as a visitor would."""
    head = {"method": "GET", "url": "http://test/", "path": "/", "headers": [], "params": {}}

    async def call(handler, **options):
        async with scripting.caller.open("one", Kind.HTTP, handler, head, **options) as opened:
            parts = [opened.answer.body]
            if opened.answer.rest is not None:
                parts += [part async for part in opened.answer.rest]
            return b"".join(parts)

    return call


async def test_an_answer_completes_it(watch, call):
    assert await call("GET /one") == b"answered"
    assert watch.ended == [True]


async def test_an_error_of_the_script_does_not(watch, call):
    with pytest.raises(ScriptFailed, match="no luck"):
        await call("GET /fails")
    assert watch.ended == [False]


async def test_its_timeout_ends_it(watch, call):
    with pytest.raises(ScriptTimedOut):
        await call("GET /hangs", timeout_secs=0.5)
    assert watch.ended == [False]


async def test_the_end_of_its_process_ends_it(watch, call, host):
    async def kill():
        await watch.begun.wait()
        for process in (await host.client.status()).processes:
            if process.calls:
                psutil.Process(process.pid).kill()

    killing = asyncio.create_task(kill())
    with pytest.raises(ScriptCrashed):
        await call("GET /hangs")
    await killing
    assert watch.ended == [False]


async def test_a_visitor_who_leaves_ends_it_and_what_it_asks(watch, call):
    task = asyncio.create_task(call("GET /asks"))
    await watch.begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await until(lambda: watch.ended == [False])
    assert watch.cancelled <= 1


async def test_the_end_of_the_engine_ends_it(watch, call, scripting):
    task = asyncio.create_task(call("GET /hangs"))
    await watch.begun.wait()
    await scripting.stop()

    with pytest.raises(Exception, match="can't run"):
        await task
    assert watch.ended == [False]


async def test_work_after_the_answer_completes_it_later(watch, call):
    assert await call("GET /later") == b"answered"
    assert watch.ended == []
    watch.gate.set()
    await until(lambda: watch.ended == [True])


async def test_the_end_of_the_engine_ends_work_after_the_answer(watch, call, scripting):
    assert await call("GET /later") == b"answered"
    await scripting.stop()
    assert watch.ended == [False]


async def test_a_stream_completes_it_at_its_end(watch, call):
    task = asyncio.create_task(call("GET /streams"))
    await watch.begun.wait()
    assert watch.ended == []
    watch.gate.set()

    assert await task == b"piecepiecepiece"
    assert watch.ended == [True]


async def test_a_stream_that_breaks_does_not(watch, call):
    watch.gate.set()
    with pytest.raises(ScriptFailed, match="broken"):
        await call("GET /breaks")
    assert watch.ended == [False]


async def test_callbacks_run_in_reverse_and_a_failure_fails_the_call(scripting, call, watch):
    order = []

    async def first(is_complete):
        order.append(("first", is_complete))

    async def commit(is_complete):
        order.append(("commit", is_complete))
        raise Unavailable("The commit failed.")

    async def last(is_complete):
        order.append(("last", is_complete))

    class More(Watch):
        async def watch(self, invocation):
            for callback in (first, commit, last):
                invocation.on_end(callback)

    scripting.operations._operations.pop("watch")
    scripting.operations.add("watch", More().watch)

    with pytest.raises(Unavailable, match="The commit failed"):
        await call("GET /one")
    assert order == [("last", True), ("commit", True), ("first", False)]


async def test_a_trial_sees_what_it_wrote_and_undoes_it(scripting, deploy, notes):
    await deploy(
        """
        export const routes = {
          "GET /two": async () => {
            await host.ask("notes.add", ["a"]);
            const error = await host.ask("notes.fail", []).catch((error) => error.code);
            await host.ask("notes.add", ["b"]);
            const { value } = await host.ask("notes.count", []);
            return Response.json([error, value]);
          },
        };
        """,
        "two",
    )
    head = {"method": "GET", "url": "http://test/", "path": "/", "headers": [], "params": {}}

    result = await scripting.caller.call("two", Kind.HTTP, "GET /two", head, is_trial=True)

    assert result.value == ["BAD_USER_INPUT", 2]
    assert await notes() == []
    assert (await scripting.caller.call("two", Kind.HTTP, "GET /two", head)).value[1] == 2
    assert await notes() == ["a", "b"]


async def test_state_is_kept_by_type(scripting, watch, call):
    await call("GET /one")
    invocation = watch.invocations[0]
    invocation.state[Watch] = watch

    assert invocation.state[Watch] is watch
    assert invocation.is_over
    with pytest.raises(Exception, match="over"):
        await invocation.answer("watch", [], b"")
    with pytest.raises(Exception, match="over"):
        invocation.on_end(watch.end)


def test_errors_have_codes_of_their_own():
    assert Conflict.code == "CONFLICT"
