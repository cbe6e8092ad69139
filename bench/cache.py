"""performance.cache_size_mb and cache_ttl_seconds: what is not worked out again."""

from __future__ import annotations

from bench.engines import Bench
from bench.limit import LIST
from bench.load import Contestant, race
from bench.report import Result, ratio

TOTALS = {
    "totalCount of users": "{ users(first: 1) { totalCount } }",
    "roles with their counts": "{ roles { role userCount activeUserCount } }",
    "statistics of users, 30 days": "{ systemStats { users { total administrators trend { day total } } } }",  # noqa: E501
}
ROUNDS = 11


def measure(bench: Bench) -> Result:
    """Totals and a document, with and without what is kept."""
    on, off = bench.engine(), bench.engine(performance__cache_size_mb=0)
    queries = {**TOTALS, "list of 50 users (document)": LIST}
    with on as on_port, off as off_port:
        figures = race(
            {
                f"{name}, {state}": Contestant(port, bench.post(query), requests=10)
                for name, query in queries.items()
                for state, port in (("off", off_port), ("on", on_port))
            },
            ROUNDS,
        )
    return Result(
        "Cache",
        f"One client, medians of {ROUNDS} rounds; {bench.users:,} users. Off is cache_size_mb = 0,"
        " which also parses and checks each document again.",
        ("", "ms off", "ms on", "times quicker"),
        [
            (
                name,
                f"{figures[f'{name}, off'].millis:.2f}",
                f"{figures[f'{name}, on'].millis:.2f}",
                ratio(figures[f"{name}, off"].millis, figures[f"{name}, on"].millis),
            )
            for name in queries
        ],
    )
