"""Types of log entries and filters."""

import enum
from collections.abc import Awaitable, Callable
from datetime import datetime

import strawberry
from strawberry.scalars import JSON

from aiwebengine.graphql.connection import PageInfo


@strawberry.enum
class LogLevel(enum.Enum):
    """The level of a log line; a filter includes the levels above.

    Attributes:
        DEBUG: details for debugging.
        INFO: normal operation.
        WARNING: needs attention at some point.
        ERROR: an operation failed.
        CRITICAL: the engine can't work.
    """

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"

    @property
    def and_above(self) -> list[str]:
        """This level and all higher levels."""
        words = [level.value for level in LogLevel]
        return words[words.index(self.value) :]


@strawberry.input
class LogFilter:
    """A filter for log lines. All fields are optional.

    Attributes:
        level: minimum level.
        text: text anywhere in the line, in names and values; ASCII letters match in any case.
        request_id: request ID.
        user_id: ID of the user who sent the request.
        path: start of the request path.
        since: lines at or after this time.
        until: lines before this time.
        up_to_id: this line and older lines.
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
    """A log line.

    Attributes:
        id: position in the log; unchanged when the file is rotated and compressed.
        at: time of the line.
        level: level of the line.
        event: name of the event, such as `request`.
        logger: component that wrote the line.
        request_id: ID of the request; audit events have the same ID.
        user_id: ID of the user who sent the request, if known.
        method: HTTP method; WS for an operation on a WebSocket.
        path: request path, without the query string.
        status: response status.
        ms: duration of the request, in milliseconds.
        fields: all other fields of the line.
        line: the line as stored in the file.
        skipped_before: in a subscription, number of lines skipped before this one because they
          arrived too fast; otherwise 0.
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
    """A log line and its cursor.

    Attributes:
        cursor: cursor of the line, for `after`.
        node: the line.
    """

    cursor: str
    node: LogEntry


@strawberry.type
class LogEntryConnection:
    """A page of log lines.

    Attributes:
        edges: the lines with their cursors.
        nodes: the lines.
        page_info: position of the page. `endCursor` is where the search stopped, so that the next
          page continues there even after a page that was cut short.
        searched_back_to: set if the search hit its time limit: lines older than this were not
          searched.
    """

    edges: list[LogEntryEdge]
    nodes: list[LogEntry]
    page_info: PageInfo
    searched_back_to: datetime | None
    count: strawberry.Private[Callable[[], Awaitable[int | None]]]

    @strawberry.field
    async def total_count(self) -> int | None:
        """Number of matching lines; null if counting takes longer than 10 s.

        Counted only if it is selected.
        """
        return await self.count()
