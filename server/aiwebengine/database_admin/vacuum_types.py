"""The nouns of this room: vacuum and its runs."""

import enum
from dataclasses import dataclass
from datetime import datetime

import strawberry


@strawberry.enum
class VacuumState(enum.Enum):
    """How a run of vacuum is.

    Attributes:
        RUNNING: under way.
        SUCCEEDED: every table is done.
        FAILED: it stopped at an error; the message says which.
        INTERRUPTED: whoever ran it is gone; doing it again is fine.
    """

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@strawberry.type
class VacuumRun:
    """Tables that somebody had vacuumed, one after the other.

    Attributes:
        id: the number of the run.
        state: how it is.
        started_at: when it began.
        started_by: who began it.
        ended_at: when it ended.
        tables: the tables that it is about, in order.
        tables_done: how many of them are done.
        current_table: the one that is being worked on.
        phase: what PostgreSQL does with it.
        percent: about how much of it is done.
        message: what went wrong.
    """

    id: strawberry.ID
    state: VacuumState
    started_at: datetime
    started_by: str
    ended_at: datetime | None
    tables: list[str]
    tables_done: int
    current_table: str | None
    phase: str | None
    percent: float | None
    message: str | None

    @property
    def number(self) -> int:
        """`id` as the number that it is in the table."""
        return int(self.id)


@strawberry.type
class VacuumProgress:
    """A table that is being vacuumed or analyzed now.

    Attributes:
        pid: the number of the connection that does it.
        table: the table.
        phase: what PostgreSQL does with it.
        percent: about how much of it was read; null before that is known.
        is_automatic: whether PostgreSQL does it by itself.
    """

    pid: int
    table: str
    phase: str
    percent: float | None
    is_automatic: bool


@dataclass(frozen=True)
class VacuumOptions:
    """How to vacuum.

    *analyze* renews the planner's statistics as well; *full* rewrites the table, locked meanwhile.
    """

    analyze: bool = True
    full: bool = False

    def __str__(self) -> str:
        """The options as SQL writes them."""
        chosen = ("full",) * self.full + ("analyze",) * self.analyze
        return f"({', '.join(chosen)})" if chosen else ""
