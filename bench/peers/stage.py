"""Contestants that run, of which only one at a time is awake."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO

import psutil
import psycopg

from bench.load import NotMeasured
from bench.peers import setting
from bench.peers.contestants import NODE, POSTGRAPHILE, contestant

START_SECS = 60.0
STOP_SECS = 10.0
PAUSE_SECS = 0.02


@dataclass(frozen=True)
class Running:
    """A started contestant."""

    name: str
    port: int
    process: psutil.Process
    url: str

    def family(self) -> list[psutil.Process]:
        """Its process and all below it."""
        return [self.process, *self.process.children(recursive=True)]

    def memory_mb(self) -> float:
        """What its largest process holds of its own, shared pages by share (PSS)."""
        return max(one.memory_full_info().pss for one in self.family()) / 1_000_000

    def resident_mb(self) -> float:
        """What its largest process has in memory (RSS)."""
        return max(one.memory_info().rss for one in self.family()) / 1_000_000

    def cpu_secs(self) -> float:
        """Processor time of all its processes so far."""
        return sum(sum(one.cpu_times()[:2]) for one in self.family())

    def sleep(self) -> None:
        """Stop it: its background work would slow the others.

        Not in the middle of a transaction, whose locks would be held against them. Raises
        NotMeasured when there always is one.
        """
        end = time.monotonic() + STOP_SECS
        while True:
            for one in self.family():
                one.suspend()
            if not (open_ones := setting.transactions(self.url)):
                return
            if time.monotonic() > end:
                raise NotMeasured(f"{self.name} is never out of a transaction: {open_ones}")
            self.wake()
            time.sleep(PAUSE_SECS)

    def wake(self) -> None:
        """Let it continue."""
        for one in reversed(self.family()):
            one.resume()


@contextmanager
def running(name: str, url: str, workers: int = 1) -> Iterator[Running]:
    """The contestant, once it listens. Raises NotMeasured when that never comes."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = int(taken.getsockname()[1])
    wanted = contestant(name, url, port, workers)
    if name == POSTGRAPHILE:
        show_postgraphile(url)
    # Into a file: a pipe that nobody reads would block a process that logs a lot.
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen(
            wanted.command,
            env={**os.environ, **wanted.environ},
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        try:
            _await_port(process, name, port, said)
            yield Running(name, port, psutil.Process(process.pid), url)
        finally:
            if process.poll() is None:
                Running(name, port, psutil.Process(process.pid), url).wake()
                process.terminate()
            try:
                process.wait(STOP_SECS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await_port(process: subprocess.Popen[bytes], name: str, port: int, said: IO[str]) -> None:
    end = time.monotonic() + START_SECS
    while not _listens(port):
        if process.poll() is not None:
            said.seek(0)
            raise NotMeasured(f"{name} does not start: {said.read()[-600:]}")
        if time.monotonic() > end:
            raise NotMeasured(f"{name} does not listen within {START_SECS:g} s.")
        time.sleep(0.01)


def show_postgraphile(url: str) -> None:
    """Add what PostGraphile makes its schema of, once a database."""
    with psycopg.connect(url) as connection:
        row = connection.execute("select to_regnamespace('peer')").fetchone()
        if row is not None and row[0] is None:
            connection.execute((NODE / "postgraphile.sql").read_bytes())


@contextmanager
def stage(names: Sequence[str], url: str, workers: int = 1) -> Iterator[dict[str, Running]]:
    """All of them, asleep."""
    with ExitStack() as stack:
        everybody = {}
        for name in names:
            everybody[name] = stack.enter_context(running(name, url, workers))
            everybody[name].sleep()
        yield everybody


@contextmanager
def awake(one: Running) -> Iterator[Running]:
    """The contestant's turn."""
    one.wake()
    try:
        yield one
    finally:
        one.sleep()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
