"""Runs several worker processes behind one port and restarts those that die."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from aiwebengine.core.config import Config

log = logging.getLogger(__name__)

# A worker that dies at once is started again, but not in a busy loop.
FIRST_PAUSE_SECS = 0.5
LONGEST_PAUSE_SECS = 30.0
STEADY_SECS = 60.0
# What the graceful end of a worker may take beyond the requests that it finishes.
GRACE_SECS = 5.0

BackupExecutor = Callable[[Config, str, socket.socket, int, Callable[[], None]], Any]
"""Serves until SIGTERM, in the place that is told; calls its last argument once it listens."""


@dataclass
class _Worker:
    process: BaseProcess
    place: int
    started: float
    # Closed when this process ends, however it ends: that is how a worker learns of it.
    life: Connection
    ready: Connection
    is_ready: bool = False


class Workers:
    """Keeps `performance.worker_pool_size` processes at *work* on one listening socket.

    The kernel hands each new connection to a worker that is free. A worker that dies is replaced
    by one in the same place (0 is the first), after *on_death* was told; what others are doing
    goes on.
    """

    def __init__(
        self,
        work: BackupExecutor,
        config: Config,
        url: str,
        listening: socket.socket,
        on_death: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._arguments = (work, share(config), url, listening)
        self._listening = listening
        self._number = config.performance.worker_pool_size
        server = config.server
        self._longest_end = server.drain_secs + server.shutdown_timeout_secs + GRACE_SECS
        self._on_death = on_death
        self._workers: list[_Worker] = []
        self._due: list[float] = []
        self._pause = FIRST_PAUSE_SECS
        self._is_stopping = False

    def run(self, ready: Callable[[], None]) -> None:
        """Run until `stop`; *ready* is called once, when every worker listens."""
        told = False
        self._due = [0.0] * self._number
        try:
            while not self._is_stopping:
                self._start_due()
                self._wait()
                if not told and len(self._workers) == self._number:
                    told = all(worker.is_ready for worker in self._workers)
                    if told:
                        ready()
        finally:
            self._end_all()

    def stop(self) -> None:
        """End `run`; may be called by a signal handler."""
        self._is_stopping = True

    def _start_due(self) -> None:
        now = time.monotonic()
        for due in [due for due in self._due if due <= now]:
            self._due.remove(due)
            self._workers.append(self._started())

    def _started(self) -> _Worker:
        # Forked, a worker would inherit threads' locks and the parent's signal handlers.
        context = multiprocessing.get_context("spawn")
        watched, life = context.Pipe(duplex=False)
        ready, tell = context.Pipe(duplex=False)
        taken = {worker.place for worker in self._workers}
        place = next(place for place in range(self._number) if place not in taken)
        arguments = (*self._arguments, place, watched, tell)
        process = context.Process(target=_run_worker, args=arguments)
        process.start()
        watched.close()
        tell.close()
        return _Worker(process, place, time.monotonic(), life, ready)

    def _wait(self) -> None:
        sentinels = [worker.process.sentinel for worker in self._workers]
        starting = [worker.ready for worker in self._workers if not worker.is_ready]
        wait([*sentinels, *starting], timeout=0.2)
        for worker in list(self._workers):
            if not worker.is_ready and worker.ready.poll():
                # An end of file, too: then the process has died, which is seen below.
                worker.is_ready = True
            if worker.process.exitcode is not None:
                self._bury(worker)

    def _bury(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        worker.life.close()
        worker.ready.close()
        if self._is_stopping:
            return
        self._on_death(worker.place)
        if time.monotonic() - worker.started >= STEADY_SECS:
            self._pause = FIRST_PAUSE_SECS
        log.error(
            "worker.died",
            extra={
                "pid": worker.process.pid,
                "exit_code": worker.process.exitcode,
                "replaced_in_secs": self._pause,
            },
        )
        self._due.append(time.monotonic() + self._pause)
        self._pause = min(2 * self._pause, LONGEST_PAUSE_SECS)

    def _end_all(self) -> None:
        self._is_stopping = True
        # Or the kernel would go on taking connections that nobody is left to answer.
        self._listening.close()
        for worker in self._workers:
            worker.process.terminate()
        end = time.monotonic() + self._longest_end
        for worker in self._workers:
            worker.process.join(max(0.0, end - time.monotonic()))
            if worker.process.exitcode is None:
                log.error("worker.killed", extra={"pid": worker.process.pid})
                worker.process.kill()
                worker.process.join()


def share(config: Config) -> Config:
    """The configuration of one worker: its part of the instance's connections and memory."""
    workers, megabytes = config.performance.worker_pool_size, config.performance.cache_size_mb
    connections = max(2, config.repository.max_connections // workers)
    # Off stays off, and a little for many stays on.
    part = max(1, megabytes // workers) if megabytes else 0
    return config.model_copy(
        update={
            "repository": config.repository.model_copy(update={"max_connections": connections}),
            "performance": config.performance.model_copy(update={"cache_size_mb": part}),
        }
    )


def _run_worker(
    work: BackupExecutor,
    config: Config,
    url: str,
    listening: socket.socket,
    place: int,
    watched: Connection,
    tell: Connection,
) -> None:
    # Ctrl-C reaches the whole group of processes; the parent says when it is time.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def outlived() -> None:
        wait([watched])
        signal.raise_signal(signal.SIGTERM)

    threading.Thread(target=outlived, daemon=True).start()
    work(config, url, listening, place, lambda: tell.send(True))
