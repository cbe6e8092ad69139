"""A hundred scripts that run: the memory they take, and how long until each has answered."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

from bench.engines import Bench, Started
from bench.report import Result, percentile
from bench.scripts.http import Connection
from bench.scripts.processes import DENO, SUPERVISOR, family
from bench.scripts.programs import numbered

SCRIPTS = 100
CLIENTS = 8
# All of them run at the same time here.
SETTINGS = {"scripts__max_memory_mb": 8_192, "scripts__max_processes": SCRIPTS + 10}
MEGABYTE = 1_000_000


def measure(bench: Bench) -> Result:
    """Time until all have answered, time of each first answer, and memory."""
    with bench.started(**SETTINGS) as engine, Connection(engine.port, bench.token) as deployer:
        for number in range(SCRIPTS):
            deployer.put(f"many-{number}", numbered(f"/many/{number}", number))
    # None of them runs after the start of the engine.
    with bench.started(**SETTINGS) as engine:
        begun = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as clients:
            firsts = list(clients.map(lambda number: _millis(engine, number), range(SCRIPTS)))
        everything = time.perf_counter() - begun
        seconds = [_millis(engine, number) for number in range(SCRIPTS)]
        processes = family(engine.pid)
        scripts = [one.memory_full_info() for one in processes[DENO]]
        [supervisor] = (one.memory_full_info() for one in processes[SUPERVISOR])
    megabytes = f"{sum(one.pss for one in scripts) / MEGABYTE:.0f}"
    return Result(
        "Scripts: a hundred at the same time",
        f"{SCRIPTS} scripts, none of which runs; {CLIENTS} clients ask each once, which starts it,"
        " then one client asks each again. Shared pages count by share (PSS); private memory is"
        " what ends with a process.",
        ("", "figure"),
        [
            ("until all have answered, s", f"{everything:.1f}"),
            ("first answer, p50 ms", f"{statistics.median(firsts):.0f}"),
            ("first answer, p95 ms", f"{percentile(firsts, 95):.0f}"),
            ("second answer, p50 ms", f"{statistics.median(seconds):.1f}"),
            ("processes of scripts", str(len(scripts))),
            ("their memory (PSS), MB", megabytes),
            ("of each (PSS), median MB", _median_mb([one.pss for one in scripts])),
            ("of each (private), median MB", _median_mb([one.uss for one in scripts])),
            ("of each (resident), median MB", _median_mb([one.rss for one in scripts])),
            ("supervisor (PSS), MB", _median_mb([supervisor.pss])),
        ],
    )


def _millis(engine: Started, number: int) -> float:
    begun = time.perf_counter()
    with Connection(engine.port) as client:
        assert client.get_once_started(f"/many/{number}") == str(number)
    return (time.perf_counter() - begun) * 1_000


def _median_mb(sizes: list[int]) -> str:
    return f"{statistics.median(sizes) / MEGABYTE:.1f}"
