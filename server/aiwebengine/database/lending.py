"""Lends connections of the driver's pool, and keeps those that come back at hand for a while."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from contextlib import suppress
from typing import Any

import asyncpg

# Those that nobody needed for so long go back to the driver's pool, which closes them in time.
LOOK_EVERY_SECS = 10.0


class Lending:
    """Connections of *pool*, at most *most* at a time, for *timeout* seconds of waiting.

    The driver's pool starts a task to hand a connection out and another to take it back, which
    together cost more than most statements. So a connection that comes back in order is handed to
    the next who asks, and only the others go through the pool: those that were torn out of a
    transaction or a statement, and those that nobody needs any more.
    """

    def __init__(self, pool: Any, most: int, timeout: float) -> None:
        self.pool = pool
        self._most = most
        self._timeout = timeout
        self._at_hand: list[Any] = []
        self._lent = 0
        self._opening = 0
        self._waiting: deque[asyncio.Future[Any | None]] = deque()
        self._going_back: set[asyncio.Future[None]] = set()
        self._least_at_hand = 0
        self._look: asyncio.TimerHandle | None = None

    @property
    def at_work(self) -> int:
        """How many connections are lent, or on their way back to the pool."""
        return self._lent + len(self._going_back)

    @property
    def waiting(self) -> int:
        """How many tasks wait for one, be it for its turn or for the server."""
        return len(self._waiting) + self._opening

    def at_once(self) -> Any | None:
        """A connection that is at hand, or None. It must be given back."""
        while self._at_hand:
            connection = self._at_hand.pop()
            if len(self._at_hand) < self._least_at_hand:
                self._least_at_hand = len(self._at_hand)
            if _is_in_order(connection):
                self._lent += 1
                return connection
            self._to_the_pool(connection)
        return None

    async def borrow(self) -> Any:
        """A connection, which must be given back.

        Raises TimeoutError, and what the driver raises when it can't connect.
        """
        async with asyncio.timeout(self._timeout):
            while True:
                connection = self.at_once()
                if connection is None and self._lent + self._opening < self._most:
                    return await self._opened()
                if connection is None:
                    connection = await self._turn()
                if connection is not None:
                    return connection

    async def _opened(self) -> Any:
        self._opening += 1
        try:
            connection = await self.pool.acquire()
        except BaseException:
            self._opening -= 1
            self._tell_next(None)
            raise
        self._opening -= 1
        self._lent += 1
        return connection

    async def _turn(self) -> Any | None:
        """What the next who gives back hands over; None: there is room for another one."""
        turn: asyncio.Future[Any | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                # Handed over at the moment in which nobody wanted it any more.
                self._pass_on(turn.result())
            with suppress(ValueError):
                self._waiting.remove(turn)
            raise

    def _pass_on(self, connection: Any | None) -> None:
        if connection is None:
            self._tell_next(None)
        else:
            self._lent -= 1
            self._keep(connection)

    async def give_back(self, connection: Any) -> None:
        """To be called while what ended the use, if anything did, is being raised."""
        self._lent -= 1
        error = sys.exception()
        if error is None and _is_in_order(connection):
            self._keep(connection)
            return
        back = self._to_the_pool(connection)
        if not isinstance(error, asyncio.CancelledError | TimeoutError):
            await asyncio.wait([back])
        # A request that was cancelled or came too late is not kept waiting: a frozen server would
        # not take the connection back either.

    def _keep(self, connection: Any) -> None:
        """Hand it to whoever has waited longest, or lay it where the next finds it."""
        if self._tell_next(connection):
            self._lent += 1
            return
        self._at_hand.append(connection)
        if self._look is None:
            self._least_at_hand = 0
            self._look = asyncio.get_running_loop().call_later(LOOK_EVERY_SECS, self._tidy)

    def _tell_next(self, connection: Any | None) -> bool:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(connection)
                return True
        return False

    def _tidy(self) -> None:
        """Let go of as many as were not needed at any moment since the last look."""
        self._look = None
        for connection in self._at_hand[: self._least_at_hand]:
            self._to_the_pool(connection)
        del self._at_hand[: self._least_at_hand]
        if self._at_hand:
            self._least_at_hand = len(self._at_hand)
            self._look = asyncio.get_running_loop().call_later(LOOK_EVERY_SECS, self._tidy)

    def _to_the_pool(self, connection: Any) -> asyncio.Future[None]:
        back: asyncio.Future[None] = asyncio.ensure_future(
            self.pool.release(connection, timeout=self._timeout)
        )
        self._going_back.add(back)
        back.add_done_callback(self._is_back)
        return back

    def _is_back(self, back: asyncio.Future[None]) -> None:
        self._going_back.discard(back)
        if not back.cancelled():
            # A connection that could not be given back is closed by the pool; nobody need know.
            back.exception()
        self._tell_next(None)

    async def end(self) -> None:
        """Give all that is at hand back to the pool; whoever waits is told to look again."""
        if self._look is not None:
            self._look.cancel()
            self._look = None
        backs = [self._to_the_pool(connection) for connection in self._at_hand]
        self._at_hand.clear()
        if backs:
            await asyncio.wait(backs)
        while self._tell_next(None):
            pass


def _is_in_order(connection: Any) -> bool:
    """Whether it is open, and no transaction was left open on it."""
    try:
        return not (connection.is_closed() or connection.is_in_transaction())
    except asyncpg.InterfaceError:
        # The server cut it, and the pool has noticed and taken it back.
        return False
