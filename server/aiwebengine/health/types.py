"""Types of health."""

import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import strawberry


@strawberry.enum
class HealthState(enum.Enum):
    """State of a health check.

    Attributes:
        OK: the check passed.
        WARNING: it works, but needs attention.
        FAILING: it does not work.
        UNKNOWN: the check could not run, timed out, or has nothing to check.
    """

    OK = "ok"
    WARNING = "warning"
    FAILING = "failing"
    UNKNOWN = "unknown"


@strawberry.enum
class EngineState(enum.Enum):
    """State of the engine as a whole.

    Attributes:
        UP: the database responds and no check is failing.
        DEGRADED: the database responds, but at least one check is failing.
        DOWN: the database does not respond, or the engine is starting or stopping.
    """

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"


@strawberry.type
class HealthCheck:
    """Result of one health check.

    Attributes:
        name: stable name, such as `disk.logs`.
        title: name for people.
        state: state of the check.
        detail: what the check found.
        since: start of this state.
        checked_at: when the check last ran.
        remedy: what to do; null when no action is needed.
    """

    name: str
    title: str
    state: HealthState
    detail: str
    since: datetime
    checked_at: datetime
    remedy: str | None
    times: strawberry.Private[int]
    """Number of consecutive results in this state."""
    is_shared: strawberry.Private[bool]
    """Whether all instances share the result."""


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
    """Why the engine is down, by cause: `database` or `engine`. Empty otherwise."""


@dataclass(frozen=True)
class Finding:
    """Result of one run of a check; *remedy* overrides the check's own."""

    state: HealthState
    detail: str
    remedy: str | None = None


@dataclass(frozen=True)
class Check:
    """Definition of a health check: what runs, how often, its time limit and its remedy.

    Without *every_secs* it runs every time; a check that is not OK runs at least every few seconds.
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
    """Whether it checks the current process; meaningless in a command."""
    meaning: str = ""
    """What is checked, and when it warns or fails; for the documentation."""


def ok(detail: str) -> Finding:
    """Finding in the state OK."""
    return Finding(HealthState.OK, detail)


def warning(detail: str) -> Finding:
    """Finding in the state WARNING."""
    return Finding(HealthState.WARNING, detail)


def failing(detail: str) -> Finding:
    """Finding in the state FAILING."""
    return Finding(HealthState.FAILING, detail)


def unknown(detail: str) -> Finding:
    """Finding in the state UNKNOWN."""
    return Finding(HealthState.UNKNOWN, detail)
