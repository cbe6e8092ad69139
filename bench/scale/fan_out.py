"""From a commit to all listeners: how long an announcement takes to the last of them."""

from __future__ import annotations

import asyncio
import statistics
import time

import asyncpg

from bench.engines import Bench
from bench.report import Result, ratio

LISTENERS = (1, 4, 16, 64)
CHANGES = 100
PAUSE_SECS = 0.02
CHANNEL = "scale"


def measure(bench: Bench) -> Result:
    """Milliseconds from the commit to the last listener, by how many listen."""
    medians = {count: asyncio.run(_spread(bench.url, count)) for count in LISTENERS}
    return Result(
        "Announcements to many instances",
        f"Each worker process listens with one connection. {CHANGES} changes, one at a time.",
        ("listeners", "ms to the last, median", "ms to the last, 99th", "of one listener"),
        [
            (str(count), f"{half:.2f}", f"{worst:.2f}", ratio(half, medians[LISTENERS[0]][0]))
            for count, (half, worst) in medians.items()
        ],
    )


async def _spread(url: str, count: int) -> tuple[float, float]:
    listeners = [await asyncpg.connect(url) for _ in range(count)]
    sender = await asyncpg.connect(url)
    left, last = count, asyncio.Event()

    def heard(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            last.set()

    for listener in listeners:
        await listener.add_listener(CHANNEL, heard)
    took = []
    for _ in range(CHANGES):
        left = count
        last.clear()
        began = time.perf_counter()
        await sender.execute("select pg_notify($1, 'role.granted')", CHANNEL)
        await last.wait()
        took.append((time.perf_counter() - began) * 1_000)
        await asyncio.sleep(PAUSE_SECS)
    for connection in (*listeners, sender):
        await connection.close()
    took.sort()
    return statistics.median(took), took[int(len(took) * 0.99)]
