"""Messages between scripts."""

import enum
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import strawberry

MOST_PENDING = 10_000
"""Deliveries of one sender that are not done."""
MOST_PER_MINUTE = 6_000
"""Messages that one script sends from one process."""
LARGEST_DATA_BYTES = 262_144
"""The data of one message, as JSON."""
LONGEST_TYPE = 200
LONGEST_KEY = 200
LONGEST_DELAY_DAYS = 30
MOST_ATTEMPTS = 5
MOST_HOPS = 32
"""How long a chain of messages may be of which each is sent while the one before is received."""
MOST_TYPES = 100
"""Types that one script receives."""
KEEP_KEYS_HOURS = 24
KEEP_DAYS = 30
"""A message that can't be delivered for so long is a dead letter; those are kept as long again."""
SHOWN_CHARACTERS = 2_000
"""Data of a message that is listed."""


@strawberry.enum
class ScriptMessageState(enum.Enum):
    """State of the delivery of a message.

    Attributes:
        PENDING: it is delivered, or tried again, when it is due.
        DEAD: all attempts failed; it can be retried or discarded.
    """

    PENDING = "pending"
    DEAD = "dead"


@strawberry.type
class ScriptMessage:
    """A message that a script has not received yet.

    Attributes:
        id: ID of the message.
        type: type of the message, such as `order.created`.
        sender: slug of the script that sent it.
        data: its data as JSON, at most the first 2,000 characters.
        data_size: bytes of its data.
        state: state of the delivery.
        attempt: number of attempts.
        is_running: whether it is being delivered.
        next_attempt_at: time of the next attempt; null for a dead letter.
        problem: why the last attempt failed; null before it.
        sent_at: when it was sent.
        died_at: when the last attempt failed; null unless it is a dead letter.
    """

    id: strawberry.ID
    type: str
    sender: str
    data: str
    data_size: int
    state: ScriptMessageState
    attempt: int
    is_running: bool
    next_attempt_at: datetime | None
    problem: str | None
    sent_at: datetime
    died_at: datetime | None
    number: strawberry.Private[int]


@dataclass(frozen=True)
class NewMessage:
    """A message to send."""

    sender_id: UUID
    sender: str
    type: str
    data: str
    """JSON."""
    hops: int
    request_id: str
    delay_ms: int = 0
    to: str | None = None
    """The slug of the only receiver; None for all that listen."""
    held_by: str | None = None
    """The transaction of the sender's database that has to be committed before it is delivered."""


@dataclass(frozen=True)
class Sent:
    """A message that was sent."""

    number: int | None
    """None without a receiver: nothing is stored then."""
    receivers: int
    is_duplicate: bool = False
    """Whether it was sent before with the same key."""


@dataclass(frozen=True)
class Delivery:
    """A delivery that this process has claimed."""

    message_id: int
    script_id: UUID
    type: str
    data: str
    sender: str
    sent_at: datetime
    hops: int
    attempt: int
    runner: int
    handler: str | None
    """None if the active version does not listen any more."""

    @property
    def owner(self) -> UUID:
        """The receiver."""
        return self.script_id
