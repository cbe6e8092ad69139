"""repository.slow_query_ms: what looking at every statement costs."""

from __future__ import annotations

from bench.engines import Bench
from bench.limit import LIST, VIEWER
from bench.load import Contestant, race
from bench.report import Result, ratio

SETTINGS = {"off (0)": 0, "as shipped (1000)": 1_000, "from 1 ms on (1)": 1}
ROUNDS = 61


def measure(bench: Bench) -> Result:
    """A small query and a list, with the log off, as shipped, and from a millisecond on."""
    off, shipped, eager = (
        bench.engine(repository__slow_query_ms=value) for value in SETTINGS.values()
    )
    queries = {"viewer": VIEWER, "list of 50 users": LIST}
    with off as first, shipped as second, eager as third:
        ports = dict(zip(SETTINGS, (first, second, third), strict=True))
        figures = race(
            {
                f"{name}, {setting}": Contestant(port, bench.post(query), requests=10)
                for name, query in queries.items()
                for setting, port in ports.items()
            },
            ROUNDS,
        )
    return Result(
        "Log of slow statements",
        f"One client, medians of {ROUNDS} rounds. Statements are always counted.",
        ("", "ms a request", "of the time when off"),
        [
            (
                f"{name}, {setting}",
                f"{figures[f'{name}, {setting}'].millis:.2f}",
                ratio(figures[f"{name}, {setting}"].millis, figures[f"{name}, off (0)"].millis),
            )
            for name in queries
            for setting in SETTINGS
        ],
    )
