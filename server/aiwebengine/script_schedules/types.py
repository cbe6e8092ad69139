"""Schedules of scripts and their runs."""

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from aiwebengine.script_schedules.plans import CRON, ONCE, Plan

MOST_SCHEDULES = 10_000
"""Schedules of one script."""
LARGEST_DATA_BYTES = 65_536
"""The data of one schedule, as JSON."""
LONGEST_NAME = 100
MOST_RETRIES = 20
RETRIES_ONCE = 4
"""How often a run that is due once is repeated after a failure, by default."""
RETRIES_RECURRING = 2
"""The same for a recurring one; the next planned time comes first."""
KEPT_RUNS = 100
"""Records of runs that are kept of one schedule."""
KEPT_RUNS_OF_SCRIPT = 5_000


@strawberry.enum
class ScriptScheduleState(enum.Enum):
    """State of a schedule.

    Attributes:
        WAITING: its next run is not due yet.
        DUE: its run is due and begins as soon as a process is free.
        RUNNING: its run is in progress.
        RETRYING: its run failed and is repeated.
        PAUSED: the script is suspended, deleted or has no active version.
    """

    WAITING = "waiting"
    DUE = "due"
    RUNNING = "running"
    RETRYING = "retrying"
    PAUSED = "paused"


@strawberry.enum
class ScriptRunState(enum.Enum):
    """State of a run of a schedule.

    Attributes:
        RUNNING: in progress.
        SUCCEEDED: the handler returned.
        FAILED: the handler threw an exception, took too long or lost its process.
        INTERRUPTED: the engine that ran it has ended; whether the handler finished is unknown.
    """

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@strawberry.type
class ScriptScheduleRun:
    """One attempt to run a schedule.

    Attributes:
        id: ID of the run.
        name: name of the schedule.
        version: version of the script that ran.
        due_at: the planned time.
        attempt: 1 for the first attempt.
        state: state of the run.
        started_by: `schedule`, or who asked for it.
        started_at: when it started.
        ended_at: when it ended; null while it is running.
        request_id: the request ID of its log lines.
        problem: why it failed; null unless it did.
    """

    id: strawberry.ID
    name: str
    version: int | None
    due_at: datetime
    attempt: int
    state: ScriptRunState
    started_by: str
    started_at: datetime
    ended_at: datetime | None
    request_id: str
    problem: str | None
    number: strawberry.Private[int]


@strawberry.type
class ScriptSchedule:
    """A schedule of a script.

    Attributes:
        name: name of the schedule.
        plan: a cron expression, an interval such as `every 5 min`, or `once`.
        time_zone: time zone of a cron expression; null for other plans.
        is_declared: whether the active version declares it; otherwise a handler has set it.
        state: current state.
        next_run_at: when it runs next.
        attempt: how often the run that is next was tried.
        retries: how often a run that fails is repeated.
        last_run: latest run; null if there is none.
    """

    name: str
    plan: str
    time_zone: str | None
    is_declared: bool
    state: ScriptScheduleState
    next_run_at: datetime
    attempt: int
    retries: int
    last_run: ScriptScheduleRun | None


@dataclass(frozen=True)
class Wanted:
    """A schedule as its author wants it."""

    name: str
    plan: Plan
    handler: str
    retries: int
    data: str | None = None
    """JSON."""


@dataclass(frozen=True)
class Stored:
    """A schedule as it is stored."""

    wanted: Wanted
    is_declared: bool
    next_at: datetime
    is_running: bool

    def as_json(self) -> dict[str, Any]:
        """What `env.schedule.list()` returns of it."""
        plan = self.wanted.plan
        return {
            "name": self.wanted.name,
            "kind": plan.kind,
            "cron": plan.cron,
            "timeZone": plan.time_zone if plan.kind == CRON else None,
            "every": plan.every_ms,
            "next": self.next_at.isoformat().replace("+00:00", "Z"),
            "isDeclared": self.is_declared,
            "isRunning": self.is_running,
        }


@dataclass(frozen=True)
class Claimed:
    """A run that this process has begun."""

    script_id: UUID
    name: str
    plan: Plan
    anchor: datetime
    handler: str
    retries: int
    data: str | None
    due_at: datetime
    attempt: int
    revision: int
    runner: int
    run_number: int
    request_id: str
    now: datetime
    """The database's time of the claim."""

    @property
    def owner(self) -> UUID:
        """The script."""
        return self.script_id

    @property
    def is_once(self) -> bool:
        """Whether it has one planned time."""
        return self.plan.kind == ONCE

    @property
    def event_id(self) -> str:
        """The same for each attempt at the same planned time."""
        return f"{self.name}@{self.due_at.isoformat()}"


@dataclass(frozen=True)
class Upcoming:
    """The run of a schedule that is next."""

    next_at: datetime
    due_at: datetime
    """The planned time; before `next_at` when it is repeated."""
    attempt: int = 0
    """How often it was tried."""
