"""All programs of an instance: how many processes, how much memory, and for how long."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from aiwebengine.runtimes.calls import Call
from aiwebengine.runtimes.group import Group
from aiwebengine.runtimes.interfaces import Owner, Runtime
from aiwebengine.runtimes.process import Process
from aiwebengine.runtimes.reply_pipe import ReplyPipe
from aiwebengine.runtimes.served import CannotStart, Served, Trial
from aiwebengine.runtimes.types import ProcessStatus, Program, Reason, Status

# How often limits are checked, while there are calls and while there are only processes.
BUSY_SECS = 0.05
IDLE_SECS = 0.25
# After a call its process may still be busy.
CALM_SECS = 1.0
# What a process takes before it was measured.
NEW_PROCESS_BYTES = 15 << 20
END_SECS = 5.0


@dataclass(frozen=True, slots=True)
class Budget:
    """What all processes together may use."""

    max_processes: int = 100
    max_memory_mb: int = 1_024
    """Memory that would be free without them: what they share counts for none."""


class Pool:
    """Starts processes when they are needed, within a budget, and ends what is idle."""

    def __init__(self, runtime: Runtime, pipes: Path, budget: Budget) -> None:
        self.problem: str | None = None
        """Why nothing can be started."""
        self._runtime = runtime
        self._pipes = pipes
        self._budget = budget
        self._served: dict[str, Served] = {}
        self._groups: dict[str, Group] = {}
        self._with_waiting: set[Served] = set()
        # Those that take calls, and those that have not ended yet.
        self._processes: set[Process] = set()
        self._not_gone: set[Process] = set()
        self._starts: set[asyncio.Task[None]] = set()
        self._numbers = count(1)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._is_busy = False

    def program(self, program: Program) -> Served:
        """The program as it is served. Other limits of a known one hold from its next process."""
        served = self._served.get(program.key)
        if served is None:
            group = self._groups.setdefault(program.group, Group(program.group))
            blocks = self._runtime.blocks(program.dialect)
            served = self._served[program.key] = Served(program, group, self, blocks=blocks)
        served.program = program
        return served

    def call(self, served: Served, call: Call) -> None:
        """Pass a call to its program."""
        if not self._is_busy:
            self._look_soon()
        served.call(call)

    def check(self, served: Served, load: Call, *, keep: bool) -> None:
        """Load a program in a process of its own, which ends unless it is kept."""
        self._look_soon()
        Trial(load, served, self, keep=keep)

    def status(self) -> Status:
        """What there is now."""
        waiting: dict[str, int] = {}
        for served in self._with_waiting:
            name = served.group.name
            waiting[name] = waiting.get(name, 0) + len(served.waiting)
        return Status(
            self.problem,
            [_status(process) for process in self._processes],
            [group.status(waiting.get(name, 0)) for name, group in self._groups.items()],
        )

    async def stop(self) -> None:
        """End every process, and wait until they have."""
        self.problem = "The runtimes are stopping."
        if self._timer is not None:
            self._timer.cancel()
        for process in list(self._processes):
            process.stop()
        futures = [process.channel.is_gone for process in self._not_gone]
        if futures or self._starts:
            await asyncio.wait([*futures, *self._starts], timeout=END_SECS)

    # For programs

    def start(self, program: Program, owner: Owner) -> Process:
        """Start a process. Raises CannotStart."""
        if self.problem is not None:
            raise CannotStart(Reason.UNAVAILABLE, self.problem)
        self._make_space()
        process = Process(program, self._runtime, owner, self._pipe_of(program))
        self._processes.add(process)
        self._not_gone.add(process)
        process.channel.is_gone.add_done_callback(lambda _: self._not_gone.discard(process))
        task = self._loop.create_task(process.start())
        self._starts.add(task)
        task.add_done_callback(self._starts.discard)
        self._look_soon()
        return process

    def ended(self, process: Process) -> None:
        """It does not count any more."""
        self._processes.discard(process)

    def waits(self, served: Served) -> None:
        """Its calls may have to wait for too long."""
        self._with_waiting.add(served)

    def is_unused(self, served: Served) -> None:
        """Forget it."""
        if self._served.get(served.program.key) is served:
            del self._served[served.program.key]

    def now(self) -> float:
        """The time of deadlines."""
        return self._loop.time()

    # How

    def _pipe_of(self, program: Program) -> ReplyPipe | None:
        if not self._runtime.blocks(program.dialect):
            return None
        try:
            return ReplyPipe(self._pipes / str(next(self._numbers)))
        except OSError as error:
            text = f"No pipe could be made: {error}."
            raise CannotStart(Reason.UNAVAILABLE, text) from None

    def _make_space(self) -> None:
        """End idle processes, the one unused for longest first, until there is space for one."""
        idle = self._idle()
        while len(self._processes) >= self._budget.max_processes:
            victim = next(idle, None)
            if victim is None:
                most = self._budget.max_processes
                raise CannotStart(Reason.BUSY, f"All {most} processes for programs are busy.")
            victim.stop()
        while self._memory() + NEW_PROCESS_BYTES > self._budget.max_memory_mb << 20:
            victim = next(idle, None)
            if victim is None:
                most = self._budget.max_memory_mb
                raise CannotStart(Reason.BUSY, f"All {most} MB for programs are in use.")
            victim.stop()

    def _idle(self) -> Iterator[Process]:
        idle = [process for process in self._processes if process.is_idle]
        return iter(sorted(idle, key=lambda process: process.used))

    def _memory(self) -> int:
        return sum(process.memory.private or NEW_PROCESS_BYTES for process in self._processes)

    def _look_soon(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._is_busy = True
        self._timer = self._loop.call_later(BUSY_SECS, self._look)

    def _look(self) -> None:
        """Check the limits of every process and of all together."""
        now = self._loop.time()
        for process in list(self._processes):
            if not process.is_idle or process.looked + IDLE_SECS <= now:
                process.look(now)
        for served in list(self._with_waiting):
            served.expire(now)
            if not served.waiting:
                self._with_waiting.discard(served)
        idle = self._idle()
        while self._memory() > self._budget.max_memory_mb << 20 and (victim := next(idle, None)):
            victim.stop()
        self._is_busy = bool(self._with_waiting) or any(
            not process.is_idle or now - process.used < CALM_SECS for process in self._processes
        )
        if self._is_busy or self._processes:
            secs = BUSY_SECS if self._is_busy else IDLE_SECS
            self._timer = self._loop.call_later(secs, self._look)


def _status(process: Process) -> ProcessStatus:
    return ProcessStatus(
        process.program.key,
        process.channel.pid,
        process.memory.resident,
        len(process.calls),
        process.started_at,
    )
