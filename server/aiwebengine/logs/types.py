"""The nouns of this room."""

import enum
from collections.abc import Awaitable, Callable
from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from aiwebengine.graphql.connection import PageInfo


@strawberry.enum
class LogLevel(enum.Enum):
    """How much a line matters; each includes those below it.

    Attributes:
        DEBUG: for whoever looks for a fault in the program.
        INFO: what happened in good order.
        WARNING: what somebody should look at some day.
        ERROR: something did not work.
        CRITICAL: the engine can't do its work.
    """

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def and_above(self) -> list[str]:
        """The words of this level and of those that matter more."""
        words = [level.value for level in LogLevel]
        return words[words.index(self.value) :]


@strawberry.input
class LogFilter:
    """Which lines a list shows; what is left out is not asked.

    Attributes:
        level: at least this level.
        text: this text anywhere in the line, in names and values; capitals of A to Z don't matter.
        request_id: of this request.
        user_id: of this user's requests.
        path: of requests whose path begins so.
        since: at this instant or later.
        until: before this instant.
        up_to_id: this line and older ones.
    """

    level: LogLevel | None = None
    text: str | None = None
    request_id: str | None = None
    user_id: str | None = None
    path: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    up_to_id: strawberry.ID | None = None


@strawberry.type
class LogEntry:
    """One line of the log.

    Attributes:
        id: its place in the log; stays the same when its file is put aside and compressed.
        at: when.
        level: how much it matters.
        event: what happened, as a name such as `request`.
        logger: the part of the program that tells it.
        request_id: the request that it belongs to; the audit trail has the same.
        user_id: who asked, when it is about a request of a known user.
        method: the method of a request; WS for an operation on a WebSocket.
        path: the path of a request, without the query string.
        status: the status that a request was answered with.
        ms: how long a request took, in milliseconds.
        fields: everything else that the line tells.
        line: the line as it stands in the file.
        skipped_before: in a subscription, how many lines were left out just before this one since
          they came faster than they were taken; else 0.
    """

    id: strawberry.ID
    at: datetime
    level: LogLevel
    event: str
    logger: str | None
    request_id: str | None
    user_id: str | None
    method: str | None
    path: str | None
    status: int | None
    ms: float | None
    fields: JSON
    line: str
    skipped_before: int = 0


@strawberry.type
class LogEntryEdge:
    """One line and its place in the list.

    Attributes:
        cursor: the line's place, for `after`.
        node: the line.
    """

    cursor: str
    node: LogEntry


@strawberry.type
class LogEntryConnection:
    """One page of lines.

    Attributes:
        edges: the lines with their cursors.
        nodes: the lines.
        page_info: where the page lies in the list. `endCursor` is where the search stopped, also
          on a page that was cut short, so a next page goes on from there.
        searched_back_to: set when the page was cut short because the search took too long: lines
          older than this were not looked at yet.
    """

    edges: list[LogEntryEdge]
    nodes: list[LogEntry]
    page_info: PageInfo
    searched_back_to: datetime | None
    count: strawberry.Private[Callable[[], Awaitable[int | None]]]

    @strawberry.field
    async def total_count(self) -> int | None:
        """How many lines the filter lets through; null when counting takes longer than 10 s.

        Counted only when it is asked for.
        """
        return await self.count()
