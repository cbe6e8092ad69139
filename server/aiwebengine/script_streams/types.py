"""What scripts send to those who listen, and which of these get it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from aiwebengine.core.errors import LimitExceeded

CHANNEL = "aiwebengine_script_messages"
"""What a notification of a message is sent on in PostgreSQL."""

Filter = Mapping[str, str]
"""Names and values. A connection has one, and a message may name what a connection must have."""


class Matching(StrEnum):
    """How the `match` of a message is compared with the filter of a connection."""

    SUBSET = "subset"
    """Every entry of `match` is in the filter."""
    OVERLAP = "overlap"
    """At least one is."""


@dataclass(frozen=True, slots=True)
class StreamMessage:
    """A message of a script to a channel.

    Numbers increase: every worker of every instance gets the messages in this order.
    """

    number: int
    script_id: UUID
    channel: str
    data: str
    match: Filter = field(default_factory=dict)
    matching: Matching = Matching.SUBSET
    event: str | None = None
    """The type of the event for an `EventSource`; None for "message"."""
    id: str | None = None
    """The script's own name for it."""

    def is_for(self, connection: Filter) -> bool:
        """Whether a connection with this filter gets it. Without `match` every one does."""
        if not self.match:
            return True
        same = (connection.get(name) == value for name, value in self.match.items())
        return all(same) if self.matching is Matching.SUBSET else any(same)


class Receiver(Protocol):
    """What gets the messages of a channel. Its methods return at once and raise nothing."""

    def deliver(self, message: StreamMessage) -> None:
        """The next message, whether or not it is for this connection."""

    def missed(self) -> None:
        """Messages may be missing from here on."""


class TooManyMessages(LimitExceeded):
    """The script sends more, or more at once, than is allowed."""
