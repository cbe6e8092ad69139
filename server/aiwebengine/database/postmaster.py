"""The process of a PostgreSQL server: reads its PID file and stops it."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path

import psutil

STOP_TIMEOUT_SECS = 30.0
# LOCK_FILE_LINE_SOCKET_DIR of PostgreSQL's pidfile.h. The line is empty until the server listens.
_SOCKET_FOLDER_LINE = 5


def pid_in(path: Path) -> int | None:
    """The PID in the first line of a PID file; None if the file or the number is missing."""
    try:
        return int(_line_in(path, 1))
    except ValueError:
        return None


def socket_folder_in(path: Path) -> Path | None:
    """The server's socket folder according to its PID file; None before it listens."""
    line = _line_in(path, _SOCKET_FOLDER_LINE)
    return Path(line) if line else None


def is_postgres_in(process: psutil.Process, data: Path) -> bool:
    """Whether this is a running process of the server in the data directory."""
    try:
        return (
            process.name().startswith("postgres")
            and Path(process.cwd()) == data
            and process.status() != psutil.STATUS_ZOMBIE
        )
    except (OSError, psutil.Error):
        return False


def processes_in(folder: Path) -> list[psutil.Process]:
    """The running processes whose working directory this is: a server's, or those of initdb."""
    found = []
    for process in psutil.process_iter():
        with suppress(OSError, psutil.Error):
            is_ended = process.status() == psutil.STATUS_ZOMBIE
            if not is_ended and Path(process.cwd()) == folder:
                found.append(process)
    return found


def stop(process: psutil.Process) -> None:
    """Stop a server and wait until it has ended. Raises psutil.TimeoutExpired."""
    # SIGINT: PostgreSQL's "fast" shutdown, which disconnects clients and loses no data.
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_TIMEOUT_SECS)
    except psutil.TimeoutExpired:
        # SIGQUIT: "immediate" shutdown; the next start recovers all data from the WAL.
        process.send_signal(signal.SIGQUIT)
        process.wait(STOP_TIMEOUT_SECS)


def remove_sockets(folder: Path) -> None:
    """Remove the sockets of a server that has ended, and their locks. Raises OSError."""
    for path in folder.glob(".s.PGSQL.*"):
        path.unlink(missing_ok=True)


def _line_in(path: Path, number: int) -> str:
    """A line of a PID file, counted from 1; empty if it is missing."""
    try:
        lines = path.read_text().split("\n")
    except (OSError, ValueError):
        return ""
    return lines[number - 1] if number <= len(lines) else ""
