"""Many open subscriptions and a steady stream of changes: how late they arrive, and how many."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import Any

import psycopg

from bench.engines import Bench
from bench.load import NotMeasured
from bench.peers import versions
from bench.peers.contestants import ENGINE, MERCURIUS, NODE
from bench.peers.stage import running
from bench.report import Result, ratio

FOLLOWERS = 1_000
CHANGES_A_SECOND = 10
SECONDS = 10
LONGEST_SECS = 300
CONTESTANTS = (ENGINE, MERCURIUS)


@dataclass(frozen=True)
class Followed:
    """What came of one go; milliseconds from before a change's commit to its arrival."""

    p50: float
    p99: float
    missed: int
    doubled: int
    memory_mb: float
    cpu_secs: float


def measure(bench: Bench) -> Result:
    """Delivery to a thousand followers."""
    goes: dict[str, list[Followed]] = {name: [] for name in CONTESTANTS}
    for _ in range(bench.rounds):
        for name in CONTESTANTS:
            goes[name].append(followed(bench, name))
    middle = bench.rounds // 2
    chosen = {name: sorted(each, key=_p99)[middle] for name, each in goes.items()}
    return Result(
        "Open subscriptions",
        f"{FOLLOWERS:,} sockets, each with a subscription to changes of users"
        f" (graphql-transport-ws), {CHANGES_A_SECOND} changes a second for {SECONDS} s, written by"
        " another program with their event; one process each;"
        f" of {bench.rounds} rounds the middle one by p99. Milliseconds from before the commit to"
        " the arrival; a change that had not arrived 5 s after the last one counts as missed.",
        (
            "",
            "p50 in ms",
            "p99 in ms",
            "engine to it, p99",
            "missed",
            "twice",
            "PSS in MB",
            "CPU s",
        ),
        [
            (
                name,
                f"{one.p50:.0f}",
                f"{one.p99:.0f}",
                ratio(chosen[ENGINE].p99, one.p99),
                f"{one.missed:,} of {FOLLOWERS * CHANGES_A_SECOND * SECONDS:,}",
                f"{one.doubled:,}",
                f"{one.memory_mb:.0f}",
                f"{one.cpu_secs:.1f}",
            )
            for name, one in chosen.items()
        ],
        versions.description(bench.url),
    )


def followed(
    bench: Bench, name: str, followers: int = FOLLOWERS, seconds: int = SECONDS
) -> Followed:
    """One go of one contestant. Raises NotMeasured when what arrives is not what was changed."""
    with running(name, bench.url) as one:
        cpu = one.cpu_secs()
        result = _result(
            {
                "url": f"ws://127.0.0.1:{one.port}/graphql",
                "token": bench.token,
                "database": bench.url,
                "followers": followers,
                "perSecond": CHANGES_A_SECOND,
                "seconds": seconds,
                "people": _people(bench.url, CHANGES_A_SECOND * seconds),
            }
        )
        if result["strange"] or not result["arrived"]:
            raise NotMeasured(f"{name}: {result['arrived']} arrived; {result['strange']!r:.300}")
        missed = result["expected"] - result["arrived"]
        used = one.cpu_secs() - cpu
        memory = one.memory_mb()
        return Followed(result["p50"], result["p99"], missed, result["doubled"], memory, used)


def _result(wanted: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        ["node", str(NODE / "followers.js")],
        env={**os.environ, "FOLLOWERS": json.dumps(wanted)},
        capture_output=True,
        text=True,
        timeout=LONGEST_SECS,
        check=False,
    )
    if done.returncode:
        raise NotMeasured(f"The followers failed: {done.stderr.strip()[-400:]}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _people(url: str, number: int) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("select id from users order by id limit %s", (number,)).fetchall()
    if len(rows) < number:
        raise NotMeasured(f"{number} users are needed, {len(rows)} are there.")
    return [str(row[0]) for row in rows]


def _p99(one: Followed) -> float:
    return one.p99
