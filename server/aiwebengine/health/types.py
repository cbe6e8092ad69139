"""The nouns of this room."""

import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import strawberry


@strawberry.enum
class HealthState(enum.Enum):
    """How something is.

    Attributes:
        OK: as it should be.
        WARNING: it works, but not for long, or not well.
        FAILING: it does not work.
        UNKNOWN: it could not be looked at, or not in time, or there is nothing to look at.
    """

    OK = "ok"
    WARNING = "warning"
    FAILING = "failing"
    UNKNOWN = "unknown"


@strawberry.enum
class EngineState(enum.Enum):
    """State of the engine as a whole.

    Attributes:
        UP: the database answers and no check is failing.
        DEGRADED: the database answers, but at least one check is failing.
        DOWN: the database does not answer, or the engine is starting or stopping.
    """

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"


@strawberry.type
class HealthCheck:
    """One thing that must be well for the engine to work.

    Attributes:
        name: its stable name, such as `disk.logs`.
        title: what is looked at.
        state: how it is.
        detail: what was seen.
        since: since when it has been in this state.
        checked_at: when it was looked at last.
        remedy: what to do about it; null when nothing is to be done.
    """

    name: str
    title: str
    state: HealthState
    detail: str
    since: datetime
    checked_at: datetime
    remedy: str | None
    times: strawberry.Private[int]
    """How often in a row it was seen in this state."""
    is_shared: strawberry.Private[bool]
    """Whether it is the same for every instance."""


@strawberry.type
class EngineStatus:
    """State of the engine, and the checks behind it.

    Warnings and unknown checks do not change the state.

    Attributes:
        state: the state of the engine.
        since: start of this state.
        failing: the checks that are failing; may be empty while the engine starts or stops.
        warnings: the checks with a warning.
    """

    state: EngineState
    since: datetime
    failing: list[HealthCheck]
    warnings: list[HealthCheck]
    reasons: strawberry.Private[dict[str, str]]
    """Why the engine is down, by what is to blame: `database` or `engine`. Empty otherwise."""


@dataclass(frozen=True)
class Finding:
    """What one look saw. *remedy* says more than the check's own, when it is known."""

    state: HealthState
    detail: str
    remedy: str | None = None


@dataclass(frozen=True)
class Check:
    """What is looked at, how often and for how long at most, and what to do when it is not well.

    Without *every_secs* it is looked at each time; what is not well, at least every few seconds.
    """

    name: str
    title: str
    see: Callable[[], Awaitable[Finding]]
    remedy: str
    every_secs: float = 0.0
    limit_secs: float = 5.0
    needs_database: bool = False
    is_shared: bool = False
    of_process: bool = False
    """Whether it is about the process that looks; means nothing in a command."""
    meaning: str = ""
    """What is looked at, and from when on it warns or fails; for the documentation."""


def ok(detail: str) -> Finding:
    """It is as it should be."""
    return Finding(HealthState.OK, detail)


def warning(detail: str) -> Finding:
    """It works, but not for long, or not well."""
    return Finding(HealthState.WARNING, detail)


def failing(detail: str) -> Finding:
    """It does not work."""
    return Finding(HealthState.FAILING, detail)


def unknown(detail: str) -> Finding:
    """It can't be seen at present."""
    return Finding(HealthState.UNKNOWN, detail)
