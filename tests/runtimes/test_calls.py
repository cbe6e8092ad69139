"""Calls through client, supervisor and process."""

import asyncio
import json

import pytest
from tests.runtimes.hosting import PLAIN, hosted, until

from aiwebengine.runtimes.protocol import WINDOW
from aiwebengine.runtimes.types import Failed, LogLine

ECHO = """
export const echo = (_, body) => body;
export const fail = () => { throw new Error("no luck"); };
export const hello = () => "hi";
"""


@pytest.fixture(scope="module")
async def host():
    async with hosted(PLAIN) as host:
        yield host


async def test_an_answer_has_the_head_and_the_body_that_the_program_sent(host):
    program = host.program(ECHO)
    body = bytes(range(256)) * 4_000

    answer = await host.call(program, "echo", body)

    assert json.loads(answer.head) == {"status": 200}
    assert answer.body == body
    assert answer.rest is None


async def test_calls_at_once_get_their_own_answers(host):
    program = host.program(ECHO, concurrent_calls=10)

    answers = await asyncio.gather(
        *(host.text(program, "echo", str(number).encode()) for number in range(200))
    )

    assert answers == [str(number) for number in range(200)]
    assert (
        len([one for one in (await host.client.status()).processes if one.key == program.key]) == 1
    )


async def test_an_exception_of_the_program_ends_the_call_and_not_the_process(host):
    program = host.program(ECHO)
    before = await host.client.load(program, keep=True)
    process = await host.process(program)

    with pytest.raises(Failed, match="no luck"):
        await host.call(program, "fail")

    assert await host.text(program) == "hi"
    assert await host.process(program) == process
    assert before.registrations == [{"kind": "plain"}]
    assert await host.ended_processes() == 0


async def test_a_program_that_is_only_checked_leaves_no_process(host):
    program = host.program(ECHO)

    loaded = await host.client.load(program, keep=False)

    assert loaded.registrations == [{"kind": "plain"}]
    assert await host.process(program) is None


@pytest.mark.parametrize("keep", [True, False])
async def test_a_program_that_can_not_be_loaded_says_why_and_leaves_nothing(host, keep):
    program = host.program("throw new Error('not today');", name="broken")

    with pytest.raises(Failed, match="not today"):
        await host.client.load(program, keep=keep)
    with pytest.raises(Failed, match="not today"):
        await host.call(program)

    await until(lambda: _has_no_process(host, program))
    assert await host.ended_processes("broken") == 0


async def test_lines_of_a_call_carry_its_number_and_others_the_program(host):
    program = host.program("""
        send(40, 0, { level: "warn", text: "loading", file: "main.js", line: 3, column: 5 });
        export const hello = (call) => {
          call.send(40, call.number, { level: "no level", text: 7, line: -1 });
          return "hi";
        };
    """)
    outside = []
    host.client.on_log = lambda key, line: outside.append((key, line))
    host.lines.clear()

    await host.text(program)

    assert outside == [(program.key, LogLine(0, "warn", "loading", "main.js", 3, 5))]
    (line,) = host.lines
    assert line.call > 0
    assert line == LogLine(line.call, "info", "")


STREAM = """
let unread = 0, peak = 0;
export const stream = async (call) => {
  const piece = new Uint8Array(65536).fill(7);
  let credited;
  call.onCredit = (bytes) => { unread -= bytes; credited?.(); };
  call.send(33, call.number, { status: 200 }, piece);
  unread = piece.length;
  for (let sent = 1; sent < 100; sent++) {
    while (unread + piece.length > 1048576) await new Promise((done) => { credited = done; });
    call.send(34, call.number, "", piece);
    unread += piece.length;
    peak = Math.max(peak, unread);
  }
  call.send(35, call.number);
};
export const endless = (call) => { call.send(33, call.number, {}, "begin"); };
export const most = () => String(peak);
export const work = (call) => {
  call.send(36, call.number, {}, "done");
  setTimeout(() => {
    call.send(40, call.number, { level: "info", text: "afterwards" });
    call.send(38, call.number);
  }, 50);
};
export const hello = () => "hi";
"""


