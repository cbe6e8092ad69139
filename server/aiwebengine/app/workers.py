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

# Pauses before a dead worker is replaced: they double while workers live less than STEADY_SECS.
FIRST_PAUSE_SECS = 0.5
LONGEST_PAUSE_SECS = 30.0
STEADY_SECS = 60.0
# Time to stop a worker, in addition to the drain and the shutdown timeout.
GRACE_SECS = 5.0

WorkerMain = Callable[[Config, str, socket.socket, int, Callable[[], None]], Any]
"""The main function of a worker process, which serves until SIGTERM.

Its arguments: the worker's configuration, the address of the database, the listening socket, the
worker's number, and a function to call once it accepts connections.
"""


@dataclass
class _Worker:
    process: BaseProcess
    place: int
    started: float
    # The parent's end of a pipe. When the parent dies it is closed, which stops the worker.
    life: Connection
    ready: Connection
    is_ready: bool = False


class Workers:
    """Runs `performance.worker_pool_size` processes of *main* on one listening socket.

    The kernel gives each new connection to a free worker. When a worker dies, *on_death* is called
    with its number (0 is the first), and a worker with the same number replaces it. The others are
    not affected.
    """

    def __init__(
        self,
        main: WorkerMain,
        config: Config,
        url: str,
        listening: socket.socket,
        on_death: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._arguments = (main, share(config), url, listening)
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
        """Run until `stop`; calls *ready* once, when every worker accepts connections."""
        is_announced = False
        self._due = [0.0] * self._number
        try:
            while not self._is_stopping:
                self._start_due()
                self._wait()
                if not is_announced and len(self._workers) == self._number:
                    is_announced = all(worker.is_ready for worker in self._workers)
                    if is_announced:
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
        # A forked worker would inherit locks of threads and the parent's signal handlers.
        context = multiprocessing.get_context("spawn")
        parent_alive, life = context.Pipe(duplex=False)
        ready, report_ready = context.Pipe(duplex=False)
        taken = {worker.place for worker in self._workers}
        place = next(place for place in range(self._number) if place not in taken)
        arguments = (*self._arguments, place, parent_alive, report_ready)
        process = context.Process(target=_run_worker, args=arguments)
        process.start()
        parent_alive.close()
        report_ready.close()
        return _Worker(process, place, time.monotonic(), life, ready)

    def _wait(self) -> None:
        sentinels = [worker.process.sentinel for worker in self._workers]
        starting = [worker.ready for worker in self._workers if not worker.is_ready]
        wait([*sentinels, *starting], timeout=0.2)
        for worker in list(self._workers):
            if not worker.is_ready and worker.ready.poll():
                # True also at end of file: then the process has died, which is handled below.
                worker.is_ready = True
            if worker.process.exitcode is not None:
                self._replace(worker)

    def _replace(self, worker: _Worker) -> None:
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
        # Otherwise the kernel would accept connections that no worker answers.
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
    """The configuration of one worker: its share of the instance's connections and memory."""
    workers, megabytes = config.performance.worker_pool_size, config.performance.cache_size_mb
    connections = max(2, config.repository.max_connections // workers)
    # A disabled cache (0) stays disabled; a small one does not become 0.
    part = max(1, megabytes // workers) if megabytes else 0
    return config.model_copy(
        update={
            "repository": config.repository.model_copy(update={"max_connections": connections}),
            "performance": config.performance.model_copy(update={"cache_size_mb": part}),
        }
    )


def _run_worker(
    main: WorkerMain,
    config: Config,
    url: str,
    listening: socket.socket,
    place: int,
    parent_alive: Connection,
    report_ready: Connection,
) -> None:
    # Ctrl-C signals all processes of the group; the parent stops the workers with SIGTERM.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def stop_with_parent() -> None:
        wait([parent_alive])
        signal.raise_signal(signal.SIGTERM)

    threading.Thread(target=stop_with_parent, daemon=True).start()
    main(config, url, listening, place, lambda: report_ready.send(True))
