"""The answer to a call, as its caller reads it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Protocol

from aiwebengine.runtimes.protocol import WINDOW

# Credit is given for so many bytes at once: a frame for each small piece would cost more than it.
CREDIT_STEP = WINDOW // 8


class Source(Protocol):
    """Where the rest of an answer comes from."""

    def credit(self, number_of_bytes: int) -> None:
        """So many bytes were read."""

    def cancel(self) -> None:
        """Nobody reads any more."""


class Answer:
    """An answer: its head, and its body or the beginning of it."""

    __slots__ = ("body", "head", "over", "rest")

    def __init__(
        self,
        head: bytes,
        body: bytes,
        rest: Rest | None = None,
        over: asyncio.Future[bool] | None = None,
    ) -> None:
        self.head = head
        """JSON, as the program sent it."""
        self.body = body
        """The whole body, or its first part."""
        self.rest = rest
        """The other parts as they arrive; None if there are none."""
        self.over = over
        """None if the call is over with this; else done at its end: True if it was complete."""

    async def close(self) -> None:
        """Do not read the rest; the call is cancelled unless it is over."""
        if self.rest is not None:
            self.rest.close()


class Rest(AsyncIterator[bytes]):
    """Parts of a body as they arrive. Reading raises Failed or Lost if the call ends early."""

    def __init__(self, source: Source, first_bytes: int) -> None:
        self._source = source
        self._parts: deque[bytes] = deque()
        self._is_over = False
        self._failure: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        # The first part is read already: it is in the answer.
        self._uncredited = first_bytes

    async def __anext__(self) -> bytes:
        while not self._parts:
            if self._failure is not None:
                raise self._failure
            if self._is_over:
                raise StopAsyncIteration
            self._reader = asyncio.get_running_loop().create_future()
            await self._reader
        part = self._parts.popleft()
        self._uncredited += len(part)
        if self._uncredited >= CREDIT_STEP and not self._is_over:
            self._source.credit(self._uncredited)
            self._uncredited = 0
        return part

    def close(self) -> None:
        """Do not read any more."""
        self._parts.clear()
        if not self._is_over:
            self._is_over = True
            self._wake()
            self._source.cancel()

    # From the connection

    def add(self, part: bytes) -> None:
        """A part has arrived."""
        if part and not self._is_over:
            self._parts.append(part)
            self._wake()

    def end(self, failure: Exception | None = None) -> None:
        """There are no more parts."""
        if not self._is_over:
            self._is_over, self._failure = True, failure
            self._wake()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)
