"""Requests a second of a script, beside a bare Starlette route and Fastify."""

from __future__ import annotations

import os
import random
import statistics
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from bench.engines import Bench, Started, started
from bench.peers.versions import description
from bench.peers.wrk import load_page
from bench.report import Result, ratio
from bench.scripts.http import Connection
from bench.scripts.processes import DENO, KINDS, SUPERVISOR, WORKER
from bench.scripts.programs import CLASSIC, FOLDER, measured_module
from bench.scripts.turns import Turn, turn

CLIENTS = 16
SECONDS = 3
WARM_SECONDS = 2

BARE, FASTIFY, MODULE, CLASSIC_FORM = "bare route", "Fastify", "script", "classic script"
HELLO, WORK = "hello", "10 ms handler"


def measure(bench: Bench) -> Result:
    """Requests a second, latency and processor time of each contestant."""
    with _contestants(bench) as contestants:
        for server, path in contestants.values():
            load_page(server.port, path, CLIENTS, WARM_SECONDS)
        turns: dict[tuple[str, str], list[Turn]] = {one: [] for one in contestants}
        order, chance = list(contestants), random.Random(bench.rounds)
        for _ in range(bench.rounds):
            chance.shuffle(order)
            for one in order:
                turns[one].append(turn(*contestants[one], CLIENTS, SECONDS))
    rates = {
        one: statistics.median(turn.load.per_second for turn in some) for one, some in turns.items()
    }
    return Result(
        "Scripts: requests",
        f"One worker, {CLIENTS} clients, wrk, medians of {bench.rounds} rounds of {SECONDS} s. The"
        " same answers in each row; the work of the 10 ms handler is the same file"
        " (bench/scripts/work.js).",
        (
            *("", "requests/s", "of the bare route", "of Fastify", "p50 ms", "p99 ms"),
            *("CPU ms a request: server", SUPERVISOR, DENO, "all, of Fastify"),
        ),
        [_row(one, rates, turns) for one in turns],
        description(bench.url),
    )


@contextmanager
def _contestants(bench: Bench) -> Iterator[dict[tuple[str, str], tuple[Started, str]]]:
    """Each server with the path to ask for, by what it answers and its name."""
    uvicorn = ("uvicorn", "bench.scripts.bare:app", "--no-access-log", "--log-level", "warning")
    node = ("node", str(FOLDER / "fastify.js"))
    with (
        bench.started() as engine,
        bench.started_module(*uvicorn, variable="UVICORN_PORT") as bare,
        started(node, "PEER_PORT", {**os.environ, "NODE_ENV": "production"}) as fastify,
        Connection(engine.port, bench.token) as deployer,
    ):
        deployer.put("bench", measured_module())
        deployer.put("bench-classic", {"main.js": CLASSIC})
        yield {
            (HELLO, BARE): (bare, "/bench/hello"),
            (HELLO, FASTIFY): (fastify, "/bench/hello"),
            (HELLO, MODULE): (engine, "/bench/hello"),
            (HELLO, CLASSIC_FORM): (engine, "/classic/hello"),
            (WORK, FASTIFY): (fastify, "/bench/work"),
            (WORK, MODULE): (engine, "/bench/work"),
        }


def _millis(turns: list[Turn]) -> dict[str, float]:
    """Milliseconds of processor time for each request by kind of process, medians."""
    return {kind: statistics.median(turn.cpu_millis[kind] for turn in turns) for kind in KINDS}


def _row(
    one: tuple[str, str],
    rates: Mapping[tuple[str, str], float],
    all_turns: Mapping[tuple[str, str], list[Turn]],
) -> tuple[str, ...]:
    (answers, name), turns = one, all_turns[one]
    millis, fastify_millis = _millis(turns), sum(_millis(all_turns[answers, FASTIFY]).values())

    def beside(other: str) -> str:
        reference = rates.get((answers, other))
        return "-" if reference is None or other == name else ratio(rates[one], reference)

    def cpu(kind: str) -> str:
        return f"{millis[kind]:.3f}" if millis[kind] else "-"

    return (
        f"{answers}, {name}",
        f"{rates[one]:,.0f}",
        *(beside(BARE), beside(FASTIFY)),
        f"{statistics.median(turn.load.p50 for turn in turns):.2f}",
        f"{statistics.median(turn.load.p99 for turn in turns):.2f}",
        *(cpu(kind) for kind in (WORKER, SUPERVISOR, DENO)),
        ratio(sum(millis.values()), fastify_millis),
    )
