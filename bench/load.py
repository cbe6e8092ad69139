"""Requests over loopback, so many at a time, until a number is answered."""

from __future__ import annotations

import asyncio
import random
import re
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle

import click

LONGEST_SECS = 120.0

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class NotMeasured(click.ClickException):
    """What came back is not what was to be measured."""


@dataclass(frozen=True)
class Contestant:
    """A load: a request as bytes, its server, and the number of concurrent clients.

    The clients after the first send the requests of *others* in turn, if there are any.
    """

    port: int
    request: bytes
    clients: int = 1
    requests: int = 20
    others: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Figures:
    """Medians over the rounds. *millis* is a round's time divided by its requests."""

    millis: float
    body_bytes: int

    @property
    def per_second(self) -> float:
        """Requests a second."""
        return 1_000 / self.millis


def race(contestants: Mapping[str, Contestant], rounds: int) -> dict[str, Figures]:
    """Let everybody take turns, after a first go that does not count."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    sizes = {name: _go(contestant)[1] for name, contestant in contestants.items()}
    order = list(contestants)
    chance = random.Random(rounds)
    for _ in range(rounds):
        # Always after the same neighbour, one would always find the caches that it left.
        chance.shuffle(order)
        for name in order:
            seconds, _ = _go(contestants[name])
            times[name].append(seconds / contestants[name].requests * 1_000)
    return {name: Figures(statistics.median(taken), sizes[name]) for name, taken in times.items()}


def answer(contestant: Contestant) -> bytes:
    """The body of one answer."""

    async def once() -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", contestant.port)
        try:
            return await ask(reader, writer, contestant.request)
        finally:
            writer.close()

    return asyncio.run(asyncio.wait_for(once(), LONGEST_SECS))


def _go(contestant: Contestant) -> tuple[float, int]:
    """Seconds for all requests, and the bytes of the last body."""
    return asyncio.run(asyncio.wait_for(_all(contestant), LONGEST_SECS))


async def _all(contestant: Contestant) -> tuple[float, int]:
    left, size = contestant.requests, 0
    asked = (contestant.request, *contestant.others)

    async def client(
        connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], request: bytes
    ) -> None:
        nonlocal left, size
        while left > 0:
            left -= 1
            size = len(await ask(*connection, request))

    # One after the other: of many that come at once, one worker might take all.
    connections = []
    for _ in range(contestant.clients):
        connections.append(await asyncio.open_connection("127.0.0.1", contestant.port))
        await asyncio.sleep(0.005)
    try:
        began = time.perf_counter()
        await asyncio.gather(*map(client, connections, cycle(asked)))
        return time.perf_counter() - began, size
    finally:
        for _, writer in connections:
            writer.close()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    """The body of the answer to a request; raises NotMeasured for a refusal."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = _LENGTH.search(head)
    if not head.startswith(b"HTTP/1.1 200") or length is None:
        raise NotMeasured(f"Not an answer to measure: {head[:200]!r}")
    body = await reader.readexactly(int(length[1]))
    if body.startswith(b'{"errors"'):
        raise NotMeasured(f"Not an answer to measure: {body[:200]!r}")
    return body
