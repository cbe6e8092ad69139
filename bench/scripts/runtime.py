"""The runtime without HTTP, routes and database: calls by the client through the supervisor."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import psutil

from aiwebengine.runtimes.client import RuntimeClient
from aiwebengine.runtimes.dialects import prepared_entry
from aiwebengine.runtimes.pool import Budget
from aiwebengine.runtimes.starting import SupervisorProcess, runtime_folder
from aiwebengine.runtimes.types import Program
from bench.engines import Bench
from bench.report import Result
from bench.scripts.processes import DENO, SUPERVISOR, cpu_secs, family
from bench.scripts.programs import CLASSIC, measured_module

CALLERS = (1, 16)
SECONDS = 3
LONGEST_SECS = 60
CLIENT = "client"
HANDLERS = {"module": "GET /bench/hello", "classic": "hello"}


def measure(bench: Bench) -> Result:
    """Calls a second of both forms, by one caller and by many."""
    return asyncio.run(_measured(bench.rounds))


async def _measured(rounds: int) -> Result:
    with runtime_folder() as folder:
        supervisor = SupervisorProcess(folder, Budget())
        client = RuntimeClient(folder, supervisor.ensure)
        try:
            programs = {
                "module": _program(folder, "module", measured_module()),
                "classic": _program(folder, "classic", {"main.js": CLASSIC}),
            }
            for program in programs.values():
                await client.load(program, keep=True)
            assert supervisor.pid is not None
            rows = []
            for dialect, program in programs.items():
                for callers in CALLERS:
                    turns = [
                        await _turn(client, supervisor.pid, program, callers)
                        for _ in range(rounds + 1)
                    ]
                    # The first one does not count: V8 optimizes during it.
                    rows.append(_row(f"{dialect}, {_callers(callers)}", turns[1:]))
        finally:
            await client.stop()
            await asyncio.to_thread(supervisor.stop)
    return Result(
        "Scripts: the runtime alone",
        "Calls of a handler that answers a small JSON, by the engine's client in one Python process"
        f" through the supervisor; medians of {rounds} rounds of {SECONDS} s.",
        ("", "calls/s", f"CPU ms a call: {CLIENT}", SUPERVISOR, DENO),
        rows,
    )


def _program(folder: Path, dialect: str, files: Mapping[str, str]) -> Program:
    tree = folder / "trees" / dialect
    tree.mkdir()
    for path, text in files.items():
        source = text.encode()
        is_entry = path == "main.js"
        (tree / path).write_bytes(prepared_entry(dialect, source) if is_entry else source)
    return Program(dialect, dialect, str(tree), "main.js", dialect)


async def _turn(
    client: RuntimeClient, supervisor: int, program: Program, callers: int
) -> dict[str, float]:
    """Calls a second, and milliseconds of processor time of each by process."""
    head, calls = _head(HANDLERS[program.dialect]), count()
    # The supervisor's own process is not an engine's worker.
    processes = family(supervisor)
    own, before = psutil.Process().cpu_times(), cpu_secs(processes)
    begun = time.perf_counter()
    end = begun + SECONDS

    async def call() -> None:
        while time.perf_counter() < end:
            answer = await client.call(program, head)
            assert answer.body == b'{"hello":"world"}', answer.body
            next(calls)

    async with asyncio.timeout(LONGEST_SECS):
        await asyncio.gather(*(call() for _ in range(callers)))
    seconds, made = time.perf_counter() - begun, next(calls)
    now, after = psutil.Process().cpu_times(), cpu_secs(processes)
    return {
        "calls": made / seconds,
        CLIENT: (sum(now[:2]) - sum(own[:2])) / made * 1_000,
        **{kind: (after[kind] - before[kind]) / made * 1_000 for kind in (SUPERVISOR, DENO)},
    }


def _head(handler: str) -> bytes:
    """A request as a worker passes it on."""
    return json.dumps(
        {
            "type": "http",
            "handler": handler,
            "request_id": "0123456789abcdef",
            "method": "GET",
            "url": "http://localhost/bench/hello",
            "path": "/bench/hello",
            "headers": [["host", "localhost"], ["accept", "*/*"]],
            "params": {},
            "user": None,
            "time": time.time() * 1_000,
        }
    ).encode()


def _callers(number: int) -> str:
    return "1 caller" if number == 1 else f"{number} callers"


def _row(name: str, turns: list[dict[str, float]]) -> tuple[str, ...]:
    median = {key: statistics.median(turn[key] for turn in turns) for key in turns[0]}
    cpu = (f"{median[kind]:.3f}" for kind in (CLIENT, SUPERVISOR, DENO))
    return (name, f"{median['calls']:,.0f}", *cpu)
