"""Types of alerts."""

import enum
from dataclasses import dataclass
from datetime import datetime

import strawberry

from aiwebengine.alerts.links import page_of
from aiwebengine.health.types import HealthState


@strawberry.enum
class AlertChannel(enum.Enum):
    """Notification channel.

    Attributes:
        WEBHOOK: POST request to `alerts.webhook_url`.
        EMAIL: email to `alerts.email_to`.
    """

    WEBHOOK = "webhook"
    EMAIL = "email"


@strawberry.enum
class AlertState(enum.Enum):
    """State of an alert.

    Attributes:
        OPEN: the problem persists.
        OVER: resolved, or no longer reported.
        EVENT: a one-time event.
    """

    OPEN = "open"
    OVER = "over"
    EVENT = "event"


@strawberry.type
class Alert:
    """An alert.

    Attributes:
        id: ID of the alert.
        name: name of the health check, or `administrator_added`, `script_suspended`.
        title: title for people.
        instance: the instance that reported it; null if it concerns all.
        state: open, over or a one-time event.
        severity: worst state of the check.
        message: what the check found.
        since: start of the problem, or time of the event.
        over_at: when it was resolved.
        last_sent_at: time of the last notification; null if none was sent.
        channels: channels that are notified; empty if none is configured.
        last_error: why the last delivery failed; null if no delivery is pending.
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
        """Path of the page that explains the alert, such as the log around that time."""
        return page_of(self.name, self.since, self.over_at)

    @property
    def number(self) -> int:
        """`id` as a number."""
        return int(self.id)


@strawberry.type
class ChannelResult:
    """Result of a test alert on one channel.

    Attributes:
        channel: the channel.
        target: destination of the message.
        delivered: whether the message was accepted.
        error: why the delivery failed.
    """

    channel: AlertChannel
    target: str
    delivered: bool
    error: str | None


class NoticeKind(enum.Enum):
    """Kind of a notification."""

    BEGAN = "began"
    WORSE = "worse"
    REMINDER = "reminder"
    OVER = "over"
    EVENT = "event"
    TEST = "test"


ADMINISTRATOR_ADDED = "administrator_added"
SCRIPT_SUSPENDED = "script_suspended"
EVENTS = {
    ADMINISTRATOR_ADDED: "A user was granted the role Administrator; says by whom and why.",
    SCRIPT_SUSPENDED: "The engine suspended a script whose processes ended too often; says why.",
}
"""One-time alerts and their meaning."""


@dataclass(frozen=True)
class Notice:
    """One notification; several are sent as one message."""

    kind: NoticeKind
    name: str
    title: str
    severity: HealthState
    detail: str
    since: datetime
    instance: str | None = None


@dataclass(frozen=True)
class Waiting:
    """A claimed notification that is due."""

    id: int
    attempts: int
    notice: Notice


@dataclass(frozen=True)
class Open:
    """An open alert and its pending steps."""

    id: int
    name: str
    title: str
    severity: HealthState
    since: datetime
    is_calm: bool
    is_settled: bool
    is_stale: bool
    needs_reminder: bool
