"""Log lines of scripts."""

import enum
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import strawberry


@strawberry.enum(name="ScriptLogLevel")
class LogLevel(enum.Enum):
    """Level of a log line.

    Attributes:
        DEBUG: details.
        INFO: progress.
        WARN: something unexpected.
        ERROR: a failure.
    """

    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


@strawberry.type
class ScriptLogLine:
    """A line that a script logged.

    Attributes:
        id: number of the line.
        version: version that logged it.
        at: when it was logged.
        level: its level.
        request_id: ID of the request, as in the engine's log; null outside of requests.
        route: route of the request, such as `GET /hello/:name`.
        text: the line.
        file: file that logged it.
        line: line in the file, from 1.
        column: column in the line, from 1.
    """

    id: strawberry.ID
    version: int | None
    at: datetime
    level: LogLevel
    request_id: str | None
    route: str | None
    text: str
    file: str | None
    line: int | None
    column: int | None

    @property
    def number(self) -> int:
        """`id` as a number."""
        return int(self.id)


@strawberry.input
class ScriptLogFilter:
    """Filter of a script's log; omitted fields do not filter.

    Attributes:
        search: text in the line.
        level: lines of this level or above.
        request_id: lines of this request.
        version: lines of this version.
    """

    search: str | None = None
    level: LogLevel | None = None
    request_id: str | None = None
    version: int | None = None


@dataclass(frozen=True)
class LogCriteria:
    """A filter of a log as a key."""

    search: str | None = None
    level: LogLevel | None = None
    request_id: str | None = None
    version: int | None = None

    @classmethod
    def of(cls, wanted: ScriptLogFilter | None) -> "LogCriteria":
        """The same as a key; None filters nothing."""
        return cls() if wanted is None else cls(**vars(wanted))

    def as_filter(self) -> ScriptLogFilter:
        """The same as a filter."""
        return ScriptLogFilter(**vars(self))


@dataclass(frozen=True)
class NewLogLine:
    """A line to store in a script's log."""

    script_id: UUID
    version: int | None
    at: datetime
    level: LogLevel
    text: str
    request_id: str | None = None
    route: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None
