"""Limits of a program, kept by the supervisor whatever the process does."""

import asyncio
from pathlib import Path

import pytest
from tests.runtimes.hosting import NEIGHBOR, PLAIN, hosted, neighbor, until

from aiwebengine.runtimes.pool import Budget
from aiwebengine.runtimes.types import Failed, Reason

HOSTILE = """
export const hello = () => "hi";
export const never = () => new Promise(() => {});
export const loop = () => { for (;;); };
export const kill = () => { Deno.exit(7); };
export const second = async () => {
  await new Promise((done) => setTimeout(done, 300));
  for (;;);
};
export const large = () => new Uint8Array(3_000_000);
export const huge = () => new Uint8Array(30_000_000);
export const pour = (call) => {
  call.send(33, call.number, {}, "");
  for (let i = 0; i < 60; i++) call.send(34, call.number, "", new Uint8Array(65536));
};
export const chatter = (call) => {
  for (let i = 0; i < 20_000; i++) call.send(40, call.number, { level: "info", text: `line ${i}` });
  return "said";
};
export const chatterForever = (call) => {
  for (let i = 0; ; i++) call.send(40, call.number, { level: "info", text: `line ${i}` });
};
export const long = (call) => {
  call.send(40, call.number, { level: "info", text: "x".repeat(100_000) });
  return "said";
};
export const stream = (call) => { call.send(33, call.number, {}, "begin"); };
"""


@pytest.fixture(scope="module")
async def host():
    async with hosted(PLAIN) as host:
        yield host


async def test_a_call_that_does_not_settle_ends_alone(host):
    program = host.program(HOSTILE, call_timeout_secs=0.5)
    await host.text(program)
    process = await host.process(program)
    before = await host.ended_processes()

    async with neighbor(host):
        lost = await host.lost(program, "never")

    assert (lost.reason, lost.ended_processes) == (Reason.TIMEOUT, 0)
    assert lost.message == "No answer within 0.5 s."
    assert await host.process(program) == process
    assert await host.ended_processes() == before


async def test_an_endless_loop_ends_its_process_and_only_the_overdue_call_is_blamed(host):
    program = host.program(HOSTILE, "loops", call_timeout_secs=1)
    await host.text(program)
    culprit = asyncio.create_task(host.lost(program, "second"))
    await asyncio.sleep(0.25)
    beside = asyncio.create_task(host.lost(program, "never"))

    async with neighbor(host):
        first, other = await culprit, await beside

    assert (first.reason, first.ended_processes) == (Reason.TIMEOUT, 1)
    assert (other.reason, other.ended_processes) == (Reason.CRASHED, 0)
    assert await host.text(program) == "hi"


async def test_ended_processes_are_counted_for_all_versions_of_a_group(host):
    counts = []
    for _ in range(3):
        program = host.program(HOSTILE, "crashing")
        lost = await host.lost(program, "kill")
        assert lost.reason is Reason.CRASHED
        assert "status 7" in lost.message
        counts.append(lost.ended_processes)

    assert counts == [1, 2, 3]
    assert await host.ended_processes("crashing") == 3
    assert await host.ended_processes("neighbor") == 0


async def test_a_killed_process_loses_its_calls_and_the_next_call_starts_another(host):
    program = host.program(HOSTILE, "killed")
    await host.text(program)
    calls = [asyncio.create_task(host.lost(program, "never")) for _ in range(10)]
    await until(lambda: _calls(host, program, 10))

    async with neighbor(host):
        (await host.process(program)).kill()
        lost = await asyncio.gather(*calls)
        assert await host.text(program) == "hi"

    assert {(one.reason, one.ended_processes) for one in lost} == {(Reason.CRASHED, 1)}
    assert "SIGKILL" in lost[0].message


async def test_an_answer_above_the_limit_ends_its_call_alone(host):
    program = host.program(HOSTILE, "large", answer_max_bytes=2_500_000)
    await host.text(program)
    process = await host.process(program)

    lost = await host.lost(program, "large")

    assert (lost.reason, lost.ended_processes) == (Reason.ANSWER_TOO_LARGE, 0)
    assert "2500000 bytes" in lost.message
    assert await host.process(program) == process


async def test_a_frame_above_the_limit_is_not_read(host):
    program = host.program(HOSTILE, "huge", answer_max_bytes=1_000_000)

    async with neighbor(host):
        lost = await host.lost(program, "huge")

    assert (lost.reason, lost.ended_processes) == (Reason.ANSWER_TOO_LARGE, 1)
    assert await host.text(program) == "hi"


