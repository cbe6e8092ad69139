"""The supervisor's process: its start, its files, and what is left when something is killed."""

import asyncio
import fcntl
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from tests.runtimes.hosting import NEIGHBOR, PLAIN, children, hosted, is_running, until

from aiwebengine.runtimes.client import RuntimeClient
from aiwebengine.runtimes.pool import Budget
from aiwebengine.runtimes.protocol import SOCKET
from aiwebengine.runtimes.starting import SupervisorProcess, runtime_folder
from aiwebengine.runtimes.types import Lost, Program, Reason

WAITS = "export const never = () => new Promise(() => {}); export const hello = () => 'hi';"
ROOT = Path(__file__).parents[2]


async def test_a_killed_supervisor_takes_its_processes_along_and_another_one_starts():
    async with hosted(PLAIN) as host:
        program = host.program(WAITS, call_timeout_secs=600)
        await host.text(program)
        before = children(host.supervisor)
        calls = [asyncio.create_task(host.lost(program, "never")) for _ in range(5)]
        await until(lambda: _calls(host, 5))

        os.kill(host.supervisor.pid, signal.SIGKILL)

        lost = await asyncio.gather(*calls)
        assert {one.reason for one in lost} == {Reason.UNAVAILABLE}
        assert await host.text(program) == "hi"
        assert len(before) == 2
        await until(lambda: not any(is_running(one) for one in before))


async def test_a_loop_ends_with_a_killed_supervisor():
    async with hosted(PLAIN) as host:
        program = host.program("export const loop = () => { for (;;); };", call_timeout_secs=600)
        call = asyncio.create_task(host.lost(program, "loop"))
        await until(lambda: _calls(host, 1))
        before = children(host.supervisor)

        os.kill(host.supervisor.pid, signal.SIGKILL)

        assert (await call).reason is Reason.UNAVAILABLE
        await until(lambda: not any(is_running(one) for one in before))


# Starts a supervisor as an engine does, and waits for its end.
PARENT = """
import asyncio, json, sys
from pathlib import Path
from tests.runtimes.hosting import hosted, PLAIN, children

async def main():
    async with hosted(PLAIN) as host:
        program = host.program(
            "export const loop = () => { for (;;); }; export const hello = () => 'hi';",
            call_timeout_secs=600,
        )
        text = await host.text(program)
        asyncio.create_task(host.text(program, "loop"))
        pids = [child.pid for child in children(host.supervisor)]
        status = await host.client.status()
        print(json.dumps([text, pids, status.problem, str(host.folder)]), flush=True)
        await asyncio.to_thread(sys.stdin.read)

BEFORE
asyncio.run(main())
"""


def parent(before: str = "") -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", PARENT.replace("BEFORE", before)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'server'}:{ROOT}", "APP_SECRET": "hunter2"},
    )


async def test_nothing_is_left_when_the_engine_is_killed():
    engine = parent()
    with engine:
        line = await asyncio.to_thread(engine.stdout.readline)
        text, pids, problem, folder = json.loads(line)
        processes = [psutil.Process(pid) for pid in pids]
        environments = [process.environ() for process in processes]
        engine.kill()

    await until(lambda: not any(is_running(one) for one in processes))
    assert (text, problem, len(pids)) == ("hi", None, 2)
    # What started them may know secrets.
    assert not any("APP_SECRET" in environment for environment in environments)
    assert set(environments[1]) == {
        "PATH",
        "HOME",
        "DENO_DIR",
        "DENO_NO_UPDATE_CHECK",
        "NO_COLOR",
    }
    await until(lambda: not os.path.exists(folder))


@pytest.mark.parametrize("is_killed", [True, False])
async def test_a_supervisor_removes_its_folder_for_an_engine_that_was_killed(is_killed):
    with runtime_folder() as folder:
        supervisor = SupervisorProcess(folder, Budget(), PLAIN)
        supervisor.ensure()
        await until(lambda: (folder / SOCKET).exists())
        if is_killed:
            # As the kernel does, before a process that dies is no parent any more.
            supervisor._process.stdin.close()
            await until(lambda: supervisor.pid is None)
        await asyncio.to_thread(supervisor.stop)

        assert folder.exists() is not is_killed


async def test_programs_run_where_no_memory_may_become_executable():
    # prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN), as systemd's MemoryDenyWriteExecute.
    engine = parent("import ctypes; assert ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) == 0")
    with engine:
        line = await asyncio.to_thread(engine.stdout.readline)
        command = psutil.Process(json.loads(line)[1][1]).cmdline()
        engine.stdin.close()

    assert json.loads(line)[0] == "hi"
    assert any("--jitless" in argument for argument in command)
    assert engine.returncode == 0


CRAMPED = """
import asyncio, json, resource
from tests.runtimes.hosting import hosted
from aiwebengine.runtimes.types import Lost

async def main():
    async with hosted() as host:
        status = await host.client.status()
        try:
            await host.client.load(host.program("export default {};"), keep=True)
        except Lost as lost:
            print(json.dumps([status.problem, lost.reason, lost.message]), flush=True)

resource.setrlimit(resource.RLIMIT_AS, (900_000_000, 900_000_000))
asyncio.run(main())
"""


def test_a_machine_on_which_deno_does_not_start_is_reported_with_the_reason():
    result = subprocess.run(
        [sys.executable, "-c", CRAMPED],
        capture_output=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'server'}:{ROOT}"},
        timeout=60,
        check=True,
    )

    problem, reason, message = json.loads(result.stdout)
    assert problem.startswith("Deno does not start on this machine: ")
    assert (reason, message) == ("unavailable", problem)


