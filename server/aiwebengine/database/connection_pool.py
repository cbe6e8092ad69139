"""A pool of asyncpg connections that hands a released connection straight to the next caller."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import asyncpg

from aiwebengine.core.errors import EngineError

# Connections that were idle for this whole period are closed; the last connection stays open.
IDLE_SECS = 300.0

# Errors after which the connection is usable: the server answered, or the engine's code failed.
_ANSWERED = (asyncpg.PostgresError, EngineError)


class ConnectionPool:
    """At most *max_size* connections, opened by *connect*; *timeout* in seconds to acquire one.

    asyncpg's own pool starts a task to acquire a connection and another to release it, which
    together take more CPU than most statements. This one starts a task only to clean a connection
    whose statement was interrupted. The last released connection is the first acquired.
    """

    def __init__(
        self, connect: Callable[[], Awaitable[Any]], max_size: int, timeout: float
    ) -> None:
        self._connect = connect
        self._max_size = max_size
        self._timeout = timeout
        self._open: set[Any] = set()
        self._idle: list[Any] = []
        self._acquired = 0
        self._opening = 0
        self._waiters: deque[asyncio.Future[Any | None]] = deque()
        self._cleaning: set[asyncio.Task[None]] = set()
        self._closing: asyncio.Future[None] | None = None
        self._min_idle = 0
        self._trim_timer: asyncio.TimerHandle | None = None

    @property
    def size(self) -> int:
        """Number of open connections."""
        return len(self._open)

    @property
    def in_use(self) -> int:
        """Number of connections that are acquired or being reset."""
        return self._acquired + len(self._cleaning)

    @property
    def waiting(self) -> int:
        """Number of tasks that wait for a released or a new connection."""
        return len(self._waiters) + self._opening

    async def fill(self) -> None:
        """Open the first connection. Raises TimeoutError and the exceptions of asyncpg."""
        await self.release(await self.acquire())

    def acquire_idle(self) -> Any | None:
        """An idle connection, or None. The caller must release it."""
        while self._idle:
            connection = self._idle.pop()
            self._min_idle = min(self._min_idle, len(self._idle))
            if _is_usable(connection):
                self._acquired += 1
                return connection
            self._discard(connection)
        return None

    async def acquire(self) -> Any:
        """A connection, which the caller must release.

        Raises TimeoutError, InterfaceError if the pool is closed, and the exceptions of asyncpg if
        it can't connect.
        """
        async with asyncio.timeout(self._timeout):
            while True:
                if self._closing is not None:
                    raise asyncpg.InterfaceError("the pool is closed")
                connection = self.acquire_idle()
                if connection is None and self.in_use + self._opening < self._max_size:
                    return await self._opened()
                if connection is None:
                    connection = await self._next_released()
                if connection is not None:
                    return connection

    async def release(self, connection: Any) -> None:
        """Return a connection to the pool.

        If the current exception interrupted a statement, the connection is reset or closed, so call
        this in a `finally` block.
        """
        self._acquired -= 1
        error = sys.exception()
        if not _is_usable(connection):
            needs_cleaning = not connection.is_closed()
        else:
            needs_cleaning = error is not None and not isinstance(error, _ANSWERED)
            if not needs_cleaning:
                self._keep(connection)
                return
        if not needs_cleaning:
            self._discard(connection)
            return
        cleaning = asyncio.create_task(self._clean(connection))
        self._cleaning.add(cleaning)
        cleaning.add_done_callback(self._cleaned)
        # After a cancellation or timeout do not wait for the reset: a frozen server would not
        # answer it either.
        if not isinstance(error, asyncio.CancelledError | TimeoutError):
            await asyncio.wait([cleaning])

    async def close(self) -> None:
        """Close all connections once they are released; waiting tasks get InterfaceError."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_future()
        if self._trim_timer is not None:
            self._trim_timer.cancel()
            self._trim_timer = None
        while self._hand_over(None):
            pass
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.close()
            self._discard(connection)
        if self._open:
            await self._closing

    def terminate(self) -> None:
        """Close all connections immediately, without waiting for statements."""
        for connection in list(self._open):
            connection.terminate()

    async def _opened(self) -> Any:
        self._opening += 1
        try:
            connection = await self._connect()
        except BaseException:
            self._hand_over(None)
            raise
        finally:
            self._opening -= 1
        self._open.add(connection)
        self._acquired += 1
        return connection

    async def _next_released(self) -> Any | None:
        """Wait for a released connection. None means: try again, another may be opened now."""
        waiter: asyncio.Future[Any | None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                # Another task handed over a connection just when this task was cancelled.
                self._pass_on(waiter.result())
            with suppress(ValueError):
                self._waiters.remove(waiter)
            raise

    def _pass_on(self, connection: Any | None) -> None:
        if connection is None:
            self._hand_over(None)
        else:
            self._acquired -= 1
            self._keep(connection)

    def _keep(self, connection: Any) -> None:
        """Hand a usable connection to the task that has waited longest, or keep it idle."""
        if self._closing is not None:
            connection.terminate()
            self._discard(connection)
        elif self._hand_over(connection):
            self._acquired += 1
        else:
            self._idle.append(connection)
            if self._trim_timer is None:
                self._trim_later()

    def _hand_over(self, connection: Any | None) -> bool:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return True
        return False

    def _discard(self, connection: Any) -> None:
        """Remove a closed connection, and let a waiting task open another."""
        self._open.discard(connection)
        if not self._open and self._closing is not None and not self._closing.done():
            self._closing.set_result(None)
        self._hand_over(None)

    async def _clean(self, connection: Any) -> None:
        """Roll back the interrupted transaction and reset the session, or close the connection."""
        try:
            await connection.reset(timeout=self._timeout)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            connection.terminate()
        except BaseException:
            connection.terminate()
            self._discard(connection)
            raise
        if _is_usable(connection):
            self._keep(connection)
        else:
            self._discard(connection)

    def _cleaned(self, cleaning: asyncio.Task[None]) -> None:
        self._cleaning.discard(cleaning)
        if not cleaning.cancelled():
            # Mark the exception as retrieved: the connection is closed and nobody waits for it.
            cleaning.exception()
        self._hand_over(None)

    def _trim_later(self) -> None:
        self._min_idle = len(self._idle)
        self._trim_timer = asyncio.get_running_loop().call_later(IDLE_SECS, self._trim)

    def _trim(self) -> None:
        """Close the connections that have been idle since the previous call."""
        self._trim_timer = None
        kept_open = 1 if len(self._open) == len(self._idle) else 0
        surplus = max(0, self._min_idle - kept_open)
        unneeded, self._idle = self._idle[:surplus], self._idle[surplus:]
        for connection in unneeded:
            connection.terminate()
            self._discard(connection)
        if self._idle:
            self._trim_later()


def _is_usable(connection: Any) -> bool:
    """Return whether the connection is open and in no transaction."""
    return not (connection.is_closed() or connection.is_in_transaction())
