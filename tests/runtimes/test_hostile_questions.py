"""Programs that break the rules of questions: each loses its own process and nothing else."""

import asyncio
import json

import pytest
from tests.runtimes.hosting import PLAIN, hosted, neighbor, until

from aiwebengine.runtimes.questions import MOST_QUESTIONS, Reply
from aiwebengine.runtimes.types import Lost, Reason

PROGRAM = """
const never = () => new Promise(() => {});
const wrong = (number, ask) => (call) => {
  ask(call.number, number);
  return never();
};
export const many = (call) => {
  for (let n = 1; n <= 40; n++) ask(call.number, n);
  return never();
};
export const twice = (call) => {
  ask(call.number, 7);
  ask(call.number, 7);
  return never();
};
export const of_nobody = wrong(1, (call, number) => ask(call + 1, number));
export const of_the_load = wrong(1, (call, number) => ask(0, number));
export const blocks = wrong(1, (call, number) => ask(call, number, { blocks: true }));
export const large = wrong(1, (call, number) => ask(call, number, { bytes: 10_000_001 }));
export const long = wrong(1, (call, number) => ask(call, number, { args: ["x".repeat(1e6)] }));
export const without_number = wrong(1, (call) => send(41, call, {}, "12345678"));
export const bytes = (call) => {
  for (let n = 1; n <= 4; n++) ask(call.number, n, { bytes: 9_000_000 });
  return never();
};
export const hello = () => "hi";
"""


@pytest.fixture(scope="module")
async def host():
    async with hosted(PLAIN) as host:
        yield host


async def has_a_call(host, program):
    found = (await host.client.status()).processes
    return [one.calls for one in found if one.key == program.key] == [1]


async def never(operation, arguments, body):
    await asyncio.get_running_loop().create_future()


@pytest.mark.parametrize(
    "handler",
    "many twice of_nobody of_the_load blocks large long without_number bytes".split(),
)
async def test_a_question_against_the_rules_ends_the_process(host, handler):
    program = host.program(PROGRAM)

    async with neighbor(host):
        with pytest.raises(Lost) as lost:
            await host.call(program, handler, on_ask=never)

    assert lost.value.reason is Reason.CRASHED
    assert await host.text(program) == "hi"


async def test_a_flood_of_questions_ends(host):
    """The program asks for as long as it gets replies, which is a limited number of times."""
    program = host.program(
        """
        let call, last = 0;
        const next = () => ask(call.number, ++last);
        export const flood = (asker) => { call = asker; next(); return new Promise(() => {}); };
        export const replied = next;
        export const hello = () => "hi";
        """,
        call_timeout_secs=120.0,
    )
    count = 0

    async def answer(operation, arguments, body):
        nonlocal count
        count += 1
        return Reply()

    async with neighbor(host):
        with pytest.raises(Lost) as lost:
            await host.call(program, "flood", on_ask=answer)

    assert lost.value.reason is Reason.CRASHED
    assert count == MOST_QUESTIONS
    assert await host.text(program) == "hi"


async def test_a_call_that_is_over_asks_nobody(host):
    """Its number is that of no call any more: what it asks is not passed on."""
    program = host.program(
        """
        let past;
        export const first = (call) => { past = call.number; return "1"; };
        export const second = () => { for (let n = 0; n < 100; n++) ask(past, n + 1); return "2"; };
        """
    )
    asked = []

    async def note(operation, arguments, body):
        asked.append(operation)
        return Reply()

    for handler in ("first", "second"):
        await host.call(program, handler, on_ask=note)

    assert (await host.call(program, "first", on_ask=note)).body == b"1"
    assert asked == []


async def test_a_program_may_ask_with_the_number_of_another_call_of_its_own(host):
    """Calls of one program can't be told apart, but no other program's can be meant."""
    program = host.program(
        """
        let other;
        export const wait = (call) => {
          other = call;
          return new Promise((done) => (call.done = done));
        };
        export const forge = () => { ask(other.number, 1, { args: ["forged"] }); return "asked"; };
        export const replied = (number, { value }) => other.done(value);
        """
    )

    async def answer(operation, arguments, body):
        return Reply(arguments[0])

    waiting = asyncio.create_task(host.call(program, "wait", on_ask=answer))
    await until(lambda: has_a_call(host, program))
    await host.call(program, "forge", on_ask=never)

    assert (await waiting).body == b"forged"


async def test_a_cancelled_call_gets_errors_and_no_more_than_its_number_of_them(host):
    program = host.program(
        """
        let last = 0;
        const numbers = [];
        export const start = (call) => {
          ask(call.number, ++last);
          return new Promise(() => {});
        };
        export const replied = (number, { error }) => numbers.push(error?.code);
        export const codes = () => JSON.stringify(numbers);
        """
    )
    asked = asyncio.Event()

    async def note(operation, arguments, body):
        asked.set()
        await never(operation, arguments, body)

    call = asyncio.create_task(host.call(program, "start", on_ask=note))
    async with asyncio.timeout(20):
        await asked.wait()
    call.cancel()
    await asyncio.wait([call])

    async def codes():
        return json.loads(await host.text(program, "codes")) == ["CANCELLED"]

    await until(codes)
