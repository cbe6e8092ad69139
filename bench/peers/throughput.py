"""The tables of requests a second: everybody by one process, then by two."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from bench.engines import Bench
from bench.peers import setting, versions
from bench.peers.contestants import ENGINE, EVERYBODY
from bench.peers.requests import Loads, measured, medians
from bench.peers.stage import stage
from bench.report import Result, ratio

SECONDS = 3


def one_process(bench: Bench) -> Result:
    """Everybody by one process."""
    return _result(bench, "The engine beside its peers", 1)


def two_processes(bench: Bench) -> Result:
    """Everybody by two processes."""
    return _result(bench, "The engine beside its peers, two processes each", 2)


def _result(bench: Bench, title: str, workers: int) -> Result:
    with stage(EVERYBODY, bench.url, workers) as everybody:
        loads = measured(bench, everybody, bench.rounds, SECONDS)
    return Result(
        title,
        f"Requests a second, and in brackets how many times as quick as it the engine is. wrk,"
        f" 16 clients (mixed: 50), medians of {bench.rounds} rounds of {SECONDS} s;"
        f" {bench.users:,} users; the far page is page {setting.far_page(bench.users):,}. {CONDITIONS}",
        ("", *EVERYBODY),
        [*_rates(loads), *_latencies(loads)],
        versions.told(bench.url),
    )


CONDITIONS = (
    "The caller's token is looked up in the database at each request by all. Answers and audit"
    " events were found equal first. The engine writes a line of log a request and keeps the total"
    " of users until they change; the peers do neither."
)


def _rates(loads: Loads) -> list[tuple[str, ...]]:
    rows = []
    for workload, all_of_them in loads.items():
        rates = medians(all_of_them)
        rows.append((workload, *(_cell(rates, name) for name in EVERYBODY)))
    return rows


def _cell(rates: Mapping[str, float], name: str) -> str:
    rate = f"{rates[name]:,.0f}"
    return rate if name == ENGINE else f"{rate} ({ratio(rates[ENGINE], rates[name])})"


def _latencies(loads: Loads) -> list[tuple[str, ...]]:
    """What whoever waits sees, of the mixed load."""
    mixed = loads["50 clients, mixed"]
    rows = []
    for name in ("p50", "p99"):
        millis = {
            one: statistics.median(getattr(load, name) for load in rounds)
            for one, rounds in mixed.items()
        }
        cells = (
            f"{millis[one]:.1f}" + ("" if one == ENGINE else f" ({_times(millis, one)})")
            for one in EVERYBODY
        )
        rows.append((f"50 clients, mixed: {name} in ms", *cells))
    return rows


def _times(millis: Mapping[str, float], name: str) -> str:
    return ratio(millis[ENGINE], millis[name])
