"""Ends what a test run leaves behind when it is killed: servers, engines, browsers.

A run marks the environment of everything that it starts. A watcher, in a session of its own, reads
a pipe that ends with the run, however that ends, and then ends whatever bears the mark.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from uuid import uuid4

import psutil

_MARK = "AIWEBENGINE_TEST_RUN"
_IN_ORDER = b"."
_GRACE_SECS = 20.0


@contextmanager
def watched() -> Iterator[None]:
    """Mark what this process starts, and have it ended if this process dies first."""
    mark = uuid4().hex
    watcher = subprocess.Popen(
        [sys.executable, __file__, mark], stdin=subprocess.PIPE, start_new_session=True
    )
    assert watcher.stdin is not None
    os.environ[_MARK] = mark
    try:
        yield
    finally:
        del os.environ[_MARK]
        watcher.communicate(_IN_ORDER, timeout=_GRACE_SECS)


def _end_all(mark: str) -> None:
    """End the processes with this mark; a server by its own kind of haste, which loses nothing."""
    found = [process for process in psutil.process_iter() if _bears(process, mark)]
    for process in found:
        with suppress(psutil.Error):
            if process.name().startswith("postgres"):
                process.send_signal(signal.SIGQUIT)
            else:
                process.terminate()
    _, alive = psutil.wait_procs(found, timeout=_GRACE_SECS)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()


def _bears(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(_MARK) == mark
    except (psutil.Error, OSError):
        return False


if __name__ == "__main__":
    if sys.stdin.buffer.read() != _IN_ORDER:
        _end_all(sys.argv[1])
