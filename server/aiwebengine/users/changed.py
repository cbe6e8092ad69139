"""The users of audit events, read once for all subscribers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from aiwebengine.users.types import User

# Subscribers of one process get an event at nearly the same time.
MOST_KEPT = 100


class ChangedUsers:
    """Reads the user of an event once for all subscribers.

    *read* is called after the event exists, so the user is never older than the event.
    """

    def __init__(self, read: Callable[[UUID], Awaitable[User | None]]) -> None:
        self._read = read
        self._readings: dict[str, asyncio.Future[User | None]] = {}

    async def of(self, event_id: str, user_id: UUID) -> User | None:
        """The user after the event or a later change; None when deleted.

        Raises Unavailable.
        """
        reading = self._readings.get(event_id)
        if reading is None:
            reading = asyncio.ensure_future(self._read(user_id))
            self._readings[event_id] = reading
            reading.add_done_callback(lambda done: self._forget_failure(event_id, done))
            while len(self._readings) > MOST_KEPT:
                del self._readings[next(iter(self._readings))]
        if reading.done():
            return reading.result()
        # A subscriber that disconnects must not cancel the read for the others.
        return await asyncio.shield(reading)

    def _forget_failure(self, event_id: str, reading: asyncio.Future[User | None]) -> None:
        if reading.cancelled() or reading.exception() is not None:
            self._readings.pop(event_id, None)
