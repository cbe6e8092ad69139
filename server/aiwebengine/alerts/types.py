"""The nouns of this room."""

import enum
from dataclasses import dataclass
from datetime import datetime

import strawberry

from aiwebengine.alerts.links import page_of
from aiwebengine.health.types import HealthState


@strawberry.enum
class AlertChannel(enum.Enum):
    """By which way people are told.

    Attributes:
        WEBHOOK: posted to `alerts.webhook_url`.
        EMAIL: mailed to `alerts.email_to`.
    """

    WEBHOOK = "webhook"
    EMAIL = "email"


@strawberry.enum
class AlertState(enum.Enum):
    """Whether what was told still is so.

    Attributes:
        OPEN: it lasts.
        OVER: it is resolved, or nobody reports it any more.
        EVENT: it happened, once.
    """

    OPEN = "open"
    OVER = "over"
    EVENT = "event"


@strawberry.type
class Alert:
    """Something that people were told of.

    Attributes:
        id: which one.
        name: what it is about: the name of a health check, or `administrator_added`.
        title: the same in words.
        instance: the instance that reported it; null when it concerns all.
        state: whether it lasts.
        severity: how bad it is, or was.
        message: what was seen.
        since: since when, or when it happened.
        over_at: when it was resolved.
        last_sent_at: when people were notified last; null when they have not been yet.
        channels: by which ways it is told; none when no channel is configured.
        last_error: why the last attempt to tell it failed; null when nothing waits for another.
    """

    id: strawberry.ID
    name: str
    title: str
    instance: str | None
    state: AlertState
    severity: HealthState
    message: str
    since: datetime
    over_at: datetime | None
    last_sent_at: datetime | None
    channels: list[AlertChannel]
    last_error: str | None

    @strawberry.field
    def link(self) -> str:
        """The path of the page about it: the log's lines of that time, or the page of the fault."""
        return page_of(self.name, self.since, self.over_at)

    @property
    def number(self) -> int:
        """`id` as the number that it is in the table."""
        return int(self.id)


@strawberry.type
class ChannelResult:
    """What became of a test on one channel.

    Attributes:
        channel: which one.
        target: where the message went.
        delivered: whether it was taken.
        error: why not.
    """

    channel: AlertChannel
    target: str
    delivered: bool
    error: str | None


class NoticeKind(enum.Enum):
    """What a notice says of its alert."""

    BEGAN = "began"
    WORSE = "worse"
    REMINDER = "reminder"
    OVER = "over"
    EVENT = "event"
    TEST = "test"


ADMINISTRATOR_ADDED = "administrator_added"
EVENTS = {ADMINISTRATOR_ADDED: "A user was granted the role Administrator; says by whom and why."}
"""Alerts that tell of something that happened once, and their meaning."""


@dataclass(frozen=True)
class Notice:
    """One thing to tell; several go out as one message."""

    kind: NoticeKind
    name: str
    title: str
    severity: HealthState
    detail: str
    since: datetime
    instance: str | None = None


@dataclass(frozen=True)
class Waiting:
    """A notice that is to be sent now, by whoever claimed it."""

    id: int
    attempts: int
    notice: Notice


@dataclass(frozen=True)
class Open:
    """An alert that lasts, and what is due with it."""

    id: int
    name: str
    title: str
    severity: HealthState
    since: datetime
    is_calm: bool
    is_settled: bool
    is_stale: bool
    needs_reminder: bool
