"""One load of one contestant: its requests, and processor time by kind of process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.engines import Started
from bench.peers.wrk import Load, load_page
from bench.scripts.processes import KINDS, cpu_secs, family


@dataclass(frozen=True)
class Turn:
    """Requests, and milliseconds of processor time for each of them by kind.

    PostgreSQL's own time is not among them: it is the same for both.
    """

    load: Load
    cpu_millis: Mapping[str, float]


def turn(server: Started, path: str, clients: int, seconds: int) -> Turn:
    """Load *path* of a server."""
    processes = family(server.pid)
    before = cpu_secs(processes)
    load = load_page(server.port, path, clients, seconds)
    after = cpu_secs(processes)
    spent = {kind: (after[kind] - before[kind]) / load.requests * 1_000 for kind in KINDS}
    return Turn(load, spent)
