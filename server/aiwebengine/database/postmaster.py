"""The process of a PostgreSQL server: what its pid file says, and how it is stopped."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil

STOP_TIMEOUT_SECS = 30.0
# LOCK_FILE_LINE_SOCKET_DIR of PostgreSQL's pidfile.h. The line is empty until the server listens.
_SOCKET_FOLDER_LINE = 5


def pid_in(path: Path) -> int | None:
    """The number in the first line of a pid file; None when there is none."""
    try:
        return int(_line_in(path, 1))
    except ValueError:
        return None


def socket_folder_in(path: Path) -> Path | None:
    """The folder of the server's socket by its pid file; None when it does not listen yet."""
    line = _line_in(path, _SOCKET_FOLDER_LINE)
    return Path(line) if line else None


def stop(process: psutil.Process) -> None:
    """Stop a server and wait for its end. Raises psutil.TimeoutExpired."""
    # SIGINT: PostgreSQL's "fast" shutdown; clients are cut off, data are safe.
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_TIMEOUT_SECS)
    except psutil.TimeoutExpired:
        # SIGQUIT: "immediate" shutdown; the next start recovers from the log, nothing is lost.
        process.send_signal(signal.SIGQUIT)
        process.wait(STOP_TIMEOUT_SECS)


def _line_in(path: Path, number: int) -> str:
    """A line of a pid file, counted from 1; empty when there is none."""
    try:
        lines = path.read_text().split("\n")
    except (OSError, ValueError):
        return ""
    return lines[number - 1] if number <= len(lines) else ""
