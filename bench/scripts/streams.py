"""Messages to many clients of an event stream, beside Fastify: how late they are, how many lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench.engines import Bench, Started, started
from bench.load import NotMeasured
from bench.peers.versions import description
from bench.report import Result, ratio
from bench.scripts.http import Connection
from bench.scripts.processes import cpu_secs, family
from bench.scripts.programs import FOLDER

CLIENTS = 1_000
MESSAGES_A_SECOND = 10
SECONDS = 10
LONGEST_SECS = 300
FASTIFY, SCRIPT = "Fastify", "script"
LISTEN, SEND = "/bench/events", "/bench/send"
SOURCE = f"""
export const streams = {{ "{LISTEN}": () => ({{ kind: "bench" }}) }};
export const routes = {{
  "POST {SEND}": async (request, env) => {{
    await env.streams.send("{LISTEN}", await request.text());
    return new Response("sent");
  }},
}};
"""


@dataclass(frozen=True)
class Turn:
    """What arrived in one turn; milliseconds from before the request that sends a message."""

    p50: float
    p99: float
    last: float
    lost: int
    wrong: int
    """Messages that came twice, and clients with a message out of order."""
    cpu_secs: float


def measure(bench: Bench) -> Result:
    """Delivery to a thousand clients."""
    with _contestants(bench) as contestants:
        turns: dict[str, list[Turn]] = {name: [] for name in contestants}
        for number in range(bench.rounds):
            order = list(contestants) if number % 2 else list(reversed(contestants))
            for name in order:
                turns[name].append(turn(contestants[name]))
    middle = bench.rounds // 2
    chosen = {name: sorted(some, key=lambda one: one.p99)[middle] for name, some in turns.items()}
    return Result(
        "Scripts: event streams",
        f"{CLIENTS:,} clients of a stream in a process of their own, {MESSAGES_A_SECOND} messages a"
        f" second for {SECONDS} s, each sent by a POST request. One worker, which carries messages"
        " over the database; Fastify writes them to its open responses. Milliseconds from before"
        f" the request to the arrival; of {bench.rounds} rounds the middle one by p99.",
        ("", "p50 ms", "p99 ms", "p99 of Fastify's", "last ms", "lost", "twice or late", "CPU s"),
        [
            (
                name,
                f"{one.p50:.1f}",
                f"{one.p99:.1f}",
                ratio(one.p99, chosen[FASTIFY].p99),
                f"{one.last:.1f}",
                f"{sum(each.lost for each in turns[name]):,}",
                f"{sum(each.wrong for each in turns[name]):,}",
                f"{one.cpu_secs:.1f}",
            )
            for name, one in chosen.items()
        ],
        description(bench.url),
    )


@contextmanager
def _contestants(bench: Bench) -> Iterator[dict[str, Started]]:
    node = ("node", str(FOLDER / "streams.js"))
    with (
        bench.started(security__rate_limit_per_minute=1_000_000) as engine,
        started(node, "PEER_PORT", {**os.environ, "NODE_ENV": "production"}) as fastify,
        Connection(engine.port, bench.token) as deployer,
    ):
        deployer.put("bench", {"main.js": SOURCE})
        yield {FASTIFY: fastify, SCRIPT: engine}


def turn(server: Started, clients: int = CLIENTS, seconds: int = SECONDS) -> Turn:
    """One turn of one contestant. Raises NotMeasured."""
    processes = family(server.pid)
    before = sum(cpu_secs(processes).values())
    result = _listened(
        {
            "port": server.port,
            "listen": LISTEN,
            "send": SEND,
            "clients": clients,
            "per_second": MESSAGES_A_SECOND,
            "seconds": seconds,
        }
    )
    return Turn(
        result["p50"],
        result["p99"],
        result["last"],
        clients * MESSAGES_A_SECOND * seconds - result["arrived"],
        result["doubled"] + result["disordered"],
        sum(cpu_secs(processes).values()) - before,
    )


def _listened(wanted: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.scripts.listeners"],
        input=json.dumps(wanted),
        capture_output=True,
        text=True,
        timeout=LONGEST_SECS,
        check=False,
    )
    if done.returncode:
        raise NotMeasured(f"The clients failed: {done.stderr.strip()[-400:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result