async def test_a_streamed_answer_arrives_whole_and_waits_for_its_reader(host):
    program = host.program(STREAM, answer_max_bytes=100 * 65_536)

    answer = await host.call(program, "stream")
    await until(lambda: _has_written(host, program))
    parts = [answer.body, *[part async for part in answer.rest]]

    assert b"".join(parts) == b"\7" * 100 * 65_536
    assert WINDOW // 2 < int(await host.text(program, "most")) <= WINDOW


async def test_a_streamed_answer_that_nobody_reads_any_more_is_cancelled(host):
    program = host.program(STREAM)
    answer = await host.call(program, "endless")

    await answer.close()

    assert [part async for part in answer.rest] == []
    await until(lambda: _has_no_calls(host, program))


async def test_a_call_may_work_and_log_after_its_answer(host):
    program = host.program(STREAM)
    host.lines.clear()

    assert await host.text(program, "work") == "done"

    await until(lambda: [line.text for line in host.lines] == ["afterwards"])
    await until(lambda: _has_no_calls(host, program))


COUNT = """
export const count = (call) => new Promise((done) => {
  call.onEnd = () => done(String(call.received));
});
export const never = () => new Promise(() => {});
export const hello = () => "hi";
"""


async def test_a_long_input_arrives_in_pieces(host):
    program = host.program(COUNT, call_timeout_secs=2)

    async def pieces():
        for _ in range(50):
            yield b"x" * 100_000
            # Longer than the call may take in all: a slow sender is no fault of the program.
            await asyncio.sleep(0.05)

    assert (await host.call(program, "count", b"", input=pieces())).body == b"5000000"


async def test_an_input_that_breaks_off_ends_the_call_with_its_exception(host):
    program = host.program(COUNT)

    async def pieces():
        yield b"some"
        raise ConnectionResetError("the visitor has gone")

    with pytest.raises(ConnectionResetError, match="the visitor has gone"):
        await host.call(program, "count", b"", input=pieces())

    await until(lambda: _has_no_calls(host, program))
    assert await host.text(program) == "hi"


async def test_a_caller_that_leaves_cancels_its_call(host):
    program = host.program(COUNT)
    await host.text(program)
    waiting = asyncio.create_task(host.call(program, "never"))
    await until(lambda: _has_calls(host, program, 1))

    waiting.cancel()

    await until(lambda: _has_no_calls(host, program))
    assert await host.text(program) == "hi"


async def test_a_retired_program_finishes_its_calls_and_can_be_called_again(host):
    program = host.program("""
        export const slow = () => new Promise((done) => setTimeout(() => done("slow"), 300));
        export const hello = () => "hi";
    """)
    await host.text(program)
    first = await host.process(program)
    slow = asyncio.create_task(host.text(program, "slow"))
    await until(lambda: _has_calls(host, program, 1))

    await host.client.retire(program)

    assert await slow == "slow"
    await until(lambda: not first.is_running())
    assert await host.text(program) == "hi"
    await host.client.retire(program)
    await until(lambda: _has_no_process(host, program))


async def test_a_switch_of_versions_under_load_loses_no_call(host):
    versions = [host.program(f"export const hello = () => '{n}';", "busy") for n in range(10)]
    current, answers, is_over = versions[0], [], False

    async def keep_calling():
        while not is_over:
            answers.append(await host.text(current))

    callers = [asyncio.create_task(keep_calling()) for _ in range(8)]
    for version in versions[1:]:
        await host.client.load(version, keep=True)
        before, current = current, version
        await host.client.retire(before)
        seen = len(answers)
        await until(lambda seen=seen: len(answers) > seen + 20)
    is_over = True
    await asyncio.gather(*callers)

    assert set(answers) == {str(number) for number in range(10)}
    await until(lambda: _has_no_process(host, versions[0]))
    assert await host.ended_processes("busy") == 0


async def _has_no_process(host, program):
    return await host.process(program) is None


async def _has_calls(host, program, number):
    return [
        one.calls for one in (await host.client.status()).processes if one.key == program.key
    ] == [number]


async def _has_no_calls(host, program):
    return await _has_calls(host, program, 0)


async def _has_written(host, program):
    """It waits for credit: another call is answered between."""
    return int(await host.text(program, "most")) > WINDOW // 2
