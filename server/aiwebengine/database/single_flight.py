"""Shares identical concurrent reads: callers that wait for the same value get one result."""

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
    """Runs each read of *db* once for all callers that wait for the same key.

    A caller never gets the result of a read that started before its call. If a read is running, the
    caller waits for the next one, which all callers that arrive in the meantime share. So a result
    is never older than that of a separate read, and a revocation takes effect at once. Callers must
    not modify the value, because they share it.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: dict[Hashable, list[_Waiter]] = {}
        """For the key of each running read, the callers that wait for the next one."""
        self._reads: set[asyncio.Task[Any]] = set()

    async def get(self, key: Hashable, read: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
        """The result of *read*; *key* identifies what it reads. Raises the exceptions of *read*."""
        if self._db.is_in_transaction:
            # A transaction sees its own uncommitted changes, so its reads are not shared.
            return await read()
        waiting = self._waiting.get(key)
        if waiting is not None:
            # Each caller has its own future, so a cancelled caller does not cancel the others.
            waiter = _Waiter(read, asyncio.get_running_loop().create_future(), copy_context())
            waiting.append(waiter)
            return cast(Value, await waiter.result)
        self._waiting[key] = []
        try:
            return await read()
        finally:
            self._start_next(key)

    def _start_next(self, key: Hashable) -> None:
        """After a read has ended: start the next one if callers still wait for it."""
        waiters = [waiter for waiter in self._waiting[key] if not waiter.result.done()]
        if not waiters:
            del self._waiting[key]
            return
        # Callers that arrive from now on wait for the read after this one.
        self._waiting[key] = []
        first = waiters[0]
        # In the context of the first caller, whose request record gets the time of the read.
        read = asyncio.create_task(first.read(), context=first.context)
        self._reads.add(read)
        read.add_done_callback(partial(self._ended, key, waiters))

    def _ended(self, key: Hashable, waiters: list[_Waiter], read: asyncio.Task[Any]) -> None:
        self._reads.discard(read)
        self._start_next(key)
        _deliver(waiters, read)


@dataclass(slots=True)
class _Waiter:
    """A waiting caller: its own read function, the future for its result, and its context."""

    read: Callable[[], Coroutine[Any, Any, Any]]
    result: asyncio.Future[Any]
    context: Context


def _deliver(waiters: list[_Waiter], read: asyncio.Task[Any]) -> None:
    """Give the result, exception or cancellation of *read* to all waiters."""
    error = None if read.cancelled() else read.exception()
    for waiter in waiters:
        result = waiter.result
        if result.done():
            # The caller was cancelled in the meantime.
            continue
        if read.cancelled():
            result.cancel()
        elif error is not None:
            result.set_exception(error)
        else:
            result.set_result(read.result())
