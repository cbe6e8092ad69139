"""One program: its processes, and the calls that wait for one."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import Protocol

from aiwebengine.runtimes.calls import Call, lost
from aiwebengine.runtimes.group import Group
from aiwebengine.runtimes.interfaces import Owner
from aiwebengine.runtimes.process import Process
from aiwebengine.runtimes.protocol import QUESTION, Kind
from aiwebengine.runtimes.types import Program, Reason


class Listener(Protocol):
    """A connection that uses a program."""

    def wrote_line(self, served: Served, head: bytes) -> None:
        """The program wrote a log line outside of calls."""

    def load_asks(self, served: Served, head: memoryview, body: bytes) -> None:
        """The program asks while it is loaded; `Served.reply_to_load` takes the answer."""

    def load_over(self, served: Served, load: int) -> None:
        """The load that has asked is over."""


class CannotStart(Exception):
    """No process can be started now."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.loss = lost(reason, message)


class Starter(Protocol):
    """What has the processes of all programs."""

    def start(self, program: Program, owner: Owner) -> Process:
        """Start a process. Raises CannotStart."""

    def ended(self, process: Process) -> None:
        """A process takes no more calls."""

    def waits(self, served: Served) -> None:
        """A call of this program waits."""

    def is_unused(self, served: Served) -> None:
        """Nothing refers to the program any more."""

    def now(self) -> float:
        """The time of deadlines."""


class Served:
    """A program that is called, by any number of connections."""

    def __init__(self, program: Program, group: Group, starter: Starter, *, blocks: bool) -> None:
        self.program = program
        self.group = group
        self.processes: list[Process] = []
        self.waiting: deque[Call] = deque()
        self.listeners: list[Listener] = []
        """Those that know the program; the one that used it last is at the end."""
        self._starter = starter
        self._blocks = blocks
        self._starting: Process | None = None
        self._loads: list[Call] = []
        # What answers the questions of `_starting`, once it has asked.
        self._answering: Listener | None = None
        self._load = 0

    # From connections

    def add(self, listener: Listener) -> None:
        """A connection uses the program."""
        if listener in self.listeners:
            self.listeners.remove(listener)
        self.listeners.append(listener)

    def remove(self, listener: Listener) -> None:
        """A connection does not use the program any more."""
        if listener in self.listeners:
            self.listeners.remove(listener)
        if listener is self._answering:
            self._load_again()
        self._check_use()

    def load(self, load: Call) -> None:
        """Answer READY, NOT_READY or LOST; the process stays."""
        for process in self.processes:
            process.is_retiring = False
        ready = next((one for one in self.processes if one.registrations is not None), None)
        if ready is not None and ready.registrations is not None:
            load.finish(Kind.READY, ready.registrations)
            return
        self._loads.append(load)
        self._start_one()

    def call(self, call: Call) -> None:
        """Give a call to a process, now or when one has a place for it."""
        process = self._free_process()
        if process is not None and not self.waiting:
            process.begin(call)
            return
        limits, calls = self.program.limits, len(self.waiting)
        calls += sum(len(process.calls) for process in self.processes)
        # While it starts, those that will run at once wait as well.
        if calls >= limits.concurrent_calls + limits.waiting_calls:
            call.lose(Reason.BUSY, f"{calls} calls of this program run or wait already.")
            return
        self.waiting.append(call)
        self._starter.waits(self)
        if not self.processes:
            self._start_one()

    def reply_to_load(self, head: memoryview, body: memoryview) -> None:
        """Pass on the answer to a question of the load."""
        process = self._starting
        if process is not None and QUESTION.unpack_from(body)[1] == self._load:
            process.questions.reply(process.questions, head, body)

    def adopt(self, process: Process) -> None:
        """Call a process that somebody else has started for this program."""
        self.processes.append(process)
        self.group.starts += 1
        self._begin_waiting()

    def cancel(self, call: Call) -> None:
        """Nobody waits for a call any more."""
        if call.process is not None:
            if call.inner in call.process.calls:
                call.process.cancel(call)
            elif call.kind == Kind.LOAD:
                call.process.stop()
        elif call in self._loads:
            self._loads.remove(call)
        elif call in self.waiting:
            self.waiting.remove(call)
            self._check_use()

    def retire(self) -> None:
        """End the processes once they have no calls."""
        for process in list(self.processes):
            process.retire()
        self._check_use()

    # From the pool

    def expire(self, now: float) -> None:
        """End the calls that have waited for too long."""
        while self.waiting and self.waiting[0].deadline <= now:
            secs = self.program.limits.call_timeout_secs
            text = f"No process of this program was free within {secs:g} s."
            self.waiting.popleft().lose(Reason.TIMEOUT, text)
        self._check_use()

    # From its processes

    def loaded(self, process: Process, kind: int, head: bytes) -> None:
        """Answer those that wait for the program to be loaded."""
        if process is self._starting:
            self._starting = None
            self._end_answers()
        self._end_loads(kind, head)
        if kind == Kind.READY:
            self._begin_waiting()
            if process.is_retiring:
                process.retire()
        else:
            self._end_waiting(Kind.FAILED, head)

    def has_place(self, process: Process) -> None:
        """A call is over: the next one begins."""
        if self.waiting:
            self._begin_waiting()
        if process.is_retiring and not process.calls:
            process.stop()

    def has_ended(self, process: Process, loss: bytes) -> None:
        """A process takes no more calls: those that wait get another one, unless it never ran."""
        if process in self.processes:
            self.processes.remove(process)
        self._starter.ended(process)
        if process is self._starting:
            self._starting = None
            self._end_answers()
            self._end_loads(Kind.LOST, loss)
            if not self.processes:
                self._end_waiting(Kind.LOST, loss)
        elif self.waiting and not self.processes:
            self._start_one()
        self._check_use()

    def asks(self, process: Process, head: memoryview, body: memoryview) -> None:
        """Let one connection answer what the program asks while it is loaded."""
        if self._answering is None and self.listeners:
            self._answering = self.listeners[-1]
            self._load += 1
        if self._answering is None:
            process.stop()
            return
        number, _, blocks = QUESTION.unpack_from(body)
        content = b"".join((QUESTION.pack(number, self._load, blocks), body[QUESTION.size :]))
        self._answering.load_asks(self, head, content)

    def count_fault(self) -> int:
        """Count it for the group."""
        return self.group.count_fault(self._starter.now())

    def wrote_line(self, head: bytes) -> None:
        """Pass a log line to one connection."""
        if self.listeners:
            self.listeners[-1].wrote_line(self, head)

    # How

    def _free_process(self) -> Process | None:
        """The process with the fewest calls, if this program may have another call now."""
        ready = [one for one in self.processes if one.registrations is not None]
        total = sum(len(process.calls) for process in ready)
        if not ready or total >= self.program.limits.concurrent_calls:
            return None
        best = min(ready, key=_load_of)
        may_add = len(self.processes) < self.program.limits.processes
        if self._blocks and best.calls and self._starting is None and may_add:
            with suppress(CannotStart):
                self._add_process()
        if best.questions.is_blocking and self._starting is not None:
            # What it waits for may be this very call.
            return None
        return best

    def _start_one(self) -> None:
        if self._starting is not None:
            return
        try:
            self._add_process()
        except CannotStart as error:
            self._end_loads(Kind.LOST, error.loss)
            self._end_waiting(Kind.LOST, error.loss)

    def _add_process(self) -> None:
        self._starting = self._starter.start(self.program, self)
        self.processes.append(self._starting)
        self.group.starts += 1

    def _end_answers(self) -> None:
        answering, self._answering = self._answering, None
        if answering is not None:
            answering.load_over(self, self._load)

    def _load_again(self) -> None:
        """What answered the program's questions has gone: load it once more."""
        process, self._starting = self._starting, None
        self._answering = None
        if process is not None:
            process.stop()
        if self.waiting or self._loads:
            self._start_one()

    def _end_loads(self, kind: int, head: bytes) -> None:
        loads, self._loads = self._loads, []
        for load in loads:
            load.finish(kind, head)

    def _begin_waiting(self) -> None:
        while self.waiting and (process := self._free_process()) is not None:
            process.begin(self.waiting.popleft())

    def _end_waiting(self, kind: int, head: bytes) -> None:
        waiting, self.waiting = self.waiting, deque()
        for call in waiting:
            call.finish(kind, head)

    def _check_use(self) -> None:
        if not (self.listeners or self.processes or self.waiting or self._loads):
            self._starter.is_unused(self)