async def test_a_process_that_does_not_wait_for_its_reader_is_ended(host):
    program = host.program(HOSTILE, "pouring")

    answer = await host.call(program, "pour")

    with pytest.raises(Exception, match="more of an answer than its reader allowed"):
        await asyncio.sleep(0.5)
        [part async for part in answer.rest]
    assert await host.text(program) == "hi"


async def test_log_lines_above_the_limit_are_counted_and_left_out(host):
    program = host.program(HOSTILE, log_lines=50)
    host.lines.clear()

    async with neighbor(host):
        assert await host.text(program, "chatter") == "said"

    assert [line.text for line in host.lines[:50]] == [f"line {n}" for n in range(50)]
    assert [(line.level, line.text) for line in host.lines[50:]] == [
        ("warn", "19950 more lines of this call were left out")
    ]


async def test_a_flood_of_lines_without_end_is_a_call_without_an_answer(host):
    program = host.program(HOSTILE, "flood", call_timeout_secs=1)
    host.lines.clear()

    async with neighbor(host):
        lost = await host.lost(program, "chatterForever")

    assert (lost.reason, lost.ended_processes) == (Reason.TIMEOUT, 1)
    assert len(host.lines) == program.limits.log_lines + 1
    assert await host.text(program) == "hi"


async def test_a_line_that_is_too_long_is_left_out(host):
    program = host.program(HOSTILE)
    host.lines.clear()

    assert await host.text(program, "long") == "said"

    assert [line.text for line in host.lines] == ["1 more lines of this call were left out"]


async def test_a_program_that_is_not_loaded_in_time_is_ended(host):
    program = host.program("for (;;);", "slow", load_timeout_secs=0.5)

    async with neighbor(host):
        with pytest.raises(Exception, match=r"not loaded within 0\.5 s") as lost:
            await host.client.load(program, keep=True)

    assert (lost.value.reason, lost.value.ended_processes) == (Reason.TIMEOUT, 1)


async def test_a_check_that_hangs_is_ended_and_is_no_fault_of_what_runs(host):
    program = host.program("for (;;);", "checked", load_timeout_secs=0.5)

    with pytest.raises(Exception, match=r"not loaded within 0\.5 s"):
        await host.client.load(program, keep=False)

    assert await host.ended_processes("checked") == 0


async def test_a_streamed_answer_that_does_not_end_is_ended(host):
    program = host.program(HOSTILE, "stream", stream_timeout_secs=0.5)
    answer = await host.call(program, "stream")

    with pytest.raises(Exception, match=r"not over within 0\.5 s") as lost:
        [part async for part in answer.rest]

    assert (lost.value.reason, lost.value.ended_processes) == (Reason.TIMEOUT, 0)


async def test_calls_above_the_limit_wait_and_above_that_are_refused(host):
    program = host.program(
        """
        const { folder } = JSON.parse(Deno.args[0]);
        const isOpen = () => [...Deno.readDirSync(folder)].some(({ name }) => name === "open");
        export const wait = async () => {
          while (!isOpen()) await new Promise((done) => setTimeout(done, 10));
          return "waited";
        };
        export const hello = () => "hi";
        """,
        "crowd",
        call_timeout_secs=60,
        concurrent_calls=2,
        waiting_calls=3,
    )
    calls = [asyncio.create_task(host.text(program, "wait")) for _ in range(5)]
    await until(lambda: _calls(host, program, 2))

    lost = await host.lost(program, "hello")
    (Path(program.folder) / "open").touch()

    assert (lost.reason, lost.ended_processes) == (Reason.BUSY, 0)
    assert await asyncio.gather(*calls) == ["waited"] * 5


async def test_a_call_that_waits_for_too_long_is_ended(host):
    program = host.program(HOSTILE, concurrent_calls=1, call_timeout_secs=0.6)
    streaming = await host.call(program, "stream")

    waiting = await host.lost(program, "hello")

    assert waiting.reason is Reason.TIMEOUT
    await streaming.close()


async def test_an_idle_process_is_ended_and_started_again(host):
    program = host.program(HOSTILE, "idle", idle_secs=0.3)
    await host.text(program)
    process = await host.process(program)

    await until(lambda: not process.is_running())

    assert await host.text(program) == "hi"
    assert await host.ended_processes("idle") == 0


