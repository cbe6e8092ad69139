"""Looks at directories: whether there is space, and whether they can be written to."""

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

_SAMPLE = b"aiwebengine looks whether it can write here\n" * 100


@dataclass(frozen=True)
class Thresholds:
    """How little space is little: shares in percent, and bytes.

    The bytes count on file systems of at least *large_bytes*; a smaller one, made for logs alone
    perhaps, is judged by its shares.
    """

    warning_percent: float = 15.0
    failing_percent: float = 5.0
    failing_bytes: int = 200_000_000
    large_bytes: int = 4 * 2**30


class Directories:
    """Checks of directories, each look in a thread of its own.

    A network file system that hangs stops neither the other checks nor the end of the process.
    """

    def __init__(self, thresholds: Thresholds | None = None) -> None:
        self._thresholds = thresholds or Thresholds()

    def space(self, name: str, title: str, directory: Path, remedy: str) -> Check:
        """Whether there is space left where *directory* is or will be."""
        there = directory.absolute()
        least = self._thresholds
        meaning = (
            f"Whether there is space left. Warns below {least.warning_percent:g} % of the file"
            f" system free, fails below {least.failing_percent:g} %, or below"
            f" {size(least.failing_bytes)} of one of {size(least.large_bytes)} or more."
        )
        return self._check(name, title, remedy, meaning, lambda: _space(there, least))

    def writable(self, name: str, title: str, directory: Path, remedy: str) -> Check:
        """Whether *directory* can be written to, or made."""
        there = directory.absolute()
        meaning = "Whether files can be written there. Fails when one can't."
        return self._check(name, title, remedy, meaning, lambda: _writable(there))

    def _check(
        self, name: str, title: str, remedy: str, meaning: str, look: Callable[[], Finding]
    ) -> Check:
        async def see() -> Finding:
            return await _in_thread(name, look)

        return Check(name, title, see, remedy, meaning=meaning)


async def _in_thread(name: str, look: Callable[[], Finding]) -> Finding:
    """Look in a daemon thread: looks that hang would fill a pool, which is waited for at exit."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Finding] = loop.create_future()

    def settle(finding: Finding) -> None:
        if not found.done():
            found.set_result(finding)

    def run() -> None:
        try:
            finding = look()
        except OSError as error:
            finding = unknown(f"It can't be looked at: {error.strerror or error}.")
        # The loop may be closed by the time that a file system answers.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, finding)

    threading.Thread(target=run, name=f"health {name}", daemon=True).start()
    return await found


def _space(directory: Path, thresholds: Thresholds) -> Finding:
    there = _nearest(directory)
    usage = shutil.disk_usage(there)
    percent = 100 * usage.free / usage.total if usage.total else 0.0
    is_large = usage.total >= thresholds.large_bytes
    told = f"{size(usage.free)} of {size(usage.total)} free ({percent:.0f}%) at {directory}."
    if percent < thresholds.failing_percent or (is_large and usage.free < thresholds.failing_bytes):
        return failing(told)
    return warning(told) if percent < thresholds.warning_percent else ok(told)


def _writable(directory: Path) -> Finding:
    if not directory.exists():
        there = _nearest(directory)
        if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
            return ok(f"{directory} is not there yet; it can be made.")
        return failing(f"{directory} is not there and can't be made: {there} refuses.")
    if not directory.is_dir():
        return failing(f"{directory} is not a directory.")
    sample = directory / f".health-{os.getpid()}"
    try:
        try:
            # Really written: a full disk lets an empty file be made, a permission may lie.
            sample.write_bytes(_SAMPLE)
        finally:
            sample.unlink(missing_ok=True)
    except OSError as error:
        why = "the disk is full" if error.errno == errno.ENOSPC else error.strerror
        return failing(f"{directory} can't be written to: {why}.")
    return ok(f"{directory} can be written to.")


def _nearest(directory: Path) -> Path:
    """The directory, or the nearest one above it that is there."""
    return next(path for path in (directory, *directory.parents) if path.exists())
