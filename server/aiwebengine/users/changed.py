"""The users that events are about, for everybody who follows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from aiwebengine.users.types import User

# Followers of one process are told of an event within a moment of each other.
MOST_KEPT = 100


class ChangedUsers:
    """Reads the user of an event once, however many follow.

    *read* is asked after the event is there, so what it says is never older than the event.
    """

    def __init__(self, read: Callable[[UUID], Awaitable[User | None]]) -> None:
        self._read = read
        self._readings: dict[str, asyncio.Future[User | None]] = {}

    async def of(self, event_id: str, user_id: UUID) -> User | None:
        """The user as the event, or something later, left it; None once removed.

        Raises Unavailable.
        """
        reading = self._readings.get(event_id)
        if reading is None:
            reading = asyncio.ensure_future(self._read(user_id))
            self._readings[event_id] = reading
            reading.add_done_callback(lambda done: self._forget_failure(event_id, done))
            while len(self._readings) > MOST_KEPT:
                del self._readings[next(iter(self._readings))]
        # One follower who leaves must not take the others' answer along.
        return await asyncio.shield(reading)

    def _forget_failure(self, event_id: str, reading: asyncio.Future[User | None]) -> None:
        if reading.cancelled() or reading.exception() is not None:
            self._readings.pop(event_id, None)
