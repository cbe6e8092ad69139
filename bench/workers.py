"""performance.worker_pool_size: one process or two under the same load."""

from __future__ import annotations

from bench.engines import Bench
from bench.limit import LIST, VIEWER
from bench.load import Contestant, race
from bench.report import Result, ratio

CLIENTS = 16
ROUNDS = 9


def measure(bench: Bench) -> Result:
    """Requests a second of one and of two workers."""
    one, two = bench.engine(), bench.engine(performance__worker_pool_size=2)
    queries = {"viewer": VIEWER, "list of 50 users": LIST}
    with one as one_port, two as two_port:
        figures = race(
            {
                f"{name}, {workers}": Contestant(port, bench.post(query), CLIENTS, 320)
                for name, query in queries.items()
                for workers, port in ((1, one_port), (2, two_port))
            },
            ROUNDS,
        )
    return Result(
        "Worker processes",
        f"{CLIENTS} clients, medians of {ROUNDS} rounds. Clients and PostgreSQL run on the same"
        " processors, so that two workers can't be twice as quick here.",
        ("", "1 worker, requests/s", "2 workers, requests/s", "ratio"),
        [
            (
                name,
                f"{figures[f'{name}, 1'].per_second:.0f}",
                f"{figures[f'{name}, 2'].per_second:.0f}",
                ratio(figures[f"{name}, 2"].per_second, figures[f"{name}, 1"].per_second),
            )
            for name in queries
        ],
    )
