"""Starts the supervisor of an instance as a child process, and ends it."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO

from aiwebengine.runtimes.import_map import FOLDER
from aiwebengine.runtimes.pool import Budget

log = logging.getLogger(__name__)

END_SECS = 10.0
LOOK_SECS = 0.2
# All of the engine's environment that the supervisor needs; secrets are not among it.
VARIABLES = (
    "PATH",
    "PYTHONPATH",
    "PYTHONHOME",
    "LANG",
    "LC_ALL",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
)


@contextmanager
def runtime_folder() -> Iterator[Path]:
    """A private folder for the supervisor's socket and the files of programs; removed at the end.

    In it, `trees/` is for the files of programs.
    """
    # The path of a Unix socket has at most 108 characters, which some TMPDIR would exceed.
    folder = Path(tempfile.mkdtemp(prefix="aiwe-")).resolve()
    try:
        for name in ("trees", "deno", "pipes"):
            (folder / name).mkdir(mode=0o700)
        with _kept(folder):
            yield folder
    finally:
        remove(folder)


@contextmanager
def _kept(folder: Path) -> Iterator[None]:
    """Keep what removes old temporary files away from a folder: see tmpfiles.d(5), "Age"."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def remove(folder: Path) -> None:
    """Remove a folder of `runtime_folder`, whose trees may be read-only."""
    for path in folder.glob("trees/**/"):
        with suppress(OSError):
            path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def supervised(budget: Budget) -> Iterator[Path]:
    """The folder of a supervisor that runs as long as this lasts: if it ends, another is started.

    Workers connect to it with a `RuntimeClient` that starts none.
    """
    with runtime_folder() as folder:
        supervisor, is_over = SupervisorProcess(folder, budget), threading.Event()
        thread = threading.Thread(target=_keep_running, args=(supervisor, is_over), daemon=True)
        thread.start()
        try:
            yield folder
        finally:
            is_over.set()
            thread.join()
            supervisor.stop()


def _keep_running(supervisor: SupervisorProcess, is_over: threading.Event) -> None:
    while True:
        try:
            supervisor.ensure()
        except OSError:
            log.exception("runtimes.supervisor_not_started")
        if is_over.wait(LOOK_SECS):
            return


class SupervisorProcess:
    """The supervisor in *folder*. It ends with this process, however that ends."""

    def __init__(self, folder: Path, budget: Budget, runtime: Path = FOLDER) -> None:
        self._arguments = [str(folder), json.dumps(asdict(budget)), str(runtime)]
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """The process, if it runs."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def ensure(self) -> None:
        """Start it unless it runs; it listens a moment later. Raises OSError."""
        with self._lock:
            if self.pid is not None:
                return
            if self._process is not None:
                log.error(
                    "runtimes.supervisor_ended", extra={"exit_code": self._process.returncode}
                )
                self._close()
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, *_flags(), "-m", "aiwebengine.runtimes", *self._arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={name: os.environ[name] for name in VARIABLES if name in os.environ},
            )
            arguments = (self._process.stderr,)
            threading.Thread(target=_log_lines, args=arguments, daemon=True).start()

    def stop(self) -> None:
        """End it, and every process of a program."""
        with self._lock:
            if self._process is None:
                return
            if self._process.stdin is not None and not self._process.stdin.closed:
                # So that it leaves the folder alone: see _Life.
                with suppress(OSError):
                    self._process.stdin.write(b"end\n")
                    self._process.stdin.close()
            try:
                self._process.wait(END_SECS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def _close(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()


def _flags() -> list[str]:
    """Import nothing from the current folder, and nothing that the engine does not import."""
    return ["-P", *(["-S"] if sys.flags.no_site else [])]


def _log_lines(lines: IO[bytes]) -> None:
    """Log what the supervisor reports, until it ends."""
    with lines:
        for line in lines:
            _log_line(line)


def _log_line(line: bytes) -> None:
    """Log a line as the supervisor would. Only `log.info(…)` and its like count as written here."""
    try:
        found = json.loads(line)
        fields = {name: found[name] for name in ("detail", "ms") if found[name] is not None}
        record = logging.LogRecord(
            found["logger"],
            logging.getLevelNamesMapping()[found["level"].upper()],
            __file__,
            0,
            found["event"],
            None,
            None,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        # Such as the last words of an interpreter that can't start.
        text = line.decode(errors="replace").rstrip()
        log.error("runtimes.supervisor_output", extra={"detail": text})
        return
    record.__dict__.update(fields)
    root = logging.getLogger()
    if root.isEnabledFor(record.levelno):
        root.handle(record)
