"""Whether a page costs the same among a thousand users and among a million."""

from __future__ import annotations

from bench.engines import Bench, filled_database
from bench.peers import setting, versions
from bench.peers.contestants import ENGINE
from bench.peers.requests import measured, medians
from bench.peers.stage import stage
from bench.report import Result, ratio

SIZES = (1_000, 100_000, 1_000_000)
SECONDS = 3


def measure(bench: Bench) -> Result:
    """Requests a second of the engine by the number of users, in databases of its own."""
    rates: dict[str, list[float]] = {}
    description = ""
    for size in SIZES:
        with filled_database(size, bench.rounds) as filled, stage((ENGINE,), filled.url) as engine:
            description = versions.description(filled.url)
            for workload, loads in measured(filled, engine, bench.rounds, SECONDS).items():
                rates.setdefault(workload, []).append(medians(loads)[ENGINE])
    pages = " and ".join(f"{setting.far_page(size):,}" for size in SIZES)
    return Result(
        "Growth",
        f"Requests a second of the engine, one process, medians of {bench.rounds} rounds of"
        f" {SECONDS} s; the far pages are {pages}. The databases stand one after the other, so"
        " that small differences mean nothing. The same words are found more often among more.",
        ("", *(f"{size:,} users" for size in SIZES), "most to fewest users"),
        [
            (name, *(f"{rate:,.0f}" for rate in by_size), ratio(by_size[-1], by_size[0]))
            for name, by_size in rates.items()
        ],
        description,
    )
