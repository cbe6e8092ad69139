"""Lets in a few at a time, so that checks of one person hold up nobody else for long."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from aiwebengine.core.errors import LimitExceeded, Unavailable
from aiwebengine.core.identity import Viewer

MOST_OF_ONE_VIEWER = 2
"""That run or wait, in one worker: one, and the one that replaces it after the next key."""
MOST_WAITING = 20
"""Of all viewers, in one worker."""
WAIT_SECS = 8.0
"""The longest wait: a request must be answered within 30 seconds, the work included."""
_RETRY_SECS = 0.05

BUSY = "The server is busy with the files of others. Try again in a few seconds."


class Admission:
    """Lets *at_once* in at a time. Those who wait too long are refused."""

    def __init__(self, at_once: int) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._of_viewers: Counter[str] = Counter()

    @asynccontextmanager
    async def entered(self, viewer: Viewer) -> AsyncIterator[None]:
        """Wait for a place. Raises LimitExceeded, Unavailable."""
        name = str(viewer.id or viewer.label)
        if self._of_viewers[name] >= MOST_OF_ONE_VIEWER:
            raise LimitExceeded(
                f"Found {MOST_OF_ONE_VIEWER} requests of yours that are not answered yet; wait for"
                " one of them."
            )
        if self._of_viewers.total() >= MOST_WAITING:
            raise Unavailable(BUSY)
        self._of_viewers[name] += 1
        try:
            await self._enter()
            try:
                yield
            finally:
                self._places.release()
        finally:
            self._of_viewers[name] -= 1
            if not self._of_viewers[name]:
                del self._of_viewers[name]

    async def _enter(self) -> None:
        try:
            async with asyncio.timeout(WAIT_SECS):
                await self._places.acquire()
        except TimeoutError:
            raise Unavailable(BUSY) from None


class InstanceLock:
    """A lock that one worker of an instance holds at a time; *folder* is shared by all of them."""

    def __init__(self, folder: Callable[[], Path], name: str) -> None:
        self._folder = folder
        self._name = name

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Wait for the lock. Raises Unavailable, OSError."""
        with _opened(self._folder() / self._name) as file:
            try:
                async with asyncio.timeout(WAIT_SECS):
                    # No worker can wake those of other workers.
                    while not _locked(file):  # noqa: ASYNC110
                        await asyncio.sleep(_RETRY_SECS)
            except TimeoutError:
                raise Unavailable(BUSY) from None
            yield


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """A file that is open; closing it ends its lock."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        yield file
    finally:
        os.close(file)


def _locked(file: int) -> bool:
    """Whether the lock is held now; see flock(2)."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
