"""`python -m aiwebengine.runtimes FOLDER BUDGET RUNTIME`: the supervisor of an instance's programs.

It ends when its standard input ends, with every process it started. BUDGET is `Budget` as JSON,
RUNTIME the folder of the JavaScript that runs programs.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from pathlib import Path

import uvloop

from aiwebengine.runtimes.deno import Deno
from aiwebengine.runtimes.pool import Budget, Pool
from aiwebengine.runtimes.starting import remove
from aiwebengine.runtimes.supervisor import Supervisor


class _Lines(logging.Formatter):
    """One JSON object for each line; the engine reads them from standard error."""

    def format(self, record: logging.LogRecord) -> str:
        detail = getattr(record, "detail", None)
        if record.exc_info:
            detail = self.formatException(record.exc_info)
        line = {"level": record.levelname, "event": record.getMessage(), "detail": detail}
        return json.dumps({**line, "logger": record.name, "ms": getattr(record, "ms", None)})


class _Life(asyncio.Protocol):
    """Standard input: it ends when the engine does, however that ends."""

    def __init__(self, over: asyncio.Event) -> None:
        self._over = over
        self.is_engine_killed = False
        """Whether it ended without the line that an engine writes before it ends this process."""
        self._has_line = False

    def data_received(self, data: bytes) -> None:
        """The engine says that it will end this process."""
        self._has_line = True

    def connection_lost(self, exc: Exception | None) -> None:
        """The engine has ended, or ends this process."""
        self.is_engine_killed = not self._has_line
        self._over.set()


async def supervise(folder: Path, budget: Budget, runtime: Deno) -> None:
    """Serve until standard input ends, or SIGTERM."""
    engine = os.getppid()
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    _, life = await loop.connect_read_pipe(lambda: _Life(over), sys.stdin)
    supervisor = Supervisor(folder, runtime, Pool(runtime, folder / "pipes", budget))
    try:
        await supervisor.start()
        await over.wait()
    finally:
        await supervisor.stop()
    if life.is_engine_killed or os.getppid() != engine:
        # It can't remove the folder any more. While it dies, it is still the parent.
        await asyncio.to_thread(remove, folder)


def main(arguments: list[str]) -> None:
    """Set up this process, then serve."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    # Ctrl-C reaches the whole group of processes; the engine decides when this one ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    folder, budget = Path(arguments[0]), Budget(**json.loads(arguments[1]))
    uvloop.run(supervise(folder, budget, Deno(folder / "deno", Path(arguments[2]))))


if __name__ == "__main__":
    main(sys.argv[1:])
