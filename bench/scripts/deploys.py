"""Deployments while the script is in use: how many requests fail."""

from __future__ import annotations

import statistics
import time

from bench.engines import Bench
from bench.report import Result, percentile
from bench.scripts.http import Connection
from bench.scripts.programs import numbered
from bench.scripts.visitors import visiting

DEPLOYS = 50
CLIENTS = 8
PATH = "/busy"


def measure(bench: Bench) -> Result:
    """Requests that failed during the deployments."""
    taken = []
    with bench.started() as engine, Connection(engine.port, bench.token) as deployer:
        deployer.put("busy", numbered(PATH, 0))
        with visiting(engine.port, PATH, CLIENTS) as visits:
            for number in range(1, DEPLOYS + 1):
                begun = time.perf_counter()
                deployer.put("busy", numbered(PATH, number))
                taken.append((time.perf_counter() - begun) * 1_000)
    p99 = percentile(visits.millis, 99)
    return Result(
        "Scripts: deployments under load",
        f"{DEPLOYS} deployments (PUT) one after the other, while {CLIENTS} clients request a route"
        " of the script all the time. One worker.",
        ("", "figure"),
        [
            ("requests", f"{len(visits.millis) + len(visits.failures):,}"),
            ("failed requests", f"{len(visits.failures):,}"),
            ("versions that answered", f"{len(visits.answers)} of {DEPLOYS + 1}"),
            ("deployment, p50 ms", f"{statistics.median(taken):.0f}"),
            ("deployment, p95 ms", f"{percentile(taken, 95):.0f}"),
            ("request, p50 ms", f"{statistics.median(visits.millis):.1f}"),
            ("request, p99 ms", f"{p99:.1f}"),
            ("request, longest ms", f"{max(visits.millis):.0f}"),
        ],
    )
