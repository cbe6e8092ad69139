"""A queue that the workers of an instance share: nobody takes two turns while others wait."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from aiwebengine.core.errors import LimitExceeded, Unavailable
from aiwebengine.core.identity import Viewer
from aiwebengine.script_language.admission import BUSY, MOST_WAITING, opened
from aiwebengine.script_language.queue_state import Part, State, Waiter

MOST_OF_ONE_VIEWER = 4
"""That run or wait, in one worker: one of each script that somebody has open."""
WAIT_SECS = 20.0
"""The longest wait."""
WHOLE_SECS = 28.0
"""Of the wait and the work together: a request must be answered within 30 seconds."""
MAKE_WAY_SECS = 5.0
"""Of the work of somebody who was expensive lately, while others wait who were not."""
_POLL_SECS = 0.05
_LARGEST_STATE_BYTES = 10_000_000

REPLACED = "A newer check of this script, which you have asked for since, takes its turn."


class Turn:
    """A turn that has begun."""

    def __init__(self, queue: FairQueue, waiter: Waiter, waited: float) -> None:
        self._queue = queue
        self._waiter = waiter
        self.whole = WHOLE_SECS - waited
        """How long it may last, unless it makes way for others."""
        self.made_way = False
        """Whether it was asked to end early at last."""

    def secs(self) -> float:
        """How long it may last, as of now. Its holder asks repeatedly."""
        # What it does not learn now, it learns later.
        with suppress(OSError):
            self._queue.look()
        self.made_way = self._queue.must_make_way(self._waiter)
        return min(self.whole, MAKE_WAY_SECS) if self.made_way else self.whole


class FairQueue:
    """Lets *at_once* in at a time, of one person one; *folder* is shared by the workers.

    Next is who was served the longest time ago. A file holds what the workers know; one that has
    ended is forgotten.
    """

    def __init__(self, folder: Callable[[], Path], name: str, at_once: int) -> None:
        self._folder = folder
        self._name = name
        self._at_once = at_once
        self._id = uuid4().hex
        self._waiting: dict[str, tuple[Waiter, asyncio.Future[None]]] = {}
        self._running: dict[str, Waiter] = {}
        self._spent: list[tuple[str, float]] = []
        """What the file does not have yet."""
        self._make_way: frozenset[str] = frozenset()
        self._looked = 0.0

    @asynccontextmanager
    async def turn(self, viewer: Viewer, script: str) -> AsyncIterator[Turn]:
        """Wait for a turn. One that still waits is replaced by a newer one of the same person and
        script. Raises LimitExceeded, Unavailable, OSError.
        """
        waiter, begins = self._join(str(viewer.id or viewer.label), script)
        asked, begun = time.monotonic(), None
        try:
            async with asyncio.timeout(WAIT_SECS):
                while not begins.done():
                    self.look()
                    await asyncio.wait([begins], timeout=_POLL_SECS)
            begins.result()
            begun = time.monotonic()
            yield Turn(self, waiter, begun - asked)
        except TimeoutError:
            if begun is not None:
                raise
            raise Unavailable(BUSY) from None
        finally:
            self._waiting.pop(waiter.id, None)
            if begins.done():
                # It is retrieved, so that it is not logged as lost.
                begins.exception()
            if self._running.pop(waiter.id, None) is not None and begun is not None:
                self._spent.append((waiter.person, time.monotonic() - begun))
            with suppress(OSError):
                self.look(is_urgent=True)

    def must_make_way(self, waiter: Waiter) -> bool:
        """Whether the one that runs should end early, as of the last look."""
        return waiter.id in self._make_way

    def look(self, *, is_urgent: bool = False) -> None:
        """Share what there is with the other workers, and let in who is next. Raises OSError."""
        if time.monotonic() - self._looked < _POLL_SECS / 2 and not is_urgent:
            return
        self._looked = time.monotonic()
        with self._state(tries=5 if is_urgent else 1) as state:
            if state is not None:
                self._share(state)

    def _join(self, person: str, script: str) -> tuple[Waiter, asyncio.Future[None]]:
        mine = [one for one, _ in self._waiting.values() if one.person == person]
        running = [one for one in self._running.values() if one.person == person]
        replaced = next((one for one in mine if one.script == script), None)
        asked = time.time()
        since = asked
        if replaced is not None:
            since = replaced.since
            self._refuse(replaced, LimitExceeded(REPLACED))
        elif len(mine) + len(running) >= MOST_OF_ONE_VIEWER:
            raise LimitExceeded(
                f"Found {MOST_OF_ONE_VIEWER} requests of yours that are not answered yet; wait for"
                " one of them."
            )
        elif len(self._waiting) >= MOST_WAITING:
            raise Unavailable(BUSY)
        waiter = Waiter(uuid4().hex, person, script, since, asked)
        begins: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[waiter.id] = waiter, begins
        self._looked = 0.0
        return waiter, begins

    def _share(self, state: State) -> None:
        now = time.time()
        for person, secs in self._spent:
            state.spend(person, secs, now)
        self._spent.clear()
        state.update(self._id, self._part(now))
        for waiter, _ in list(self._waiting.values()):
            if state.is_replaced(waiter):
                self._refuse(waiter, LimitExceeded(REPLACED))
        state.update(self._id, self._part(now))
        while (first := state.next(self._at_once)) is not None and first.id in self._waiting:
            _, begins = self._waiting.pop(first.id)
            self._running[first.id] = first
            state.begin(first)
            state.update(self._id, self._part(now))
            if not begins.done():
                begins.set_result(None)
        self._make_way = frozenset(
            one.id for one in self._running.values() if state.must_make_way(one.person, now)
        )

    def _part(self, now: float) -> Part:
        return Part(
            now,
            [waiter for waiter, _ in self._waiting.values()],
            [one.person for one in self._running.values()],
        )

    def _refuse(self, waiter: Waiter, error: Exception) -> None:
        _, begins = self._waiting.pop(waiter.id)
        if not begins.done():
            begins.set_exception(error)

    @contextmanager
    def _state(self, tries: int) -> Iterator[State | None]:
        """The state in the file, which is written at the end; None while another worker has it."""
        with opened(self._folder() / self._name) as file:
            if not _locked(file, tries):
                yield None
                return
            state = _read(file)
            yield state
            written = json.dumps(state.written(), separators=(",", ":")).encode()
            os.ftruncate(file, 0)
            os.pwrite(file, written, 0)


def _locked(file: int, tries: int) -> bool:
    """Lock a file that others have for a moment only."""
    for left in reversed(range(tries)):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if left:
                time.sleep(0.001)
        else:
            return True
    return False


def _read(file: int) -> State:
    """What the file has; an empty state if it is new or damaged."""
    try:
        return State.read(json.loads(os.pread(file, _LARGEST_STATE_BYTES, 0)))
    except (ValueError, KeyError, TypeError, AttributeError):
        return State()
