"""Cold start and memory: from the start of the process to the first good answer, then a load."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable

from bench.engines import Bench
from bench.load import NotMeasured
from bench.peers import setting, versions
from bench.peers.answers import ask
from bench.peers.contestants import ENGINE, EVERYBODY, POSTGRAPHILE
from bench.peers.stage import running
from bench.peers.workloads import LIST, VIEWER, Workload, changes
from bench.peers.wrk import load
from bench.report import Result, ratio

LOAD_SECS = 2
PAUSE_SECS = 0.01
LONGEST_SECS = 60


def measure(bench: Bench) -> Result:
    """Seconds until the first answer, and megabytes after lists, small queries and changes."""
    starts: dict[str, list[float]] = {name: [] for name in EVERYBODY}
    shared: dict[str, list[float]] = {name: [] for name in EVERYBODY}
    resident: dict[str, list[float]] = {name: [] for name in EVERYBODY}
    people = setting.people(bench.url)
    loads = (Workload("", [(VIEWER, {})]), Workload("", [(LIST, {})]), changes(people))
    order, chance = list(EVERYBODY), random.Random(bench.rounds)
    for _ in range(bench.rounds):
        chance.shuffle(order)
        for name in order:
            began = time.perf_counter()
            with running(name, bench.url) as one:
                _first_answer(lambda: ask(one.port, bench.token, (VIEWER, {})))
                starts[name].append(time.perf_counter() - began)
                for workload in loads if name != POSTGRAPHILE else loads[:1]:
                    load(one.port, workload, bench.token, LOAD_SECS)
                setting.await_quiet(bench.url)
                shared[name].append(one.memory_mb())
                resident[name].append(one.resident_mb())
            setting.reset(bench.url, people)
    median = {name: statistics.median(all_of_them) for name, all_of_them in starts.items()}
    return Result(
        "Start and memory",
        "From the start of the process to the first good answer, on a database that is ready; then"
        f" the memory of the process after {len(loads)} loads of {LOAD_SECS} s (small queries,"
        f" lists, changes of roles). Medians of {bench.rounds} rounds, one process each. PSS counts"
        " what processes share by share; PostGraphile had small queries only.",
        ("", "ms to the first answer", "engine to it", "PSS in MB", "resident in MB"),
        [
            (
                name,
                f"{median[name] * 1_000:.0f}",
                ratio(median[ENGINE], median[name]),
                f"{statistics.median(shared[name]):.0f}",
                f"{statistics.median(resident[name]):.0f}",
            )
            for name in EVERYBODY
        ],
        versions.description(bench.url),
    )


def _first_answer(asked: Callable[[], object]) -> None:
    end = time.monotonic() + LONGEST_SECS
    while True:
        try:
            asked()
        except NotMeasured:
            if time.monotonic() > end:
                raise
            time.sleep(PAUSE_SECS)
        else:
            return
