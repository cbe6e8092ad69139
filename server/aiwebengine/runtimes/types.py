"""Programs, their limits, and how a call can fail."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use."""

    call_timeout_secs: float = 5.0
    """From the call to the head of its answer, waiting for a free place included."""
    load_timeout_secs: float = 10.0
    stream_timeout_secs: float = 3_600.0
    """From the head of an answer to its end, and for work after an answer."""
    heap_mb: int = 128
    """The heap that the runtime counts itself; it ends the process above it."""
    resident_mb: int = 300
    """Resident memory of the process: buffers, code and heap."""
    answer_max_bytes: int = 10_000_000
    """The body of an answer, all parts together."""
    concurrent_calls: int = 64
    waiting_calls: int = 256
    """More are refused."""
    processes: int = 2
    """Only for a dialect that blocks; another one answers all calls in one process."""
    log_lines: int = 200
    """Of one call. The rest is counted and left out."""
    idle_secs: float = 600.0


@dataclass(frozen=True, slots=True)
class Program:
    """What a process runs.

    *key* names the program: another version is another program. Programs with the same *group* are
    versions of one thing, whose crashes are counted together.
    """

    key: str
    group: str
    folder: str
    """Absolute path. Nothing in it changes while the program is used."""
    entry: str
    """The file to load, relative to *folder*."""
    dialect: str
    """Which interface the program is written for: a name that the runtime knows."""
    limits: Limits = field(default_factory=Limits)
    tests: tuple[str, ...] | None = None
    """Files with tests, which are loaded after *entry*; None for a program that is served."""

    def as_json(self) -> dict[str, Any]:
        """What `from_json` reads."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Program:
        """Raises KeyError, TypeError for anything but what `as_json` returns."""
        tests = data["tests"]
        limits = Limits(**data["limits"])
        return cls(**{**data, "limits": limits, "tests": None if tests is None else tuple(tests)})


class Reason(StrEnum):
    """Why a call has no answer, apart from what the program itself reports."""

    TIMEOUT = "timeout"
    CRASHED = "crashed"
    MEMORY = "memory"
    ANSWER_TOO_LARGE = "answer_too_large"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"


class RuntimeFailure(Exception):
    """A call without an answer. The message may be shown to the program's author."""


class Lost(RuntimeFailure):
    """The call was ended from outside the program.

    *ended_processes* is how many processes of this group were ended for their own fault in the
    last five minutes, this one included; 0 if the process lives on or was ended for another call.
    """

    def __init__(self, reason: Reason, message: str, ended_processes: int = 0) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.ended_processes = ended_processes


class Failed(RuntimeFailure):
    """The program reports an exception, or can't be loaded; all of it is the program's word.

    The place is in the author's files: *line* and *column* count from 1.
    """

    def __init__(
        self,
        message: str,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        stack: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.line = line
        self.column = column
        self.stack = stack


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a program reports once it is loaded."""

    registrations: list[dict[str, Any]]
    """What it offers, for example its routes. Unchecked."""
    warnings: list[dict[str, Any]]
    """`message`, `file`, `line`, `column` of what its author should look at. Unchecked."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that a program wrote. Unchecked."""

    call: int
    """The call that wrote it; 0 outside of calls."""
    level: str
    """`debug`, `info`, `warn` or `error`."""
    text: str
    file: str | None = None
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One process of one program."""

    key: str
    pid: int
    resident_bytes: int
    calls: int
    started_at: float
    """Seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class GroupStatus:
    """What happened to the programs of one group since the supervisor started."""

    group: str
    waiting: int
    """Calls that wait for a free place now."""
    starts: int
    ended_processes: int
    """Ended for their own fault: time, memory, crash."""


@dataclass(frozen=True, slots=True)
class Status:
    """The state of all runtime processes of an instance."""

    problem: str | None
    """Why no program can run; None while they can."""
    processes: list[ProcessStatus]
    groups: list[GroupStatus]
