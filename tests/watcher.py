"""Ends what a test run leaves behind when it is killed: servers, engines, browsers, files.

A run marks the environment of every process that it starts, and has a folder for temporary files.
A watcher, in a session of its own, reads a pipe that closes with the run, however that ends. It
then ends every process with the mark and removes the folder.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psutil

_MARK = "AIWEBENGINE_TEST_RUN"
_IN_ORDER = b"."
_GRACE_SECS = 20.0
_waiting: list[subprocess.Popen[bytes]] = []
# Where pytest makes its own folders: it keeps those of failed tests, which people look at.
_PYTEST_FOLDERS = "PYTEST_DEBUG_TEMPROOT"


@contextmanager
def watched() -> Iterator[None]:
    """Mark the processes that this one starts, and end them if this one dies first.

    Temporary files of all of them go to a folder that is removed at the end.
    """
    mark = uuid4().hex
    # Short: a socket's path may have 104 bytes.
    folder = tempfile.mkdtemp(prefix="awe-")
    # PostgreSQL, which does not run as root, puts its socket there.
    os.chmod(folder, 0o711)
    watcher = subprocess.Popen(
        [sys.executable, __file__, mark, folder], stdin=subprocess.PIPE, start_new_session=True
    )
    assert watcher.stdin is not None
    try:
        with _environment({_PYTEST_FOLDERS: tempfile.gettempdir(), "TMPDIR": folder, _MARK: mark}):
            yield
    finally:
        # The folder is removed once this process is gone: when it exits, multiprocessing removes
        # folders of its own from there.
        watcher.stdin.write(_IN_ORDER)
        watcher.stdin.flush()
        _waiting.append(watcher)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    # Determined once for each process.
    tempfile.tempdir = None
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        tempfile.tempdir = None


def _end_all(mark: str) -> None:
    """End the processes with this mark; PostgreSQL by SIGQUIT, its immediate shutdown."""
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
    shutil.rmtree(Path(sys.argv[2]), ignore_errors=True)
