"""From what a request costs here to what more machines would answer.

A closed system: so many clients, each with one request on its way, never thinking. A request takes
its time on the instance's one processor, waits for one of the pool's connections and a processor
of the database, and is finished by the instance. First the model is held against the machine it
was measured on, then it is given more.
"""

from __future__ import annotations

import os
import random
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import simpy

from bench.engines import Bench
from bench.report import Result, ratio
from bench.scale.costs import CLIENTS, Costs, cost_of

MEASURED_REQUESTS = 2_000
SIMULATED_SECS = 30.0
POOL = 10


@dataclass(frozen=True)
class Plant:
    """Machines to simulate; each instance has a processor of its own."""

    instances: int
    database_processors: int
    clients: int


PLANTS = (
    Plant(1, 2, 16),
    Plant(2, 2, 32),
    Plant(4, 4, 64),
    Plant(8, 4, 128),
    Plant(8, 8, 128),
    Plant(16, 8, 256),
    Plant(16, 16, 256),
)


def measure(bench: Bench) -> Result:
    """Requests a second and p99: measured, simulated for the same, simulated for more."""
    costs = cost_of(bench, 1, MEASURED_REQUESTS)
    same = simulated_shared(costs, os.cpu_count() or 1)
    rows = [
        ("this machine, measured", f"{costs.per_second:.0f}", f"{costs.p99_millis:.0f}", "1.00"),
        _row("this machine, simulated", same, costs),
    ]
    for plant in PLANTS:
        name = (
            f"{plant.instances} instances, {plant.database_processors} processors for the database,"
            f" {plant.clients} clients"
        )
        rows.append(_row(name, simulated(costs, plant), costs))
    return Result(
        "More machines",
        f"Simulated from the costs that one instance has here: {costs.engine_millis:.2f} ms of the"
        f" engine and {costs.database_millis:.2f} ms of PostgreSQL a request, one change in ten,"
        f" {bench.users:,} users. Service times vary exponentially; the network is left out.",
        ("", "requests/s", "p99, ms", "of the measured"),
        rows,
    )


def simulated_shared(costs: Costs, processors: int) -> tuple[float, float]:
    """Clients, one instance and PostgreSQL on the same processors, as in the measurement."""
    model = _Model()
    shared = simpy.Resource(model.env, capacity=processors)
    loop = simpy.Resource(model.env, capacity=1)
    client = simpy.Resource(model.env, capacity=1)

    def request() -> Generator[Any, Any, None]:
        for own, millis in (
            (client, costs.client_millis / 2),
            (loop, costs.engine_millis / 2),
            (None, costs.database_millis),
            (loop, costs.engine_millis / 2),
            (client, costs.client_millis / 2),
        ):
            if own is None:
                yield from model.served(shared, millis)
                continue
            # Its one thread first, then a processor to run it on.
            with own.request() as turn:
                yield turn
                yield from model.served(shared, millis)

    return model.run([request] * CLIENTS)


def simulated(costs: Costs, plant: Plant) -> tuple[float, float]:
    """Requests a second, and the 99th percentile of their time in milliseconds."""
    model = _Model()
    database = simpy.Resource(model.env, capacity=plant.database_processors)
    loops = [simpy.Resource(model.env, capacity=1) for _ in range(plant.instances)]
    pools = [simpy.Resource(model.env, capacity=POOL) for _ in range(plant.instances)]

    def client(at: int) -> Any:
        def request() -> Generator[Any, Any, None]:
            yield from model.served(loops[at], costs.engine_millis / 2)
            with pools[at].request() as connection:
                yield connection
                yield from model.served(database, costs.database_millis)
            yield from model.served(loops[at], costs.engine_millis / 2)

        return request

    return model.run([client(at % plant.instances) for at in range(plant.clients)])


class _Model:
    """Time, chance and what was finished."""

    def __init__(self) -> None:
        self.env = simpy.Environment()
        self._chance = random.Random(1)
        self._took: list[float] = []

    def served(self, by: simpy.Resource, millis: float) -> Generator[Any, Any, None]:
        """Wait for *by*, then be served for about so long."""
        with by.request() as turn:
            yield turn
            yield self.env.timeout(self._chance.expovariate(1 / millis) if millis else 0)

    def run(self, requests: list[Any]) -> tuple[float, float]:
        """Let clients make their requests one after the other; see `simulated`."""

        def client(request: Any) -> Generator[Any, Any, None]:
            while True:
                began = self.env.now
                yield from request()
                self._took.append(self.env.now - began)

        for request in requests:
            self.env.process(client(request))
        self.env.run(until=SIMULATED_SECS * 1_000)
        self._took.sort()
        return len(self._took) / SIMULATED_SECS, self._took[int(len(self._took) * 0.99)]


def _row(name: str, figures: tuple[float, float], costs: Costs) -> tuple[str, ...]:
    per_second, p99 = figures
    return name, f"{per_second:.0f}", f"{p99:.0f}", ratio(per_second, costs.per_second)
