"""A timeout for many concurrent operations that needs only one timer."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Deadlines:
    """Gives each of many operations a timeout of *seconds*.

    `asyncio.timeout` creates a timer for each operation, which costs time in every request. All
    these timeouts are equally long, so they expire in the order in which they started: one timer
    for the oldest is enough.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._running: dict[Deadline, None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def within(self) -> Deadline:
        """A context manager that raises TimeoutError when its block takes too long."""
        return Deadline(self)

    def begin(self, deadline: Deadline) -> None:
        """Start the timeout of *deadline*."""
        loop = asyncio.get_running_loop()
        deadline.ends = loop.time() + self.seconds
        if loop is not self._loop:
            # No timer runs in this loop. Entries of an earlier loop ended with that loop.
            self._loop = loop
            self._running.clear()
            loop.call_at(deadline.ends, self._look, loop)
        self._running[deadline] = None

    def end(self, deadline: Deadline) -> None:
        """Cancel the timeout of *deadline*."""
        self._running.pop(deadline, None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        if loop is not self._loop:
            return
        while self._running:
            oldest = next(iter(self._running))
            if oldest.ends > loop.time():
                loop.call_at(oldest.ends, self._look, loop)
                return
            del self._running[oldest]
            oldest.expire()
        # No operation is running; the next one starts the timer again.
        self._loop = None


class Deadline:
    """The timeout of one operation; behaves like `asyncio.timeout`."""

    __slots__ = ("_cancelling", "_deadlines", "_task", "ends", "is_over")

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self.ends = 0.0
        self.is_over = False
        """Whether the timeout expired."""

    def __enter__(self) -> Deadline:
        self._task = asyncio.current_task()
        assert self._task is not None  # noqa: S101 - a coroutine always runs in a task
        self._cancelling = self._task.cancelling()
        self._deadlines.begin(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._deadlines.end(self)
        task, self._task = self._task, None
        if not self.is_over or task is None:
            return
        # If something else has cancelled the task as well, its CancelledError must propagate.
        is_ours = task.uncancel() <= self._cancelling
        if is_ours and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def lift(self) -> None:
        """Remove the timeout for the rest of the block."""
        self._deadlines.end(self)

    def expire(self) -> None:
        """Cancel the task; the block then raises TimeoutError."""
        if self._task is not None:
            self.is_over = True
            self._task.cancel()
