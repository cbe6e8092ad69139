"""Clients that request one path all the time, and count what they are answered."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench.load import NotMeasured, ask

ANSWER_SECS = 30


@dataclass
class Visits:
    """What came of the requests so far."""

    answers: Counter[bytes] = field(default_factory=Counter)
    """How often each body was answered, with status 200."""
    failures: list[str] = field(default_factory=list)
    millis: list[float] = field(default_factory=list)


@contextmanager
def visiting(port: int, path: str, clients: int) -> Iterator[Visits]:
    """As long as this lasts, so many clients ask, each on a connection that it keeps."""
    visits, is_over = Visits(), threading.Event()

    async def visit_all() -> None:
        await asyncio.gather(*(_visit(port, path, visits, is_over) for _ in range(clients)))

    thread = threading.Thread(target=asyncio.run, args=(visit_all(),))
    thread.start()
    try:
        yield visits
    finally:
        is_over.set()
        thread.join()


async def _visit(port: int, path: str, visits: Visits, is_over: threading.Event) -> None:
    # With the port, as clients send it: the engine limits the rate of what may come by a proxy.
    request = f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode()
    while not is_over.is_set():
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError as error:
            visits.failures.append(repr(error))
            continue
        try:
            while not is_over.is_set():
                begun = time.perf_counter()
                async with asyncio.timeout(ANSWER_SECS):
                    body = await ask(reader, writer, request)
                visits.millis.append((time.perf_counter() - begun) * 1_000)
                visits.answers[body] += 1
        except (OSError, EOFError, TimeoutError, NotMeasured) as error:
            visits.failures.append(str(error) or repr(error))
        finally:
            writer.close()
