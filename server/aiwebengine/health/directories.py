"""Health checks of directories: free disk space and write access."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aiwebengine.core.formats import size
from aiwebengine.health.types import Check, Finding, failing, ok, unknown, warning

_SAMPLE = b"aiwebengine checks that it can write here\n" * 100


@dataclass(frozen=True)
class Thresholds:
    """Thresholds of free disk space, in percent and bytes.

    *failing_bytes* applies to file systems of at least *large_bytes*; smaller ones, such as a
    volume for logs, are judged by percentages alone.
    """

    warning_percent: float = 15.0
    failing_percent: float = 5.0
    failing_bytes: int = 200_000_000
    large_bytes: int = 4 * 2**30


class Directories:
    """Checks of directories, each run in its own thread.

    A hanging network file system blocks neither the other checks nor the end of the process.
    """

    def __init__(self, thresholds: Thresholds | None = None) -> None:
        self._thresholds = thresholds or Thresholds()

    def space(self, name: str, title: str, directory: Path, remedy: str) -> Check:
        """Check the free space where *directory* is or will be."""
        there = directory.absolute()
        least = self._thresholds
        meaning = (
            f"Disk space is available. Warns when less than {least.warning_percent:g}% of the file"
            f" system is free; fails below {least.failing_percent:g}%, or below"
            f" {size(least.failing_bytes)} on a file system of {size(least.large_bytes)} or more."
        )
        return self._check(name, title, remedy, meaning, lambda: _space(there, least))

    def writable(self, name: str, title: str, directory: Path, remedy: str) -> Check:
        """Check that *directory* is writable or can be created."""
        there = directory.absolute()
        meaning = "The directory is writable. Fails when a file can't be written."
        return self._check(name, title, remedy, meaning, lambda: _writable(there))

    def _check(
        self, name: str, title: str, remedy: str, meaning: str, look: Callable[[], Finding]
    ) -> Check:
        async def see() -> Finding:
            return await _in_thread(name, look)

        return Check(name, title, see, remedy, meaning=meaning)


async def _in_thread(name: str, look: Callable[[], Finding]) -> Finding:
    """Run in a daemon thread: hanging checks would fill a pool, and the pool blocks the exit."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Finding] = loop.create_future()

    def settle(finding: Finding) -> None:
        if not found.done():
            found.set_result(finding)

    def run() -> None:
        try:
            finding = look()
        except OSError as error:
            finding = unknown(f"The check failed: {error.strerror or error}.")
        # The loop may be closed when the file system answers.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, finding)

    threading.Thread(target=run, name=f"health {name}", daemon=True).start()
    return await found


def _space(directory: Path, thresholds: Thresholds) -> Finding:
    there = _nearest(directory)
    usage = shutil.disk_usage(there)
    percent = 100 * usage.free / usage.total if usage.total else 0.0
    is_large = usage.total >= thresholds.large_bytes
    detail = f"{size(usage.free)} of {size(usage.total)} free ({percent:.0f}%) at {directory}."
    if percent < thresholds.failing_percent or (is_large and usage.free < thresholds.failing_bytes):
        return failing(detail)
    return warning(detail) if percent < thresholds.warning_percent else ok(detail)


def _writable(directory: Path) -> Finding:
    if not directory.exists():
        there = _nearest(directory)
        if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
            return ok(f"{directory} does not exist yet; it can be created.")
        return failing(
            f"{directory} does not exist and can't be created: no write access to {there}."
        )
    if not directory.is_dir():
        return failing(f"{directory} is not a directory.")
    sample = directory / f".health-{os.getpid()}"
    try:
        try:
            # Write data: a full disk accepts an empty file, and permission bits can mislead.
            sample.write_bytes(_SAMPLE)
        finally:
            sample.unlink(missing_ok=True)
    except OSError as error:
        why = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        return failing(f"{directory} is not writable: {why}.")
    return ok(f"{directory} is writable.")


def _nearest(directory: Path) -> Path:
    """The directory, or its nearest existing parent."""
    return next(path for path in (directory, *directory.parents) if path.exists())
