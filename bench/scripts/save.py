"""From saving a script to its first new answer, by a worker that has nothing else to do."""

from __future__ import annotations

import statistics
import time

from bench.engines import Bench
from bench.report import Result, percentile
from bench.scripts.http import Connection
from bench.scripts.programs import numbered

SAVES = 50
PATH = "/saved"
LONGEST_SECS = 30


def measure(bench: Bench) -> Result:
    """Milliseconds of the request that saves, and until the new answer."""
    saved, live = [], []
    with bench.started() as engine, Connection(engine.port, bench.token) as client:
        client.put("saved", numbered(PATH, 0))
        for number in range(1, SAVES + 1):
            client.get(PATH)
            begun = time.perf_counter()
            client.put("saved", numbered(PATH, number))
            saved.append((time.perf_counter() - begun) * 1_000)
            while client.get(PATH) != str(number):
                assert time.perf_counter() < begun + LONGEST_SECS, "the new version is not served"
            live.append((time.perf_counter() - begun) * 1_000)
    return Result(
        "Scripts: from save to live",
        f"{SAVES} times in turn: PUT of a new version, which loads, saves and deploys it, then GET"
        " until the answer is the new one. One worker, one client.",
        ("", "p50 ms", "p95 ms"),
        [
            (
                name,
                f"{statistics.median(taken):.0f}",
                f"{percentile(taken, 95):.0f}",
            )
            for name, taken in (("PUT", saved), ("PUT and the first new answer", live))
        ],
    )
