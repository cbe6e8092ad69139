"""The calls on a worker's connection that are not over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from aiwebengine.runtimes.answers import Rest
from aiwebengine.runtimes.protocol import CREDIT_BYTES, Kind
from aiwebengine.runtimes.questions import OnAsk
from aiwebengine.runtimes.sending import Sending
from aiwebengine.runtimes.types import LogLine

if TYPE_CHECKING:
    from aiwebengine.runtimes.link import Link

log = logging.getLogger(__name__)

OnLog: TypeAlias = Callable[[LogLine], object]


class Outside:
    """What asks outside of calls: the load of a program, by its number here."""

    __slots__ = ("number", "program")

    def __init__(self, program: int) -> None:
        self.number = 0
        self.program = program


class LinkedCall:
    """A call that is not over."""

    __slots__ = (
        "future",
        "key",
        "latest",
        "link",
        "number",
        "on_ask",
        "on_log",
        "over",
        "program",
        "rest",
        "secs",
        "sending",
    )

    def __init__(
        self, link: Link, key: str, program: int, number: int, on_log: OnLog | None
    ) -> None:
        self.link = link
        self.key = key
        self.program = program
        self.number = number
        self.on_log = on_log
        self.on_ask: OnAsk | None = None
        # Set at the end of a call that continues after the head of its answer.
        self.over: asyncio.Future[bool] | None = None
        # How long it may take from now, or from its last input, and until when that is.
        self.secs = 0.0
        self.latest = 0.0
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.rest: Rest | None = None
        self.sending: Sending | None = None

    def has_ended(self) -> asyncio.Future[bool]:
        """Resolves at the end of the call; to True if it was complete."""
        if self.over is None:
            self.over = asyncio.get_running_loop().create_future()
        return self.over

    def resolve(self, result: object) -> None:
        """Answer the caller, if it waits."""
        if not self.future.done():
            self.future.set_result(result)

    def fail(self, failure: Exception) -> None:
        """End it with an exception."""
        if self.rest is not None:
            self.rest.end(failure)
        elif not self.future.done():
            self.future.set_exception(failure)

    def log(self, line: LogLine) -> None:
        """Pass on a line. What receives it must not end the connection."""
        if self.on_log is None:
            return
        try:
            self.on_log(line)
        except Exception:
            log.exception("runtimes.line_not_logged")

    def send(self, kind: int, body: bytes) -> None:
        """Send a piece of its input."""
        self.latest = asyncio.get_running_loop().time() + self.secs
        self.link.send(self, kind, body)

    def break_off(self, error: Exception) -> None:
        """Its input ends with an exception, which its caller gets."""
        self.link.cancel(self)
        self.fail(error)

    def credit(self, number_of_bytes: int) -> None:
        """The caller has read so many bytes of the answer."""
        self.link.send(self, Kind.CREDIT, CREDIT_BYTES.pack(number_of_bytes))

    def cancel(self) -> None:
        """Nobody waits for it any more."""
        self.link.cancel(self)
