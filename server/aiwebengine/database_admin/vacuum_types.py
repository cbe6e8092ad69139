"""Vacuum: its options, its progress and its runs."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime

import strawberry

from aiwebengine.jobs.types import Run, RunState


@strawberry.enum
class VacuumState(enum.Enum):
    """State of a run of vacuum.

    Attributes:
        RUNNING: it is running.
        SUCCEEDED: every table is done.
        FAILED: it stopped at an error; the message says which.
        INTERRUPTED: its process is gone; it can be repeated.
    """

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@strawberry.type
class VacuumRun:
    """A run of vacuum: tables that are vacuumed one after the other.

    Attributes:
        id: number of the run.
        state: its state.
        started_at: when it began.
        started_by: who started it.
        ended_at: when it ended.
        tables: its tables, in order.
        tables_done: number of tables that are done.
        current_table: the table that is being vacuumed.
        phase: the phase that PostgreSQL reports for it.
        percent: about how much of it is done.
        message: why it failed.
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
    """A table that is being vacuumed or analyzed now.

    Attributes:
        pid: process number of the connection.
        table: the table.
        phase: the phase that PostgreSQL reports.
        percent: about how much of it was read; null before that is known.
        is_automatic: whether autovacuum does it.
    """

    pid: int
    table: str
    phase: str
    percent: float | None
    is_automatic: bool


@dataclass(frozen=True)
class VacuumOptions:
    """Options of vacuum.

    *analyze* updates the planner's statistics as well; *full* rewrites the table, locked meanwhile.
    """

    analyze: bool = True
    full: bool = False

    def __str__(self) -> str:
        """The options as SQL writes them."""
        chosen = ("full",) * self.full + ("analyze",) * self.analyze
        return f"({', '.join(chosen)})" if chosen else ""


_STATES = {
    RunState.RUNNING: VacuumState.RUNNING,
    RunState.SUCCEEDED: VacuumState.SUCCEEDED,
    RunState.FAILED: VacuumState.FAILED,
    RunState.STOPPED: VacuumState.FAILED,
    RunState.INTERRUPTED: VacuumState.INTERRUPTED,
}
