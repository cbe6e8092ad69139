"""Joins identical reads: callers that wait at the same time share one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from contextvars import Context, copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

from aiwebengine.database.pool import Database

Value = TypeVar("Value")


class SingleFlight:
    """Reads of *db*, each done once for those who wait for the same.

    Nobody is handed a reading that began before they asked: whoever comes while one is under way
    waits for the next, which all who came meanwhile have together. So nothing here is older than
    a reading of one's own would be, and a revocation counts at once. Whoever is handed a value
    must not change it.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: dict[Hashable, list[_Asker]] = {}
        """Who waits for the next reading, by the key of each that is under way."""
        self._readings: set[asyncio.Task[Any]] = set()

    async def get(self, key: Hashable, read: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
        """What *read* gives; *key* says what it reads. Raises what *read* raises."""
        if self._db.is_in_transaction:
            # It sees what nobody else does yet.
            return await read()
        waiting = self._waiting.get(key)
        if waiting is not None:
            # Each has an answer of its own to wait for: one who leaves takes no one's along.
            asker = _Asker(read, asyncio.get_running_loop().create_future(), copy_context())
            waiting.append(asker)
            return cast(Value, await asker.answer)
        self._waiting[key] = []
        try:
            return await read()
        finally:
            self._go_on(key)

    def _go_on(self, key: Hashable) -> None:
        """A reading has ended: begin the next, if anybody still waits for it."""
        askers = [asker for asker in self._waiting[key] if not asker.answer.done()]
        if not askers:
            del self._waiting[key]
            return
        # Who comes from now on has the one after it.
        self._waiting[key] = []
        first = askers[0]
        # What it takes is noted for the first of those whom it answers.
        reading = asyncio.create_task(first.read(), context=first.context)
        self._readings.add(reading)
        reading.add_done_callback(partial(self._ended, key, askers))

    def _ended(self, key: Hashable, askers: list[_Asker], reading: asyncio.Task[Any]) -> None:
        self._readings.discard(reading)
        self._go_on(key)
        _tell(askers, reading)


@dataclass(slots=True)
class _Asker:
    """One who waits, and how it would have read by itself."""

    read: Callable[[], Coroutine[Any, Any, Any]]
    answer: asyncio.Future[Any]
    context: Context


def _tell(askers: list[_Asker], reading: asyncio.Task[Any]) -> None:
    error = None if reading.cancelled() else reading.exception()
    for asker in askers:
        answer = asker.answer
        if answer.done():
            # Gone in the meantime.
            continue
        if reading.cancelled():
            answer.cancel()
        elif error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(reading.result())
