"""repository.max_connections: a pool of two or of twenty under twenty clients."""

from __future__ import annotations

from contextlib import ExitStack

from bench.distant import DELAY_SECS, socket_of, through
from bench.engines import Bench
from bench.limit import LIST
from bench.load import Contestant, race
from bench.report import Result, ratio

CLIENTS = 20
SIZES = (2, 5, 20)
ROUNDS = 9
LARGEST = 50


def measure(bench: Bench) -> Result:
    """Requests a second by the size of the pool."""
    path = socket_of(bench.url)
    firsts = range(LARGEST - CLIENTS + 1, LARGEST + 1)
    lists = [LIST.replace(f"first: {LARGEST}", f"first: {first}") for first in firsts]
    queries = {
        f"all the same list of {LARGEST}": [LIST],
        f"lists of {firsts[0]} to {LARGEST}, each another": lists,
    }
    requests = {name: [bench.post(one) for one in each] for name, each in queries.items()}
    with ExitStack() as stack:
        way = stack.enter_context(bench.served("bench.distant", path, variable="DISTANT_PORT"))
        settings = {"repository__database_url": through(bench.url, way)}
        ports = {
            size: stack.enter_context(bench.engine(repository__max_connections=size, **settings))
            for size in SIZES
        }
        figures = race(
            {
                f"{name}, {size}": Contestant(port, asked[0], CLIENTS, 100, tuple(asked[1:]))
                for name, asked in requests.items()
                for size, port in ports.items()
            },
            ROUNDS,
        )
    return Result(
        "Connections to the database",
        f"{CLIENTS} clients, medians of {ROUNDS} rounds; {bench.users:,} users. A detour makes the"
        f" way to the database {DELAY_SECS * 1_000:g} ms long, each way; without it the processors"
        " are what is waited for, and two connections do as well as twenty. What all ask at once is"
        " read once for all of them.",
        ("", *(f"{size} connections, requests/s" for size in SIZES), "last to first"),
        [
            (
                name,
                *(f"{figures[f'{name}, {size}'].per_second:.0f}" for size in SIZES),
                ratio(
                    figures[f"{name}, {SIZES[-1]}"].per_second,
                    figures[f"{name}, {SIZES[0]}"].per_second,
                ),
            )
            for name in queries
        ],
    )
