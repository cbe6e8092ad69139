"""Stores and announces messages, as many at a time as have come meanwhile."""

from __future__ import annotations

import asyncio
from collections import deque
from contextvars import Context

from aiwebengine.core.background import end
from aiwebengine.core.errors import EngineError, Unavailable
from aiwebengine.database import Database
from aiwebengine.script_streams import limits, store
from aiwebengine.script_streams.store import Unsent
from aiwebengine.script_streams.types import TooManyMessages

# Of one statement.
MOST_AT_ONCE = 100


class Sender:
    """Sends messages in the order in which they come, with one statement at a time.

    While one runs, the next messages are collected: the more is sent, the less each one costs.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: deque[tuple[Unsent, asyncio.Future[int]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def send(self, message: Unsent) -> int:
        """The number of the message, once it is on its way. Raises Unavailable, TooManyMessages."""
        if len(self._waiting) >= limits.MOST_UNSENT:
            raise TooManyMessages(
                f"{limits.MOST_UNSENT} live messages wait for the database already."
            )
        number: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((message, number))
        if self._task is None:
            # A context of its own: the transaction of this task is not theirs.
            self._task = asyncio.create_task(self._send_waiting(), context=Context())
        return await number

    async def stop(self) -> None:
        """Send no more."""
        if self._task is not None:
            await end(self._task)

    async def _send_waiting(self) -> None:
        try:
            while self._waiting:
                count = min(MOST_AT_ONCE, len(self._waiting))
                await self._send([self._waiting.popleft() for _ in range(count)])
        finally:
            self._task = None
            _fail(list(self._waiting), Unavailable("The engine stops."))
            self._waiting.clear()

    async def _send(self, some: list[tuple[Unsent, asyncio.Future[int]]]) -> None:
        try:
            numbers = await store.send(self._db, [message for message, _ in some])
        except EngineError as error:
            _fail(some, error)
            return
        except BaseException:
            _fail(some, Unavailable("The message was not sent."))
            raise
        for (_, future), number in zip(some, numbers, strict=True):
            if not future.done():
                future.set_result(number)


def _fail(some: list[tuple[Unsent, asyncio.Future[int]]], error: EngineError) -> None:
    for _, future in some:
        if not future.done():
            future.set_exception(error)