class Trial:
    """Loads a program in a process of its own, to see whether it can be loaded.

    With *keep* the process is called afterwards.
    """

    def __init__(self, load: Call, served: Served, starter: Starter, *, keep: bool) -> None:
        self._load: Call | None = load
        self._served = served
        self._starter = starter
        self._keep = keep
        try:
            load.process = starter.start(served.program, self)
        except CannotStart as error:
            self._answer(Kind.LOST, error.loss)

    def loaded(self, process: Process, kind: int, head: bytes) -> None:
        """Answer, and end the process unless it is kept."""
        is_kept = self._keep and kind == Kind.READY and self._load is not None
        if is_kept:
            process.change_owner(self._served)
        self._answer(kind, head)
        if is_kept:
            self._served.adopt(process)
        else:
            process.stop()

    def has_place(self, process: Process) -> None:
        """It has no calls."""

    def has_ended(self, process: Process, loss: bytes) -> None:
        """Answer, if it was not loaded."""
        self._starter.ended(process)
        self._answer(Kind.LOST, loss)

    def count_fault(self) -> int:
        """A trial is no fault of what runs."""
        return 0

    def wrote_line(self, head: bytes) -> None:
        """Pass a log line on."""
        self._served.wrote_line(head)

    def asks(self, process: Process, head: memoryview, body: memoryview) -> None:
        """Let the one who loads answer."""
        if self._load is not None:
            self._load.send(Kind.ASK, head, body)

    def _answer(self, kind: int, head: bytes) -> None:
        load, self._load = self._load, None
        if load is not None:
            load.finish(kind, head)


def _load_of(process: Process) -> tuple[bool, int]:
    """Orders processes: first those that don't wait for a reply, then those with few calls."""
    return process.questions.is_blocking, len(process.calls)
