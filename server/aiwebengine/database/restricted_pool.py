"""A pool of restricted connections: a few for each login, and a limit for all together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from aiwebengine.core.errors import Unavailable
from aiwebengine.database.restricted import RestrictedConnection


@dataclass(slots=True)
class _Share:
    """The connections of one login."""

    idle: list[tuple[RestrictedConnection, float]] = field(default_factory=list)
    count: int = 0
    """Open, being opened, or being closed."""
    waiters: deque[asyncio.Future[RestrictedConnection | None]] = field(default_factory=deque)
    """They get a released connection, or None when another can be opened."""


class RestrictedPool:
    """At most *most_each* connections for a key, and *most* for all keys.

    An idle connection of another key is closed when there is no other way to open one.
    """

    def __init__(self, most: int, most_each: int, acquire_secs: float, idle_secs: float) -> None:
        self._most = most
        self._most_each = most_each
        self._acquire_secs = acquire_secs
        self._idle_secs = idle_secs
        self._shares: dict[str, _Share] = {}
        self._count = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._trimmer: asyncio.TimerHandle | None = None
        self._in_use: set[RestrictedConnection] = set()
        self._is_closed = False

    @property
    def size(self) -> int:
        """Number of connections that are open or being opened."""
        return self._count

    def idle(self, key: str) -> RestrictedConnection | None:
        """An idle connection at once, or None. The caller must release it."""
        share = self._shares.get(key)
        while share is not None and share.idle:
            connection, _ = share.idle.pop()
            if connection.is_usable:
                self._in_use.add(connection)
                return connection
            self._forget(key, connection)
        return None

    async def acquire(
        self, key: str, connect: Callable[[], Awaitable[RestrictedConnection]]
    ) -> RestrictedConnection:
        """A connection, which the caller must release. Raises Unavailable, and as *connect*."""
        try:
            async with asyncio.timeout(self._acquire_secs):
                return await self._acquire(key, connect)
        except TimeoutError:
            raise Unavailable(
                f"No connection to the script's database was free within {self._acquire_secs:g} s;"
                f" a script has {self._most_each} in each process."
            ) from None

    def release(self, key: str, connection: RestrictedConnection, *, is_clean: bool = True) -> None:
        """Return a connection; one that is in a transaction or not clean is closed.

        Nothing that a script left in a session is there for its next statement.
        """
        self._in_use.discard(connection)
        if self._is_closed or not connection.is_open:
            connection.terminate()
            self._forget(key, connection)
        elif is_clean and connection.is_usable:
            self._keep(key, connection)
        else:
            self._start(self._close(key, connection))

    def drop(self, key: str) -> None:
        """Close the idle connections of a key."""
        share = self._shares.get(key)
        while share is not None and share.idle:
            connection, _ = share.idle.pop()
            connection.terminate()
            self._forget(key, connection)

    async def close(self) -> None:
        """Close all connections; the server rolls back what is open."""
        self._is_closed = True
        if self._trimmer is not None:
            self._trimmer.cancel()
        for key in list(self._shares):
            self.drop(key)
        for connection in list(self._in_use):
            connection.terminate()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _acquire(
        self, key: str, connect: Callable[[], Awaitable[RestrictedConnection]]
    ) -> RestrictedConnection:
        while True:
            if self._is_closed:
                raise Unavailable("The engine is stopping.")
            # Not kept across a wait: a share without connections and waiters is removed.
            share = self._shares.setdefault(key, _Share())
            connection = self.idle(key)
            if connection is not None:
                return connection
            if share.count < self._most_each and self._has_room():
                return await self._opened(key, connect)
            connection = await self._next_released(key, share)
            if connection is not None:
                return connection

    async def _next_released(self, key: str, share: _Share) -> RestrictedConnection | None:
        """A released connection; None: try again, another may be opened now."""
        waiter: asyncio.Future[RestrictedConnection | None]
        waiter = asyncio.get_running_loop().create_future()
        share.waiters.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            with suppress(ValueError):
                share.waiters.remove(waiter)
            if waiter.done() and not waiter.cancelled():
                # It was woken just when it was cancelled.
                connection = waiter.result()
                if connection is None:
                    self._wake_any()
                else:
                    self.release(key, connection)
            raise

    async def _opened(
        self, key: str, connect: Callable[[], Awaitable[RestrictedConnection]]
    ) -> RestrictedConnection:
        self._shares[key].count += 1
        self._count += 1
        try:
            connection = await connect()
        except BaseException:
            self._forget(key, None)
            raise
        self._in_use.add(connection)
        return connection

    def _has_room(self) -> bool:
        """Whether another connection may be opened; closes an idle one of another key for it."""
        if self._count < self._most:
            return True
        oldest = min(
            ((share.idle[0][1], key) for key, share in self._shares.items() if share.idle),
            default=None,
        )
        if oldest is None:
            return False
        key = oldest[1]
        connection, _ = self._shares[key].idle.pop(0)
        connection.terminate()
        self._forget(key, connection, wakes=False)
        return True

    def _keep(self, key: str, connection: RestrictedConnection) -> None:
        """Hand a usable connection to the task that has waited longest, or keep it idle."""
        share = self._shares[key]
        if self._wake(share, connection):
            self._in_use.add(connection)
            return
        loop = asyncio.get_running_loop()
        share.idle.append((connection, loop.time()))
        if self._count >= self._most:
            self._wake_any()
        if self._trimmer is None:
            self._trimmer = loop.call_later(self._idle_secs, self._trim)

    def _forget(
        self, key: str, connection: RestrictedConnection | None, *, wakes: bool = True
    ) -> None:
        share = self._shares[key]
        share.count -= 1
        self._count -= 1
        if connection is not None:
            self._in_use.discard(connection)
        if wakes and not self._wake(share):
            self._wake_any()
        if share.count == 0 and not share.waiters:
            del self._shares[key]

    def _wake(self, share: _Share, connection: RestrictedConnection | None = None) -> bool:
        while share.waiters:
            waiter = share.waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return True
        return False

    def _wake_any(self) -> None:
        """Let somebody try again who waits for the limit of all keys."""
        for share in list(self._shares.values()):
            if self._wake(share):
                return

    async def _close(self, key: str, connection: RestrictedConnection) -> None:
        """It counts until the server has ended what it was doing."""
        await connection.close()
        self._forget(key, connection)

    def _start(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _trim(self) -> None:
        """Close what was idle for long."""
        self._trimmer = None
        loop = asyncio.get_running_loop()
        for key, share in list(self._shares.items()):
            while share.idle and loop.time() - share.idle[0][1] >= self._idle_secs:
                connection, _ = share.idle.pop(0)
                connection.terminate()
                self._forget(key, connection)
        if any(share.idle for share in self._shares.values()):
            self._trimmer = loop.call_later(self._idle_secs, self._trim)
