"""A time limit for many pieces of work, watched by one timer."""

from __future__ import annotations

import asyncio
from types import TracebackType


class Deadlines:
    """A limit of so many *seconds* for each of many pieces of work.

    `asyncio.timeout` sets a timer for each, which every request would pay for. All of these last
    equally long, so they end in the order in which they began, and one timer for the oldest will
    do.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at_work: dict[Deadline, None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def within(self) -> Deadline:
        """The limit for what is done in its `with`, which raises TimeoutError when it is over."""
        return Deadline(self)

    def begin(self, deadline: Deadline) -> None:
        """Watch over it from now on."""
        loop = asyncio.get_running_loop()
        deadline.ends = loop.time() + self.seconds
        if loop is not self._loop:
            # The first, or what another loop left is over with that loop.
            self._loop = loop
            self._at_work.clear()
            loop.call_at(deadline.ends, self._look, loop)
        self._at_work[deadline] = None

    def end(self, deadline: Deadline) -> None:
        """Watch over it no longer."""
        self._at_work.pop(deadline, None)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        if loop is not self._loop:
            return
        while self._at_work:
            oldest = next(iter(self._at_work))
            if oldest.ends > loop.time():
                loop.call_at(oldest.ends, self._look, loop)
                return
            del self._at_work[oldest]
            oldest.expire()
        # Nobody is at work; the next who begins starts the watch anew.
        self._loop = None


class Deadline:
    """One piece of work; ends as `asyncio.timeout` would have it end."""

    __slots__ = ("_cancelling", "_deadlines", "_task", "ends", "is_over")

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self.ends = 0.0
        self.is_over = False
        """Whether it took too long."""

    def __enter__(self) -> Deadline:
        self._task = asyncio.current_task()
        assert self._task is not None  # noqa: S101 - whoever awaits is in a task
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
        # Somebody else may have cancelled the task as well; then it is not ours to go on.
        is_ours = task.uncancel() <= self._cancelling
        if is_ours and kind is asyncio.CancelledError:
            raise TimeoutError from error

    def lift(self) -> None:
        """Let it take as long as it takes from now on."""
        self._deadlines.end(self)

    def expire(self) -> None:
        """End it: the task is cancelled at what it waits for."""
        if self._task is not None:
            self.is_over = True
            self._task.cancel()
