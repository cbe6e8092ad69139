"""Lets in a few at a time, so that checks of one person hold up nobody else for long."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
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
    """Lets *at_once* in at a time, of one person one. Those who wait too long are refused."""

    def __init__(self, at_once: int) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._of_viewers: Counter[str] = Counter()
        self._turns: dict[str, asyncio.Lock] = {}
        """Who has one place waits for that, not for another: others are served in between."""

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
        own = self._turns.setdefault(name, asyncio.Lock())
        try:
            await self._enter(own)
            try:
                yield
            finally:
                self._places.release()
                own.release()
        finally:
            self._of_viewers[name] -= 1
            if not self._of_viewers[name]:
                del self._of_viewers[name], self._turns[name]

    async def _enter(self, own: asyncio.Lock) -> None:
        try:
            async with asyncio.timeout(WAIT_SECS):
                await own.acquire()
                try:
                    await self._places.acquire()
                except BaseException:
                    own.release()
                    raise
        except TimeoutError:
            raise Unavailable(BUSY) from None


class InstanceLock:
    """Locks, of which each is held once at a time; *folder* is shared by the workers."""

    def __init__(self, folder: Callable[[], Path], *names: str) -> None:
        self._folder = folder
        self._names = names

    @asynccontextmanager
    async def held(self) -> AsyncIterator[str]:
        """Wait for one of the locks; its name. Raises Unavailable, OSError."""
        folder = self._folder()
        with ExitStack() as stack:
            files = {name: stack.enter_context(opened(folder / name)) for name in self._names}
            try:
                async with asyncio.timeout(WAIT_SECS):
                    # No worker can wake those of other workers.
                    while (name := _locked(files)) is None:  # noqa: ASYNC110
                        await asyncio.sleep(_RETRY_SECS)
            except TimeoutError:
                raise Unavailable(BUSY) from None
            yield name


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """A file that is open; closing it ends its lock."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        yield file
    finally:
        os.close(file)


def _locked(files: Mapping[str, int]) -> str | None:
    """The name of the one that is locked now; see flock(2). None if others hold all of them."""
    for name, file in files.items():
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return name
    return None
