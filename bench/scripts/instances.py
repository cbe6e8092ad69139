"""Two instances: how long after a deployment every worker of both serves the new version."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

from bench.engines import Bench
from bench.load import NotMeasured
from bench.report import Result, percentile
from bench.scripts.http import Connection
from bench.scripts.programs import numbered

DEPLOYS = 20
WORKERS = 2
PATH = "/everywhere"
# Each connection is answered by any worker: one that still has the old version is missed by all
# of these with a probability of one in a million.
SUCCESSIVE = 20
LONGEST_SECS = 30.0


def measure(bench: Bench) -> Result:
    """Milliseconds from the response to the deployment to the last answer that was an old one."""
    settings = {"performance__worker_pool_size": WORKERS}
    deployed, served = [], []
    with (
        bench.started(**settings) as one,
        bench.started(**settings) as other,
        Connection(one.port, bench.token) as deployer,
    ):
        deployer.put("everywhere", numbered(PATH, 0))
        for number in range(1, DEPLOYS + 1):
            begun = time.perf_counter()
            deployer.put("everywhere", numbered(PATH, number))
            deployed.append((time.perf_counter() - begun) * 1_000)
            served.append(_millis_until_all([one.port, other.port], str(number)))
    return Result(
        "Scripts: two instances",
        f"{DEPLOYS} deployments on one of two instances with {WORKERS} workers each. After the"
        " response, new connections ask both instances in turn; every worker serves the new version"
        f" from the first of {SUCCESSIVE} successive new answers of each.",
        ("", "p50 ms", "p95 ms", "longest ms"),
        [
            (
                name,
                f"{statistics.median(taken):.0f}",
                f"{percentile(taken, 95):.0f}",
                f"{max(taken):.0f}",
            )
            for name, taken in (
                ("deployment (PUT)", deployed),
                ("then, until every worker serves it", served),
            )
        ],
    )


def _millis_until_all(ports: Sequence[int], wanted: str) -> float:
    """Time until the first of enough successive new answers by all ports."""
    begun = time.perf_counter()
    since, seen = begun, 0
    while seen < SUCCESSIVE:
        asked = time.perf_counter()
        if asked > begun + LONGEST_SECS:
            raise NotMeasured(f"A worker does not serve version {wanted}.")
        if all(_answer(port) == wanted for port in ports):
            since = since if seen else asked
            seen += 1
        else:
            seen = 0
    return (since - begun) * 1_000


def _answer(port: int) -> str:
    with Connection(port) as client:
        return client.get(PATH)
