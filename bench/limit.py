"""The engine against the limit: the same page by the same SQL through a bare route."""

from __future__ import annotations

import json

from bench.engines import Bench
from bench.load import Contestant, NotMeasured, answer, race
from bench.report import Result, ratio

LIST = "{ users(first: 50) { nodes { id email name roles providers } } }"
VIEWER = "{ viewer { id email } }"
ROUNDS = 41


def measure(bench: Bench) -> Result:
    """A list and a small query of the engine, as parts of the bare route."""
    bare_server = bench.served("uvicorn", "bench.bare:app", variable="UVICORN_PORT")
    with bench.engine() as engine, bare_server as bare:
        contestants = {
            "list of 50, bare route": Contestant(bare, bench.post(LIST), requests=10),
            "list of 50, engine": Contestant(engine, bench.post(LIST), requests=10),
            "viewer, engine": Contestant(engine, bench.post(VIEWER), requests=10),
        }
        first, second, _ = (json.loads(answer(one)) for one in contestants.values())
        if first != second:
            raise NotMeasured("The contestants do not say the same; nothing was measured.")
        figures = race(contestants, ROUNDS)
    limit = figures["list of 50, bare route"].millis
    return Result(
        "The engine and the limit",
        f"One client, medians of {ROUNDS} rounds; {bench.users:,} users. The bare route sends the"
        " rows of the same statement, with no caller, no schema and no limits.",
        ("", "ms a request", "part of the bare route"),
        [(name, f"{one.millis:.2f}", ratio(limit, one.millis)) for name, one in figures.items()],
    )