@pytest.mark.parametrize(
    "forged",
    [
        "call.send(32, call.number + 1, {}, 'for another')",
        "call.send(30, 0, {})",
        "call.send(38, call.number)",
        "call.send(34, call.number, '', 'no head')",
        "call.send(50, call.number, { reason: 'busy', message: '', ended_processes: 0 })",
        "call.send(99, call.number)",
        "Deno.stdout.writeSync(new Uint8Array(17).fill(255))",
    ],
)
async def test_a_process_that_breaks_the_protocol_is_ended(host, forged):
    program = host.program(
        f"""
        export const forge = (call) => {{ {forged}; return new Promise(() => {{}}); }};
        export const hello = () => "hi";
        """,
        "forger",
    )

    async with neighbor(host):
        lost = await host.lost(program, "forge")

    assert lost.reason is Reason.CRASHED
    assert lost.ended_processes >= 1
    assert "broke the protocol" in lost.message
    assert await host.text(program) == "hi"


async def test_frames_of_a_call_that_is_over_are_ignored(host):
    program = host.program(
        """
        let last;
        export const hello = (call) => { last = call.number; return "hi"; };
        export const late = (call) => {
          for (let i = 0; i < 5_000; i++) call.send(32, last, {}, "late");
          return "hi";
        };
        """
    )

    for handler in ("hello", "late", "hello"):
        assert await host.text(program, handler) == "hi"


async def test_one_can_not_answer_the_calls_of_another_program(host):
    victim, forger = (
        host.program(HOSTILE, "victim", call_timeout_secs=1),
        host.program(
            """
        export const forge = (call) => {
          for (let number = 1; number <= call.number; number++) call.send(32, number, {}, "forged");
        };
        """,
            "forger",
        ),
    )
    waiting = asyncio.create_task(host.lost(victim, "never"))
    await until(lambda: _calls(host, victim, 1))

    assert await host.text(forger, "forge") == "forged"

    assert (await waiting).reason is Reason.TIMEOUT


async def test_the_least_recently_used_idle_processes_end_for_others():
    async with hosted(PLAIN, Budget(max_processes=3)) as host:
        programs = [host.program(NEIGHBOR, f"program-{n}") for n in range(5)]
        for program in programs[:3]:
            await host.text(program)
        await host.text(programs[0])

        for program in programs[3:]:
            assert await host.text(program) == "hi"

        left = [one.key for one in (await host.client.status()).processes]
        assert sorted(left) == sorted(programs[n].key for n in (0, 3, 4))


async def test_a_program_is_refused_while_all_processes_are_busy():
    async with hosted(PLAIN, Budget(max_processes=2)) as host:
        busy = [host.program(HOSTILE, f"busy-{n}", call_timeout_secs=1) for n in range(2)]
        calls = [asyncio.create_task(host.lost(program, "never")) for program in busy]
        for program in busy:
            await until(lambda program=program: _calls(host, program, 1))
        other = host.program(NEIGHBOR, "other")

        lost = await host.lost(other, "hello")

        assert (lost.reason, lost.ended_processes) == (Reason.BUSY, 0)
        assert {one.reason for one in await asyncio.gather(*calls)} == {Reason.TIMEOUT}
        # Its process has to confirm the end of a call that was cancelled.
        await until(lambda: _calls(host, busy[0], 0))
        assert await host.text(other) == "hi"


async def test_idle_processes_end_above_the_memory_of_all():
    source = """
        const kept = [];
        export const keep = () => { kept.push(new Uint8Array(40_000_000).fill(1)); return "kept"; };
        export const hello = () => "hi";
    """
    async with hosted(PLAIN, Budget(max_memory_mb=120)) as host:
        programs = [host.program(source, f"program-{n}") for n in range(4)]
        for program in programs:
            assert await host.text(program, "keep") == "kept"
            await until(lambda program=program: _measured(host, program))

        left = [one.key for one in (await host.client.status()).processes]
        assert programs[3].key in left
        assert programs[0].key not in left
        assert await host.ended_processes("program-0") == 0


async def test_other_limits_of_the_same_program_hold_from_the_next_process(host):
    program = host.program("export const large = () => new Uint8Array(5_000);", "changed")
    assert len(await host.text(program, "large")) == 5_000
    limited = type(program)(
        program.key,
        program.group,
        program.folder,
        program.entry,
        program.dialect,
        type(program.limits)(answer_max_bytes=1_000),
    )
    await host.client.retire(program)

    with pytest.raises(Exception, match="more than 1000 bytes"):
        await host.call(limited, "large")


async def test_a_program_that_can_not_be_loaded_does_not_end_its_neighbors(host):
    program = host.program("export const x = ;", "syntax")

    async with neighbor(host):
        with pytest.raises(Failed):
            await host.call(program)


async def _calls(host, program, number):
    found = (await host.client.status()).processes
    return sum(one.calls for one in found if one.key == program.key) == number


async def _measured(host, program):
    found = (await host.client.status()).processes
    return any(one.resident_bytes > 60_000_000 for one in found if one.key == program.key)
