"""What a request costs: processor time of the engines and of PostgreSQL, under a mixed load."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import psutil
import psycopg

from bench.engines import Bench
from bench.load import Contestant, answer, ask

CLIENTS = 16
_FIRST_REQUESTS = 160
_PAGE = "{ nodes { id email name roles providers } pageInfo { endCursor } }"


@dataclass(frozen=True)
class Costs:
    """Of one run: how many requests a second, and milliseconds of processor time for each."""

    per_second: float
    engine_millis: float
    database_millis: float
    client_millis: float
    p99_millis: float


def changes(bench: Bench, port: int) -> tuple[bytes, bytes]:
    """A role for somebody who may have it, and none again; *port*: any engine on the database."""
    editor = bench.post("{ users(role: EDITOR, first: 1) { nodes { id } } }")
    listed = json.loads(answer(Contestant(port, editor)))
    someone = listed["data"]["users"]["nodes"][0]["id"]
    change = f'(input: {{userId: "{someone}", role: ADMINISTRATOR}}) {{ user {{ id }} }}'
    grant, revoke = (f"mutation {{ {verb}{change} }}" for verb in ("grantRole", "revokeRole"))
    return bench.post(grant), bench.post(revoke)


class Mixed:
    """Reads and changes in turn, as a busy day has them: one change in ten requests."""

    def __init__(self, bench: Bench, port: int) -> None:
        """*port*: any engine on the database; it is asked for somebody whose role may change."""
        viewer = bench.post("{ viewer { id email roles } }")
        page = bench.post(f"{{ users(first: 50) {_PAGE} }}")
        search = bench.post(f'{{ users(first: 20, search: "ada") {_PAGE} }}')
        events = bench.post("{ auditEvents(first: 20) { nodes { id at action } } }")
        grant, revoke = changes(bench, port)
        reads = (viewer, page, viewer, search, viewer, events, viewer, page, viewer)
        self.requests = (*reads, grant, *reads, revoke)


def cost_of(bench: Bench, instances: int, requests: int) -> Costs:
    """Run so many engines on one database and share the requests out among them."""
    with ExitStack() as stack:
        before = set(psutil.Process().children())
        ports = [stack.enter_context(bench.engine()) for _ in range(instances)]
        engines = [child for child in psutil.Process().children() if child not in before]
        mixed = Mixed(bench, ports[0])
        asyncio.run(_load(ports, mixed, _FIRST_REQUESTS))
        database = _postmaster(bench.url)
        marks = (_spent(engines), _spent([database]), time.process_time())
        began = time.perf_counter()
        latencies = asyncio.run(_load(ports, mixed, requests))
        seconds = time.perf_counter() - began
        engine, server, client = (
            (after - mark) / requests * 1_000
            for after, mark in zip(
                (_spent(engines), _spent([database]), time.process_time()), marks, strict=True
            )
        )
    latencies.sort()
    p99 = latencies[int(len(latencies) * 0.99)] * 1_000
    return Costs(requests / seconds, engine, server, client, p99)


async def _load(ports: Sequence[int], mixed: Mixed, requests: int) -> list[float]:
    """Seconds that each request took; the clients are spread over the engines."""
    left = iter(range(requests))
    cycle = itertools.cycle(mixed.requests)
    latencies: list[float] = []

    async def client(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in left:
            began = time.perf_counter()
            await ask(reader, writer, next(cycle))
            latencies.append(time.perf_counter() - began)
        writer.close()

    await asyncio.gather(*(client(ports[at % len(ports)]) for at in range(CLIENTS)))
    return latencies


def _postmaster(url: str) -> psutil.Process:
    with psycopg.connect(url) as connection:
        backend = psutil.Process(connection.info.backend_pid)
        parent = backend.parent()
    assert parent is not None
    return parent


def _spent(processes: Sequence[psutil.Process]) -> float:
    """Seconds of processor time of these and of all that they started, ended ones included."""
    total = 0.0
    for process in processes:
        for one in (process, *process.children(recursive=True)):
            times = one.cpu_times()
            total += times.user + times.system
        own = process.cpu_times()
        total += own.children_user + own.children_system
    return total
