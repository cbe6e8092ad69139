"""Works on rows of a table that are due: many at a time, each by one process of all instances."""

from __future__ import annotations

import asyncio
import enum
import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from aiwebengine.core.background import end
from aiwebengine.core.errors import Unavailable
from aiwebengine.jobs.leases import Lease

log = logging.getLogger(__name__)

LOOK_EVERY_SECS = 1.0
"""How often a process looks for what other processes have stored, and for what is due by now."""
FREE_EVERY_SECS = 2.0
"""How often it looks for what processes had claimed that are gone."""
RETRY_SECS = 0.5
MOST_AT_ONCE = 16
"""What one process works on at a time."""
MOST_OF_ONE = 4
"""The same for one owner, such as a script, so that nobody delays all others."""


class Result(enum.Enum):
    """How a piece of work has ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    """This process ends, or may no longer do it."""
    POSTPONED = "postponed"
    """It could not begin."""
    REFUSED = "refused"
    """It can't be done; repeating it is no use."""


class NotStarted(Exception):
    """Work could not begin now; it has had no effect."""


@dataclass(frozen=True)
class Outcome:
    """How a piece of work has ended, and why."""

    result: Result
    problem: str | None = None


class Item(Protocol):
    """A row that this process has claimed."""

    @property
    def owner(self) -> UUID:
        """Whose work it is."""


ItemT = TypeVar("ItemT", bound=Item)


@dataclass(frozen=True)
class Capacity:
    """How much more a process can work on."""

    total: int
    of_each: int
    """For an owner that `of_owner` does not name."""
    of_owner: Mapping[UUID, int]


class Queue(Protocol[ItemT]):
    """The rows of one kind."""

    async def free(self) -> None:
        """Free what processes had claimed that are gone. Raises Unavailable."""

    async def is_due(self, capacity: Capacity) -> bool:
        """Whether `claim` would find something. Raises Unavailable."""

    async def claim(self, runner: int, capacity: Capacity) -> Sequence[ItemT]:
        """Claim rows that are due for the run *runner*. Raises Unavailable."""

    async def work(self, item: ItemT) -> Outcome:
        """Do the work."""

    async def end(self, item: ItemT, outcome: Outcome) -> float | None:
        """Record how the work has ended, unless it is no longer this process's.

        How many seconds later something of it is due again; None if nothing is. Raises Unavailable.
        """


class QueueRunner(Generic[ItemT]):
    """Works on what is due in a queue until cancelled."""

    def __init__(self, name: str, queue: Queue[ItemT], lease: Lease) -> None:
        self._name = name
        self._queue = queue
        self._lease = lease
        self._is_woken = asyncio.Event()
        self._working: dict[asyncio.Task[None], UUID] = {}
        self._next_free = 0.0
        lease.on_lost.append(self._cancel)

    def wake(self) -> None:
        """Look now: something is due."""
        self._is_woken.set()

    def wake_in(self, seconds: float) -> None:
        """Look after so long, if that is before the next look anyway."""
        if seconds < LOOK_EVERY_SECS:
            asyncio.get_running_loop().call_later(max(0.0, seconds), self.wake)

    async def run(self) -> None:
        """Work until cancelled; then what is in progress is interrupted."""
        try:
            while True:
                self._is_woken.clear()
                try:
                    await self.look()
                except Unavailable:
                    # The database is down; requests report it.
                    log.debug("queue.postponed", extra={"queue": self._name})
                except Exception:
                    log.exception("queue.bug", extra={"queue": self._name})
                try:
                    async with asyncio.timeout(LOOK_EVERY_SECS):
                        await self._is_woken.wait()
                except TimeoutError:
                    continue
        finally:
            await end(*self._working)

    async def look(self) -> int:
        """Begin what is due, within the capacity; how much that is. Raises Unavailable."""
        now = asyncio.get_running_loop().time()
        if now >= self._next_free:
            self._next_free = now + FREE_EVERY_SECS
            await self._queue.free()
        capacity = self._capacity()
        if capacity.total <= 0 or not await self._queue.is_due(capacity):
            return 0
        async with self._lease.used() as runner:
            items = await self._queue.claim(runner, capacity)
            for item in items:
                task = asyncio.create_task(self._work(item))
                self._working[task] = item.owner
                task.add_done_callback(self._has_ended)
        return len(items)

    def _capacity(self) -> Capacity:
        counts = Counter(self._working.values())
        return Capacity(
            MOST_AT_ONCE - len(self._working),
            MOST_OF_ONE,
            {owner: max(0, MOST_OF_ONE - number) for owner, number in counts.items()},
        )

    async def _work(self, item: ItemT) -> None:
        async with self._lease.used():
            try:
                outcome = await self._queue.work(item)
            except asyncio.CancelledError:
                await asyncio.shield(self._interrupted(item))
                raise
            except Exception:
                log.exception("queue.bug", extra={"queue": self._name})
                outcome = Outcome(Result.FAILED, "The engine has a bug; its log has the details.")
            due_in = await self._ended(item, outcome)
            if due_in is not None:
                self.wake_in(due_in)

    async def _ended(self, item: ItemT, outcome: Outcome) -> float | None:
        """Record the end; repeatedly during an outage of the database."""
        while True:
            try:
                return await self._queue.end(item, outcome)
            except Unavailable:
                await asyncio.sleep(RETRY_SECS)

    async def _interrupted(self, item: ItemT) -> None:
        try:
            outcome = Outcome(Result.INTERRUPTED, "The engine was stopped meanwhile.")
            await self._queue.end(item, outcome)
        except Unavailable:
            # Its claim ends with the lease.
            log.debug("queue.end_not_noted", extra={"queue": self._name})

    def _has_ended(self, task: asyncio.Task[None]) -> None:
        self._working.pop(task, None)
        # More may be due than the capacity allowed.
        self.wake()

    def _cancel(self) -> None:
        for task in self._working:
            task.cancel()
