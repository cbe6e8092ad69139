"""Requests that read the script's database, beside Fastify with node-postgres."""

from __future__ import annotations

import os
import random
import statistics
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from bench.engines import Bench, Started, started
from bench.peers.versions import description
from bench.peers.wrk import load_page
from bench.report import Result, ratio
from bench.scripts.http import Connection
from bench.scripts.processes import KINDS
from bench.scripts.programs import FOLDER
from bench.scripts.turns import Turn, turn

CLIENTS = 16
SECONDS = 3
WARM_SECONDS = 3
ROWS = 1_000
FASTIFY, MODULE = "Fastify with node-postgres", "script"
ONE, FIVE = "one read", "five reads"
PATHS = {ONE: "/bench/read", FIVE: "/bench/reads"}

SCRIPT = """
const read = (db) =>
  db.one("select id, text from bench_notes where id = $1", [1 + Math.floor(Math.random() * 1000)]);

export const routes = {
  "GET /bench/read": async (request, { db }) => Response.json(await read(db)),
  "GET /bench/reads": async (request, { db }) => {
    const notes = [];
    for (let at = 0; at < 5; at++) notes.push(await read(db));
    return Response.json(notes);
  },
};
"""
TABLE = f"""
create table bench_notes (id int primary key, text text not null);
insert into bench_notes select n, 'note ' || n from generate_series(1, {ROWS}) n;
"""


def measure(bench: Bench) -> Result:
    """Requests a second and latency of each."""
    with psycopg.connect(bench.url, autocommit=True) as connection:
        connection.execute(f"drop table if exists bench_notes; {TABLE}")
    with _contestants(bench) as contestants:
        turns: dict[tuple[str, str], list[Turn]] = {}
        everyone = [(reads, name) for reads in PATHS for name in contestants]
        for reads, name in everyone:
            load_page(contestants[name].port, PATHS[reads], CLIENTS, WARM_SECONDS)
        chance = random.Random(bench.rounds)
        for _ in range(bench.rounds):
            chance.shuffle(everyone)
            for reads, name in everyone:
                turns.setdefault((reads, name), []).append(
                    turn(contestants[name], PATHS[reads], CLIENTS, SECONDS)
                )
    rates = {
        one: statistics.median(turn.load.per_second for turn in some) for one, some in turns.items()
    }
    return Result(
        "Scripts: database",
        f"One worker, {CLIENTS} clients, wrk, medians of {bench.rounds} rounds of {SECONDS} s. Each"
        f" read is one row of {ROWS:,} by its key; five are one after the other. The script reads"
        " its own schema by `env.db.one`, Fastify the same table by `pool.query`.",
        (
            "",
            "requests/s",
            "of Fastify",
            "p50 ms",
            "p99 ms",
            "CPU ms a request: server",
            *KINDS[1:],
        ),
        [_row(one, rates, turns[one]) for one in sorted(turns, reverse=True)],
        description(bench.url),
    )


@contextmanager
def _contestants(bench: Bench) -> Iterator[dict[str, Started]]:
    node = ("node", str(FOLDER / "fastify_database.js"))
    environ = {**os.environ, "NODE_ENV": "production", "DATABASE_URL": bench.url}
    with (
        bench.started() as engine,
        started(node, "PEER_PORT", environ) as fastify,
        Connection(engine.port, bench.token) as deployer,
    ):
        deployer.put("bench", {"main.js": SCRIPT, "migrations/0001.sql": TABLE})
        yield {FASTIFY: fastify, MODULE: engine}


def _row(
    one: tuple[str, str], rates: dict[tuple[str, str], float], turns: list[Turn]
) -> tuple[str, ...]:
    reads, name = one

    def cpu(kind: str) -> str:
        millis = statistics.median(turn.cpu_millis[kind] for turn in turns)
        return f"{millis:.3f}" if millis else "-"

    return (
        f"{reads}, {name}",
        f"{rates[one]:,.0f}",
        "-" if name == FASTIFY else ratio(rates[one], rates[reads, FASTIFY]),
        f"{statistics.median(turn.load.p50 for turn in turns):.2f}",
        f"{statistics.median(turn.load.p99 for turn in turns):.2f}",
        *map(cpu, KINDS),
    )
