"""One, two and four instances on one database: does a request cost more among many?"""

from __future__ import annotations

from bench.engines import Bench
from bench.report import Result, ratio
from bench.scale.costs import CLIENTS, cost_of

COUNTS = (1, 2, 4)
REQUESTS = 2_000


def measure(bench: Bench) -> Result:
    """Requests a second, and the processor time that each takes."""
    costs = {count: cost_of(bench, count, REQUESTS) for count in COUNTS}
    alone = costs[COUNTS[0]]
    return Result(
        "Several instances",
        f"{CLIENTS} clients, {REQUESTS:,} requests, one change in ten; {bench.users:,} users."
        " Clients, instances and PostgreSQL share the processors: look at what a request costs, not"
        " at how many there are in a second.",
        (
            "instances",
            "requests/s",
            "engine, ms of processor",
            "PostgreSQL, ms of processor",
            "both, of one instance",
        ),
        [
            (
                str(count),
                f"{cost.per_second:.0f}",
                f"{cost.engine_millis:.2f}",
                f"{cost.database_millis:.2f}",
                ratio(
                    cost.engine_millis + cost.database_millis,
                    alone.engine_millis + alone.database_millis,
                ),
            )
            for count, cost in costs.items()
        ],
    )
