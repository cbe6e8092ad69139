"""Types of vacuum runs."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

import strawberry

from aiwebengine.jobs.types import Run, RunState


@strawberry.enum
class VacuumState(enum.Enum):
    """The state of a vacuum run.

    Attributes:
        RUNNING: in progress.
        SUCCEEDED: all tables are done.
        FAILED: stopped by an error; see `message`.
        INTERRUPTED: its process ended; the run can be repeated.
    """

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@strawberry.type
class VacuumRun:
    """A manual vacuum of one or more tables.

    Attributes:
        id: ID of the run.
        state: state of the run.
        started_at: when it started.
        started_by: who started it.
        ended_at: when it ended.
        tables: tables of the run, in order.
        tables_done: number of finished tables.
        current_table: table in progress.
        phase: phase of the vacuum, as PostgreSQL reports it.
        percent: estimated progress of the table.
        message: error message.
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

    @classmethod
    def of(cls, run: Run) -> VacuumRun:
        """The record of a run, as vacuum shows it."""
        facts = run.facts or {}
        is_running = run.work_state is RunState.RUNNING
        return cls(
            id=strawberry.ID(str(run.number)),
            state=_STATES[run.work_state],
            started_at=run.started_at,
            started_by=run.actor,
            ended_at=run.work_ended_at,
            tables=facts.get("tables", []),
            tables_done=facts.get("tables_done", 0),
            current_table=facts.get("current_table"),
            phase=facts.get("phase") if is_running else None,
            percent=facts.get("percent") if is_running else None,
            message=run.problem,
        )


@strawberry.type
class VacuumProgress:
    """A vacuum or analyze operation in progress.

    Attributes:
        pid: process ID on the server.
        table: the table.
        phase: phase, as PostgreSQL reports it.
        percent: estimated progress; null if unknown.
        is_automatic: whether autovacuum runs it.
    """

    pid: int
    table: str
    phase: str
    percent: float | None
    is_automatic: bool


@dataclass(frozen=True)
class VacuumOptions:
    """Options of a vacuum.

    *analyze* also updates the planner statistics; *full* rewrites and locks the table.
    """

    analyze: bool = True
    full: bool = False

    def __str__(self) -> str:
        """Format the options as SQL."""
        chosen = ("full",) * self.full + ("analyze",) * self.analyze
        return f"({', '.join(chosen)})" if chosen else ""


_STATES = {
    RunState.RUNNING: VacuumState.RUNNING,
    RunState.SUCCEEDED: VacuumState.SUCCEEDED,
    RunState.FAILED: VacuumState.FAILED,
    RunState.STOPPED: VacuumState.FAILED,
    RunState.INTERRUPTED: VacuumState.INTERRUPTED,
}
