"""Event bus: delivers new audit events to the subscribers of every instance."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiwebengine.audit import store
from aiwebengine.audit.types import AuditAction, AuditEvent
from aiwebengine.core.errors import Unavailable
from aiwebengine.database import Database, Listener

# A subscriber this far behind is disconnected: it can query what it missed, and memory is limited.
MOST_WAITING = 1_000


class AuditEventBus:
    """Delivers each new event to each subscriber once, in order of arrival.

    PostgreSQL announces the number of an event at commit. After the listening connection was lost,
    the events that were not delivered are read, so subscribers see no gap.
    """

    def __init__(self, db: Database, listener: Listener) -> None:
        self._db = db
        self._listener = listener
        self._followers: set[asyncio.Queue[AuditEvent | Reminder | None]] = set()
        self._first = 0
        """The newest event when this bus connected for the first time."""
        self._newest: int | None = None
        # Numbers are assigned before commit, so a lower one may arrive after a higher one.
        self._recent: dict[int, None] = {}
        self.observers: list[Callable[[AuditAction | None], None]] = []
        """Called with each action of any instance; with None when actions may have been missed."""

    async def run(self) -> None:
        """Listen until cancelled."""
        await self._listener.run(self._on_number, self._fill_gap)

    @asynccontextmanager
    async def follow(self) -> AsyncIterator[FollowedEvents]:
        """The events from now on.

        The iterator raises Unavailable when its reader is too slow. Cancelling a wait for the next
        event loses none.
        """
        queue: asyncio.Queue[AuditEvent | Reminder | None] = asyncio.Queue()
        self._followers.add(queue)
        followed = FollowedEvents(queue)
        try:
            yield followed
        finally:
            self._followers.discard(queue)
            followed.remind_in(None)

    @property
    def is_listening(self) -> bool:
        """Whether the bus is connected and misses nothing."""
        return self._listener.is_listening

    @property
    def followers(self) -> int:
        """Current number of subscribers."""
        return len(self._followers)

    async def _on_number(self, message: str) -> None:
        number, action = store.announced(message)
        self._observe(action)
        if number:
            await self._deliver([number])

    async def _fill_gap(self) -> None:
        self._observe(None)
        if self._newest is None:
            self._first = self._newest = await store.newest_number(self._db)
        else:
            # An event with a lower number may have been committed while nobody listened.
            floor = max(self._first, self._newest - MOST_WAITING)
            await self._deliver(await store.numbers_after(self._db, floor))

    async def _deliver(self, numbers: list[int]) -> None:
        new = [number for number in numbers if number not in self._recent]
        # Read before they count as delivered. If the query fails, they are read after a reconnect.
        events = await store.by_numbers(self._db, new) if new and self._followers else []
        for number in new:
            self._recent[number] = None
            self._newest = max(self._newest or 0, number)
        while len(self._recent) > 10 * MOST_WAITING:
            del self._recent[next(iter(self._recent))]
        for event in events:
            for queue in list(self._followers):
                self._put(queue, event)

    def _observe(self, action: AuditAction | None) -> None:
        for observer in self.observers:
            observer(action)

    def _put(self, queue: asyncio.Queue[AuditEvent | Reminder | None], event: AuditEvent) -> None:
        if queue.qsize() < MOST_WAITING:
            queue.put_nowait(event)
        else:
            self._followers.discard(queue)
            queue.put_nowait(None)


class Reminder:
    """Queued among the events at a time that the follower requested with `remind_in`."""


class FollowedEvents(AsyncIterator[AuditEvent | Reminder]):
    """The events of one follower. Not a generator, so that a cancelled wait can be repeated."""

    def __init__(self, queue: asyncio.Queue[AuditEvent | Reminder | None]) -> None:
        self._queue = queue
        self._timer: asyncio.TimerHandle | None = None

    async def __anext__(self) -> AuditEvent | Reminder:
        event = await self._queue.get()
        if event is None:
            raise Unavailable("This subscription was too slow and was closed. Subscribe again.")
        return event

    def remind_in(self, seconds: float | None) -> None:
        """Queue a `Reminder` after *seconds*; this replaces an earlier call. None cancels it.

        This needs one timer for each follower; a timeout would need one for each event.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if seconds is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(seconds, self._queue.put_nowait, Reminder())
