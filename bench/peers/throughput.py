"""The tables of requests a second: everybody by one process, then by two."""

from __future__ import annotations

import statistics
from collections.abc import Mapping

from bench.engines import Bench
from bench.peers import setting, versions
from bench.peers.contestants import ENGINE, EVERYBODY, STATIC
from bench.peers.requests import Loads, measured, medians
from bench.peers.stage import running, stage
from bench.peers.workloads import VIEWER, Workload
from bench.peers.wrk import load
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
    with running(STATIC, bench.url) as one:
        most = load(one.port, Workload("", [(VIEWER, {})]), bench.token, SECONDS).per_second
    return Result(
        title,
        "Requests a second, and in brackets how many times as quick as it the engine is. wrk,"
        f" 16 clients (mixed: 50), medians of {bench.rounds} rounds of {SECONDS} s;"
        f" {bench.users:,} users; the far page is page {setting.far_page(bench.users):,}."
        f" Of a fixed answer wrk takes {most:,.0f} a second. {CONDITIONS}",
        ("", *EVERYBODY),
        [*_rates(loads), *_latencies(loads)],
        versions.description(bench.url),
    )


CONDITIONS = (
    "No contestant caches the caller's token. The engine looks it up"
    " once for all requests that wait for the same look, and reads a page once for all that wait"
    " for the same page, never from before they asked; where 16 clients ask the same, as in most"
    " rows, it gains by that. The peers look for each request. Answers and audit"
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
    if name not in rates:
        return "-"
    if not rates[name]:
        return "none in time"
    rate = f"{rates[name]:,.0f}"
    return rate if name == ENGINE else f"{rate} ({ratio(rates[ENGINE], rates[name])})"


def _latencies(loads: Loads) -> list[tuple[str, ...]]:
    """The latencies of the mixed load."""
    mixed = loads["50 clients, mixed"]
    rows = []
    for name in ("p50", "p99"):
        millis = {
            one: statistics.median(getattr(load, name) for load in rounds)
            for one, rounds in mixed.items()
        }
        cells = (_latency(millis, one) for one in EVERYBODY)
        rows.append((f"50 clients, mixed: {name} in ms", *cells))
    return rows


def _latency(millis: Mapping[str, float], name: str) -> str:
    if name not in millis:
        return "-"
    text = f"{millis[name]:.1f}"
    return text if name == ENGINE else f"{text} ({ratio(millis[ENGINE], millis[name])})"
