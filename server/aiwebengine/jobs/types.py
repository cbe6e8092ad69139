"""Types of scheduled tasks and their runs."""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

import strawberry

from aiwebengine.core.errors import EngineError

Note: TypeAlias = Callable[[str], None]
"""Adds one line to the log of a run; callable from any thread. Raises RunEnded once the run was
stopped, so that work in a thread ends, too."""

LOCKS = 0x7461_736B
"""The first half of the advisory locks of runs. A run holds the lock of its number for as long as
its process lives."""

TASK = "task"
"""The kind of a run of a task whose work has no kind of its own."""


class RunEnded(Exception):
    """The run was stopped; its remaining work must end."""


class TaskFailed(EngineError):
    """The task finished and found a problem; the message is the result of the run."""


@dataclass(frozen=True)
class Task:
    """A scheduled task.

    *schedule* is a cron expression or "off"; the configuration can override it. *run* does the work
    and returns a one-sentence result. An exception fails the run, and stopping cancels it. A task
    can run at any time and must tolerate interruption.
    """

    name: str
    title: str
    description: str
    schedule: str
    run: Callable[[Note], Awaitable[str]]


@strawberry.enum
class RunState(enum.Enum):
    """The state of a run.

    Attributes:
        RUNNING: in progress.
        SUCCEEDED: finished without problems.
        FAILED: finished with an error, or found a problem.
        STOPPED: stopped by a user.
        INTERRUPTED: its process ended or stopped sending heartbeats.
    """

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


@dataclass
class Progress:
    """Progress of a run: written by its work, stored by its heartbeat."""

    done: float = 0.0
    """The completed part, 0 to 1."""
    step: str = ""
    """The current step."""
    facts: dict[str, Any] | None = None
    """What the work found so far; None leaves what is stored."""


@dataclass(frozen=True)
class Run:
    """The record of a run of any kind: of a task, of vacuum, of a backup.

    A run of a task whose work has a kind of its own, as a scheduled backup, is one record: *task*
    and *result* are about the task, *kind*, *subject*, *outcome*, *problem* and *facts* about its
    work.
    """

    number: int
    kind: str
    task: str | None
    due_at: datetime | None
    subject: str | None
    state: RunState
    outcome: RunState | None
    started_at: datetime
    beat_at: datetime
    ended_at: datetime | None
    started_by: str
    actor: str
    instance: str
    stopped_by: str | None
    result: str | None
    problem: str | None
    progress: float
    step: str
    lines: list[str] = field(default_factory=list)
    facts: dict[str, Any] | None = None

    @property
    def work_state(self) -> RunState:
        """State of the work; it is known a moment before the run of its task has ended."""
        return self.outcome or self.state

    @property
    def work_ended_at(self) -> datetime | None:
        """When the work ended; None while it is running."""
        return self.ended_at or (None if self.outcome is None else self.beat_at)


@dataclass(frozen=True)
class Only:
    """Which runs to list; None does not restrict."""

    task: str | None = None
    kinds: Sequence[str] | None = None
    of_tasks: bool = False

    @property
    def condition(self) -> str:
        """As SQL."""
        parts = ["true"]
        if self.of_tasks:
            parts.append("r.task is not null")
        if self.task is not None:
            parts.append("r.task = :task")
        if self.kinds is not None:
            parts.append("r.kind = any(:kinds)")
        return " and ".join(parts)

    @property
    def values(self) -> dict[str, object]:
        """The parameters of `condition`."""
        found: dict[str, object] = {}
        if self.task is not None:
            found["task"] = self.task
        if self.kinds is not None:
            found["kinds"] = list(self.kinds)
        return found


@strawberry.type
class TaskRun:
    """A run of a task.

    Attributes:
        id: ID of the run.
        task: name of the task.
        state: state of the run.
        due_at: scheduled time; null if a user started the run.
        started_at: when it started.
        ended_at: when it ended; null while it is running.
        started_by: who started it: a user's email address, the command line or the schedule.
        stopped_by: who stopped it.
        instance: where it runs: host name and process ID.
        result: result in one sentence; null while it is running.
        lines: log of the run, the newest 200 lines.
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

    @classmethod
    def of(cls, run: Run) -> TaskRun:
        """The task's part of the record of a run."""
        return cls(
            id=strawberry.ID(str(run.number)),
            task=run.task or "",
            state=run.state,
            due_at=run.due_at,
            started_at=run.started_at,
            ended_at=run.ended_at,
            started_by=run.started_by,
            stopped_by=run.stopped_by,
            instance=run.instance,
            result=run.result,
            lines=run.lines,
            number=run.number,
        )

    @property
    def has_failed(self) -> bool:
        """Whether the run failed or was interrupted."""
        return self.state in (RunState.FAILED, RunState.INTERRUPTED)


@strawberry.type
class ScheduledTask:
    """A task and its schedule.

    Attributes:
        name: name in the configuration and on the command line.
        title: display name.
        description: what the task does.
        schedule: cron expression, or "off" if the task never runs on its own.
        time_zone: time zone of the schedule.
        next_run_at: next scheduled time; null if the schedule is off.
        last_run: latest run; null if there is none.
        is_running: whether the task is running.
    """

    name: str
    title: str
    description: str
    schedule: str
    time_zone: str
    next_run_at: datetime | None
    last_run: TaskRun | None
    is_running: bool
