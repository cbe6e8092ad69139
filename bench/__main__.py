"""Measures workloads against the limit, interleaved, and prints medians and ratios."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2

from aiwebengine.database.embedded import embedded_postgres

ROUNDS = 15
REQUESTS = 20
USERS = "1000"
LIST = "{ users(first: 50) { nodes { id email name roles providers } } }"
VIEWER = "{ viewer { id email } }"


def main() -> None:
    """Fill a database, start engine and limit, check that they say the same, measure."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        os.environ["APP_REPOSITORY__DATABASE_URL"] = stack.enter_context(
            embedded_postgres(Path(folder))
        )
        _command("demo", "--users", USERS)
        engine = stack.enter_context(_client("aiwebengine", "serve", variable="APP_SERVER__PORT"))
        bare = stack.enter_context(_client("uvicorn", "bench.bare:app", variable="UVICORN_PORT"))
        engine.headers["Authorization"] = f"Bearer {_token()}"

        def graphql(query: str) -> Callable[[], httpx2.Response]:
            return lambda: engine.post("/graphql", json={"query": query})

        contestants = {
            "list of 50, bare route": lambda: bare.post("/"),
            "list of 50, engine": graphql(LIST),
            "viewer, engine": graphql(VIEWER),
        }
        first, second, _ = (ask().json() for ask in contestants.values())
        if first != second:
            raise SystemExit("The contestants do not say the same; nothing was measured.")
        _tell(_medians(contestants))


def _medians(contestants: dict[str, Callable[[], httpx2.Response]]) -> dict[str, float]:
    """Milliseconds a request, the median of rounds in which everybody takes turns."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(ROUNDS):
        for name, ask in contestants.items():
            began = time.perf_counter()
            for _ in range(REQUESTS):
                ask().raise_for_status()
            times[name].append((time.perf_counter() - began) / REQUESTS * 1_000)
    return {name: statistics.median(taken) for name, taken in times.items()}


def _tell(medians: dict[str, float]) -> None:
    limit = next(iter(medians.values()))
    for name, milliseconds in medians.items():
        print(f"{name:26} {milliseconds:8.2f} ms  {limit / milliseconds:6.2f} of the bare route")


@contextmanager
def _client(*module: str, variable: str) -> Iterator[httpx2.Client]:
    """A client of a server that is started for this."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", *module],
        env={**os.environ, variable: str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _listens(port):
            if process.poll() is not None:
                raise SystemExit(f"{' '.join(module)} does not start.")
            time.sleep(0.05)
        with httpx2.Client(base_url=f"http://localhost:{port}") as client:
            yield client
    finally:
        process.terminate()
        process.wait(30)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _token() -> str:
    found = json.loads(_command("users", "list", "--role", "Administrator", "--json"))
    email = found["users"][0]["email"]
    return _command("tokens", "create", "--user", email, "--name", "bench")


def _command(*arguments: str) -> str:
    command = [sys.executable, "-m", "aiwebengine", *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
