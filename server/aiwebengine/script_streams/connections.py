"""One connection of an event stream."""

from __future__ import annotations

from typing import Protocol

from aiwebengine.script_streams import limits
from aiwebengine.script_streams.types import Filter
from aiwebengine.web.writing import chunk


class Body(Protocol):
    """The body of the response, which is written past ASGI."""

    def write(self, part: bytes) -> int:
        """Write a chunk; the number of bytes that are not sent yet."""

    def end(self) -> None:
        """End the body and the connection."""

    def abort(self) -> None:
        """End the connection at once."""


class EventConnection:
    """What a client has of a stream. It gets each message at most once, in order.

    A client that does not read is disconnected as soon as MOST_UNREAD_BYTES wait for it. It
    reconnects, and gets what it missed, or the event `gap`.
    """

    __slots__ = ("_after", "_body", "_held", "filter", "is_over", "is_slow", "wrote")

    def __init__(self, body: Body, connection: Filter) -> None:
        self._body = body
        self.filter = connection
        self.is_over = False
        self.is_slow = False
        self.wrote = True
        """Whether something was written since this was reset."""
        # Number of the last message that it has got.
        self._after = 0
        # Messages that come while older ones are read; None otherwise.
        self._held: list[tuple[int, bytes]] | None = None

    def write(self, number: int, part: bytes) -> None:
        """Write a message; it has been made a chunk."""
        if self._held is not None:
            self._hold(number, part)
        elif number > self._after and not self.is_over:
            self._after = number
            self.wrote = True
            if self._body.write(part) > limits.MOST_UNREAD_BYTES:
                self._drop()

    def write_extra(self, event: bytes) -> None:
        """Write what is no message."""
        if not self.is_over and self._body.write(chunk(event)) > limits.MOST_UNREAD_BYTES:
            self._drop()

    def hold(self) -> None:
        """Keep messages back until `replay`."""
        self._held = []

    def replay(self, older: list[tuple[int, bytes]]) -> None:
        """Write older messages, and then those that came meanwhile."""
        held, self._held = self._held or [], None
        for number, part in (*older, *held):
            self.write(number, part)

    def end(self) -> None:
        """End the stream."""
        if not self.is_over:
            self.is_over = True
            self._body.end()

    def _hold(self, number: int, part: bytes) -> None:
        assert self._held is not None  # noqa: S101 - the caller looked
        self._held.append((number, part))
        if len(self._held) > limits.MOST_REPLAYED:
            self._drop()

    def _drop(self) -> None:
        self.is_over = self.is_slow = True
        self._held = None
        self._body.abort()
