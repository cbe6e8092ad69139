"""The start of an engine with many stored scripts, beside the start with none."""

from __future__ import annotations

import statistics
import time

import psutil

from bench.engines import Bench
from bench.load import Contestant, answer
from bench.peers.workloads import VIEWER
from bench.report import Result, ratio
from bench.scripts.http import Connection
from bench.scripts.stored import ACTIVE, SCRIPTS, VERSIONS, clear, fill

STARTS = 3
MEGABYTE = 1_000_000


def measure(bench: Bench) -> Result:
    """Milliseconds to the first answers, and the memory of the worker."""
    without: list[tuple[float, float]] = []
    stored: list[tuple[float, float]] = []
    scripts: list[float] = []
    for _ in range(bench.rounds):
        clear(bench.url)
        without += [_start(bench)[:2] for _ in range(STARTS)]
        path = fill(bench.url)
        for _ in range(STARTS):
            first, megabytes, script = _start(bench, path)
            stored.append((first, megabytes))
            scripts.append(script)
    clear(bench.url)
    rows = {"no scripts": without, f"{SCRIPTS:,} scripts, {ACTIVE} active": stored}
    before = statistics.median(first for first, _ in without)
    return Result(
        "Scripts: start of the engine",
        f"From the start of the process to the first answer of GraphQL, with {SCRIPTS:,} scripts of"
        f" {VERSIONS} versions each and with none; then to the first answer of a script, which"
        f" starts its process. Medians of {bench.rounds * STARTS} starts each, in turn.",
        ("", "ms to the first answer", "of none", "ms to a script's answer", "PSS in MB"),
        [
            (
                name,
                f"{statistics.median(first for first, _ in some):.0f}",
                ratio(statistics.median(first for first, _ in some), before),
                "-" if some is without else f"{statistics.median(scripts):.0f}",
                f"{statistics.median(megabytes for _, megabytes in some):.0f}",
            )
            for name, some in rows.items()
        ],
    )


def _start(bench: Bench, path: str | None = None) -> tuple[float, float, float]:
    """Milliseconds to the first answer, megabytes of the worker, milliseconds to the script's."""
    begun = time.perf_counter()
    with bench.started() as engine:
        answer(Contestant(engine.port, bench.post(VIEWER)))
        first = time.perf_counter() - begun
        if path is not None:
            with Connection(engine.port) as client:
                client.get_once_started(path)
        script = time.perf_counter() - begun
        memory = psutil.Process(engine.pid).memory_full_info().pss
    return first * 1_000, memory / MEGABYTE, script * 1_000
