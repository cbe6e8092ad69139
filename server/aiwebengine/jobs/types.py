"""The nouns of this room."""

import enum
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

import strawberry

from aiwebengine.core.errors import EngineError

Note: TypeAlias = Callable[[str], None]
"""Takes one line for the log of a run, from any thread. Raises RunEnded once the run was stopped,
so that work in a thread of its own ends, too."""


class RunEnded(Exception):
    """The run was stopped; whatever still works for it should end."""


class TaskFailed(EngineError):
    """The task did its work and found that something is wrong; the message is the result."""


@dataclass(frozen=True)
class Task:
    """Something that is to be done again and again.

    *schedule* is a cron expression, or "off"; the configuration may say otherwise. *run* does the
    work and gives one sentence about the result. When it raises, the run has failed; it is
    cancelled when somebody stops it. It may be run at any time, and must not mind being
    interrupted.
    """

    name: str
    title: str
    description: str
    schedule: str
    run: Callable[[Note], Awaitable[str]]


@strawberry.enum
class RunState(enum.Enum):
    """How far a run is.

    Attributes:
        RUNNING: it is at work.
        SUCCEEDED: it did its work.
        FAILED: it could not do its work, or found that something is wrong.
        STOPPED: somebody stopped it.
        INTERRUPTED: its process ended, or gave no sign of life any more.
    """

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


@strawberry.type
class TaskRun:
    """One run of a task.

    Attributes:
        id: its number.
        task: the task's name.
        state: how far it is.
        due_at: the time of the schedule; null when somebody started it.
        started_at: when it began.
        ended_at: when it ended; null while it runs.
        started_by: who started it: an address, the command line, or the schedule.
        stopped_by: who asked for its stop.
        instance: where it runs: the machine and the number of the process.
        result: one sentence about what came of it; null while it runs.
        lines: what it noted meanwhile; the newest 200 lines.
    """

    id: strawberry.ID
    task: str
    state: RunState
    due_at: datetime | None
    started_at: datetime
    ended_at: datetime | None
    started_by: str
    stopped_by: str | None
    instance: str
    result: str | None
    lines: list[str]
    number: strawberry.Private[int]

    @property
    def has_failed(self) -> bool:
        """Whether it ended without having done its work."""
        return self.state in (RunState.FAILED, RunState.INTERRUPTED)


@strawberry.type
class ScheduledTask:
    """A task and its schedule.

    Attributes:
        name: what it is called in the configuration and at the command line.
        title: what it is called for people.
        description: what it does.
        schedule: when, as a cron expression; "off" for never by itself.
        time_zone: the time zone of the schedule.
        next_run_at: when it is due next; null when its schedule is off.
        last_run: the newest run; null when there was none.
        is_running: whether it is at work now.
    """

    name: str
    title: str
    description: str
    schedule: str
    time_zone: str
    next_run_at: datetime | None
    last_run: TaskRun | None
    is_running: bool