async def test_only_this_user_reaches_the_socket_and_the_files():
    async with hosted(PLAIN) as host:
        await host.text(host.program(NEIGHBOR))

        modes = {
            path.name: stat.S_IMODE(path.stat().st_mode)
            for path in (host.folder, host.folder / SOCKET, *host.folder.iterdir())
        }

        assert modes.pop(SOCKET) == 0o600
        assert set(modes.values()) == {0o700}
        assert list((host.folder / "pipes").iterdir()) == []


async def test_the_supervisor_ends_with_its_socket_when_it_is_stopped():
    async with hosted(PLAIN) as host:
        await host.text(host.program(NEIGHBOR))
        before = children(host.supervisor)

        await asyncio.to_thread(host.supervisor.stop)

        assert len(before) == 2
        assert not any(is_running(one) for one in before)
        assert not (host.folder / SOCKET).exists()


async def test_several_workers_share_the_processes_and_one_that_leaves_disturbs_no_other():
    async with hosted(PLAIN) as host:
        program = host.program(WAITS, call_timeout_secs=600)
        assert await host.text(program) == "hi"
        other = RuntimeClient(host.folder)
        head = json.dumps({"handler": "never"}).encode()
        waiting = asyncio.create_task(other.call(program, head))
        own = asyncio.create_task(host.lost(program, "never"))
        await until(lambda: _calls(host, 2))

        await other.stop()

        with pytest.raises(Lost) as lost:
            await waiting
        assert lost.value.reason is Reason.UNAVAILABLE
        await until(lambda: _calls(host, 1))
        assert await host.text(program) == "hi"
        assert len((await host.client.status()).processes) == 1
        with pytest.raises(Lost, match="stopping"):
            await other.call(program, head)
        own.cancel()


async def test_a_worker_waits_for_a_supervisor_that_is_about_to_start(tmp_path):
    async with hosted(PLAIN) as host:
        client = RuntimeClient(host.folder)
        program = host.program(NEIGHBOR)
        call = asyncio.create_task(client.call(program, b'{"handler":"hello"}'))
        await asyncio.sleep(0.1)

        host.supervisor.ensure()

        assert (await call).body == b"hi"
        await client.stop()


async def test_a_supervisor_that_does_not_run_is_a_problem_and_a_lost_call(tmp_path):
    client = RuntimeClient(tmp_path, patience_secs=0.2)
    program = Program("one/1", "one", str(tmp_path), "main.js", "module")

    status = await client.status()
    with pytest.raises(Lost, match=r"can't be reached: no answer within 0\.2 s") as lost:
        await client.call(program, b"{}")

    assert status.problem == lost.value.message
    assert lost.value.reason is Reason.UNAVAILABLE
    await client.stop()


async def test_a_supervisor_that_hangs_loses_the_calls_of_its_workers():
    async with hosted(PLAIN) as host:
        program = host.program(NEIGHBOR, call_timeout_secs=0.5)
        client = RuntimeClient(host.folder, host.supervisor.ensure, patience_secs=1)
        head = b'{"handler":"hello"}'
        await until(lambda: _is_answered(client, program, head))

        os.kill(host.supervisor.pid, signal.SIGSTOP)

        for _ in range(2):
            with pytest.raises(Lost) as lost:
                await client.call(program, head)
            assert lost.value.reason is Reason.UNAVAILABLE
        os.kill(host.supervisor.pid, signal.SIGCONT)
        await until(lambda: _is_answered(client, program, head))
        await client.stop()


async def _is_answered(client, program, head):
    try:
        return (await client.call(program, head)).body == b"hi"
    except Lost:
        return False


async def test_the_engine_logs_what_the_supervisor_reports(caplog):
    caplog.set_level("INFO")

    async with hosted(PLAIN) as host:
        await host.text(host.program(NEIGHBOR))
        os.kill(host.supervisor.pid, signal.SIGKILL)
        program = host.program(NEIGHBOR)
        await until(lambda: _is_answered(host.client, program, b'{"handler":"hello"}'))

        await until(lambda: len(_lines(caplog, "runtimes.listening")) == 2)

    first, _ = _lines(caplog, "runtimes.listening")
    assert (first.levelname, first.name) == ("INFO", "aiwebengine.runtimes.supervisor")
    assert first.ms > 0
    (ended,) = _lines(caplog, "runtimes.supervisor_ended")
    assert ended.exit_code == -signal.SIGKILL


def _lines(caplog, event):
    return [record for record in caplog.records if record.getMessage() == event]


async def test_many_programs_are_served_by_few_processes():
    async with hosted(PLAIN, Budget(max_processes=10)) as host:
        programs = [host.program(NEIGHBOR, f"program-{n}") for n in range(30)]
        for program in programs:
            assert await host.text(program) == "hi"

        status = await host.client.status()
        assert len(status.processes) == 10
        assert {one.key for one in status.processes} == {one.key for one in programs[-10:]}
        assert sum(one.starts for one in status.groups) == 30


async def _calls(host, number):
    return sum(one.calls for one in (await host.client.status()).processes) == number


def test_old_files_of_a_running_engine_are_not_tidied_away():
    """As systemd-tmpfiles does it: what it can't lock it leaves alone."""
    with runtime_folder() as folder:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            with pytest.raises(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(descriptor)
