"""One runtime process: its calls, its limits and its end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from contextlib import suppress
from subprocess import SubprocessError

from aiwebengine.runtimes.calls import CANCELLED, RUNNING, STREAMING, WORKING, Call, lost
from aiwebengine.runtimes.channel import Channel
from aiwebengine.runtimes.interfaces import Owner, Runtime
from aiwebengine.runtimes.memory import Memory, Meter
from aiwebengine.runtimes.ping import IdleTime, Ping
from aiwebengine.runtimes.protocol import WINDOW, Frame, FrameError, Kind, frame
from aiwebengine.runtimes.questions import LARGEST_BODY_BYTES, Asker, Data, Questions
from aiwebengine.runtimes.reply_pipe import ReplyPipe
from aiwebengine.runtimes.types import Program, Reason

# What a frame may have beside the body of an answer.
HEAD_BYTES = 1 << 20
LOG_BYTES = 1 << 15
# Left-out lines and late frames between two looks, above which the process is not read until then.
FLOOD = 2_000
LAST_CALL = 0xFFFF_FFFF
LOG_PERIOD_SECS = 60.0

# As numbers: looking up a member of an Enum for each frame is slow.
_LOG, _ASK = int(Kind.LOG), int(Kind.ASK)
_STREAMED = frozenset(map(int, (Kind.ANSWER_OPEN, Kind.OUTPUT)))
_WITH_ANSWER = _STREAMED | {int(Kind.ANSWER), int(Kind.ANSWER_WORKING)}
_LAST = frozenset(map(int, (Kind.ANSWER, Kind.OUTPUT_END, Kind.SETTLED, Kind.FAILED)))
_NEXT = {
    int(Kind.ANSWER_OPEN): STREAMING,
    int(Kind.ANSWER_WORKING): WORKING,
    int(Kind.OUTPUT_END_WORKING): WORKING,
}


class Process:
    """One process with one program. Its end loses the calls in it and nothing else."""

    def __init__(
        self, program: Program, runtime: Runtime, owner: Owner, pipe: ReplyPipe | None
    ) -> None:
        self.program = program
        self.calls: dict[int, Call] = {}
        self.registrations: bytes | None = None
        """The head of READY, once the program is loaded."""
        self.is_ended = False
        self.is_retiring = False
        self.memory = Memory(0, 0)
        self.started_at = time.time()
        most = max(program.limits.answer_max_bytes, LARGEST_BODY_BYTES)
        self.channel = Channel(self, most + HEAD_BYTES)
        self.questions = Questions(self._reply, can_block=pipe is not None)
        self._runtime = runtime
        self._owner = owner
        self._pipe = pipe
        self._limits = program.limits
        self._now = asyncio.get_running_loop().time
        # uvloop's clock counts milliseconds: two short calls would end at the same time.
        self.used = time.monotonic()
        """When its last call was over."""
        self.looked = self.used
        """When its limits were last checked."""
        self._load_deadline = self.used + program.limits.load_timeout_secs
        self._meter: Meter | None = None
        self._last = 0
        self._ping: Ping | None = None
        self._idle_time: IdleTime | None = None
        self._uncredited: list[tuple[Call, int]] = []
        self._flood = 0
        self._outside_lines = 0
        self._outside_since = self.used

    # Start and end

    async def start(self) -> None:
        """Start it; the owner gets READY, NOT_READY or the end."""
        path = self._pipe.path if self._pipe else None
        try:
            if self._pipe is not None:
                await self._pipe.connect()
            command = self._runtime.command(self.program, path)
            await self.channel.open(command, self._runtime.environment())
        except (OSError, SubprocessError) as error:
            self.fail(Reason.UNAVAILABLE, f"No process could be started: {error}.")
            return
        self._meter = Meter(self.channel.pid)
        if self.is_ended:
            self.channel.kill()

    def stop(self) -> None:
        """End it for no fault of its own; calls in it are lost."""
        message = "The program was stopped."
        self._end(lost(Reason.UNAVAILABLE, message))
        self._lose_calls(None, Reason.UNAVAILABLE, message, 0)

    def fail(self, reason: Reason, message: str, culprits: Collection[Call] | None = None) -> None:
        """End it for the fault of the *culprits* among its calls, or of all; the others crash."""
        if self.is_ended:
            return
        count = 0 if reason is Reason.UNAVAILABLE else self._owner.count_fault()
        self._end(lost(reason, message, count))
        self._lose_calls(culprits, reason, message, count)

    def change_owner(self, owner: Owner) -> None:
        """Report to another owner from now on."""
        self._owner = owner

    def retire(self) -> None:
        """End it once it has no calls."""
        self.is_retiring = True
        if not self.calls and self.registrations is not None:
            self.stop()

    def _end(self, loss: bytes) -> None:
        if self.is_ended:
            return
        self.is_ended = True
        self.channel.kill()
        if self._pipe is not None:
            self._pipe.close()
        self._owner.has_ended(self, loss)

    def _lose_calls(
        self, culprits: Collection[Call] | None, reason: Reason, message: str, count: int
    ) -> None:
        calls, self.calls = list(self.calls.values()), {}
        for call in calls:
            if culprits is None or call in culprits:
                call.lose(reason, message, count)
            else:
                call.lose(Reason.CRASHED, "Another call ended the process of this program.")

    # Calls

    def begin(self, call: Call) -> None:
        """Send a call to the process."""
        self._last = number = self._last + 1
        if number >= LAST_CALL:
            self.is_retiring = True
        call.process, call.inner, call.state = self, number, RUNNING
        self.calls[number] = call
        self._idle_time = None
        self.channel.write(frame(call.kind, number, call.head, call.body))
        call.head = call.body = b""
        for kind, piece in call.input:
            self.put_in(call, kind, piece)
        call.input.clear()

    def put_in(self, call: Call, kind: int, piece: bytes | memoryview) -> None:
        """Send a piece of a call's input; its caller gets credit when it is on its way."""
        self.channel.write(frame(kind, call.inner, b"", piece))
        if call.state is RUNNING:
            # Nobody can answer what has not arrived.
            call.deadline = max(call.deadline, self._now() + self._limits.call_timeout_secs)
        if not piece:
            return
        if self.channel.is_full:
            self._uncredited.append((call, len(piece)))
        else:
            call.give_credit(len(piece))

    def read(self, call: Call, number_of_bytes: int, credit: memoryview) -> None:
        """The caller has read as many more bytes of the answer."""
        call.read += number_of_bytes
        self.channel.write(frame(Kind.CREDIT, call.inner, b"", credit))

    def _reply(self, number: int, head: Data, body: Data, *, blocks: bool) -> None:
        """Send the reply to a question."""
        if not blocks:
            self.channel.write(frame(Kind.REPLY, number, head, body))
        elif self._pipe is not None:
            self._pipe.reply(number, head, body)

    def cancel(self, call: Call) -> None:
        """Nobody waits for this call any more. The process must still end it."""
        call.state = CANCELLED
        call.deadline = self._now() + self._limits.call_timeout_secs
        self.channel.write(frame(Kind.CANCEL, call.inner))
        self.questions.give_up(call)

    def _over(self, call: Call) -> None:
        del self.calls[call.inner]
        self.used = time.monotonic()
        self.questions.give_up(call)

    def drained(self) -> None:
        """The process reads its input again."""
        waiting, self._uncredited = self._uncredited, []
        for call, number_of_bytes in waiting:
            if call.inner in self.calls and call.state is not CANCELLED:
                call.give_credit(number_of_bytes)

    # What the process sends. Nothing of it is trusted.

    def received(self, received: Frame) -> None:
        """Forward a frame to the caller, if the state of its call allows it."""
        kind, _, number, head, body = received
        call = self.calls.get(number)
        if call is None:
            self._received_outside(kind, number, head, body)
        elif call.state is CANCELLED:
            if kind in _LAST:
                self._over(call)
                self._owner.has_place(self)
            elif kind == _ASK and self._asks(call, head, body):
                self._count_flood()
                self.questions.give_up(call)
        elif kind not in call.state.allowed:
            self._violated(f"frame {kind} of a call that is {call.state.name}")
        elif kind in _WITH_ANSWER and not self._may_send(call, kind, len(body)):
            return
        elif kind in _LAST:
            self._over(call)
            call.finish(kind, head, body)
            self._owner.has_place(self)
        elif kind == _LOG:
            self._log(call, head)
        elif kind == _ASK:
            if self._asks(call, head, body):
                call.send(_ASK, head, body)
        else:
            if kind in _NEXT:
                call.state = _NEXT[kind]
                call.deadline = self._now() + self._limits.stream_timeout_secs
            call.send(kind, head, body)

    def _received_outside(self, kind: int, number: int, head: memoryview, body: memoryview) -> None:
        if number > self._last:
            self._violated(f"frame {kind} of call {number}, which does not exist")
        elif number:
            # The call was over before this arrived.
            self._count_flood()
        elif kind == Kind.PONG:
            self._pong()
        elif kind == Kind.LOG:
            self._log_outside(head)
        elif kind in (Kind.READY, Kind.NOT_READY) and self.registrations is None:
            self._loaded(kind, bytes(head))
        elif kind == _ASK and self.registrations is None:
            if self._asks(self.questions, head, body):
                self._owner.asks(self, head, body)
        else:
            self._violated(f"frame {kind} outside of calls")

    def _loaded(self, kind: int, head: bytes) -> None:
        if self._pipe is not None:
            self._pipe.opened()
        if kind == Kind.READY:
            self.registrations = head
        self.used = time.monotonic()
        self._owner.loaded(self, kind, head)
        if kind == Kind.NOT_READY:
            self.stop()

    def _asks(self, asker: Asker, head: memoryview, body: memoryview) -> bool:
        """Note a question; one that is not allowed ends the process."""
        problem = self.questions.add(asker, head, body)
        if problem is not None:
            self._violated(problem)
        return problem is None

    def _log(self, call: Call, head: memoryview) -> None:
        call.lines += 1
        if call.lines <= self._limits.log_lines and len(head) <= LOG_BYTES:
            call.send(Kind.LOG, head)
        else:
            call.left_out += 1
            self._count_flood()

    def _log_outside(self, head: memoryview) -> None:
        """As many lines a minute as one call may write."""
        now = self._now()
        if now - self._outside_since > LOG_PERIOD_SECS:
            self._outside_since, self._outside_lines = now, 0
        self._outside_lines += 1
        if self._outside_lines <= self._limits.log_lines and len(head) <= LOG_BYTES:
            self._owner.wrote_line(bytes(head))
        else:
            self._count_flood()

    def _count_flood(self) -> None:
        self._flood += 1
        if self._flood == FLOOD:
            # Until the next look: reading it takes time from its neighbors.
            self.channel.pause(True)

    def _may_send(self, call: Call, kind: int, number_of_bytes: int) -> bool:
        call.answered += number_of_bytes
        if call.answered > self._limits.answer_max_bytes:
            call.lose(Reason.ANSWER_TOO_LARGE, self._too_large())
            if kind in _LAST:
                self._over(call)
                self._owner.has_place(self)
            else:
                self.cancel(call)
            return False
        if kind in _STREAMED and call.answered - call.read > 2 * WINDOW:
            self._violated("more of an answer than its reader allowed")
            return False
        return True

    def _too_large(self) -> str:
        return f"The answer has more than {self._limits.answer_max_bytes} bytes."

    def received_no_frame(self, error: FrameError) -> None:
        """End the process; the call of a frame that is too long is the one to blame."""
        call = self.calls.get(error.call)
        if call is not None and error.kind in _WITH_ANSWER:
            self.fail(Reason.ANSWER_TOO_LARGE, self._too_large(), (call,))
        else:
            self._violated(str(error))

    def closed_output(self) -> None:
        """End the process."""
        self._violated("it closed its output")

    def exited(self, status: str) -> None:
        """Lose its calls."""
        if self._runtime.ran_out_of_memory(self.channel.error_output):
            most = self._limits.heap_mb
            self.fail(Reason.MEMORY, f"The program used more than its heap of {most} MB.")
        else:
            self.fail(Reason.CRASHED, f"The process ended unexpectedly ({status}).")

    def _violated(self, what: str) -> None:
        self.fail(Reason.CRASHED, f"The process broke the protocol: {what}.")

    # Limits

    def look(self, now: float) -> None:
        """Check every limit; called periodically, often while there are calls."""
        if self.is_ended:
            return
        self.looked, self._flood = now, 0
        self.channel.pause(False)
        if self.registrations is None and now > self._load_deadline:
            secs = self._limits.load_timeout_secs
            self.fail(Reason.TIMEOUT, f"The program was not loaded within {secs:g} s.")
            return
        meter = self._meter
        if meter is None:
            return
        self._look_at_memory(meter)
        if self._ping is not None:
            if self._ping.is_unanswered(now):
                self._hangs(self._ping.sent)
        elif any(call.deadline <= now for call in self.calls.values()):
            if self.questions.is_blocking:
                # It can't react, and is not to blame: it waits for the host.
                self._end_overdue(now)
            else:
                self._send_ping(meter, now)
        elif self.is_idle:
            self._look_at_idle_time(meter, now)

    @property
    def is_idle(self) -> bool:
        """Loaded, and without calls."""
        return not self.calls and self.registrations is not None

    def _look_at_memory(self, meter: Meter) -> None:
        with suppress(ProcessLookupError):
            self.memory = meter.memory()
        if self.memory.resident > self._limits.resident_mb << 20:
            found = self.memory.resident >> 20
            most = self._limits.resident_mb
            self.fail(Reason.MEMORY, f"The process used {found} MB of memory; allowed: {most} MB.")

    def _look_at_idle_time(self, meter: Meter, now: float) -> None:
        if now - self.used > self._limits.idle_secs:
            self.stop()
        elif self._idle_time is None:
            self._idle_time = IdleTime(meter, now)
        elif self._idle_time.is_busy(now):
            self._send_ping(meter, now)

    def _send_ping(self, meter: Meter, now: float) -> None:
        self._ping = Ping(meter, now)
        self.channel.write(frame(Kind.PING))

    def _pong(self) -> None:
        """The process reacts: only the calls that are overdue end."""
        if self._ping is None:
            return
        self._ping = None
        self._end_overdue(self._now())

    def _end_overdue(self, now: float) -> None:
        for call in self._overdue(now):
            if call.state is CANCELLED:
                self._over(call)
                self._owner.has_place(self)
            else:
                call.lose(Reason.TIMEOUT, self._too_late(call))
                self.cancel(call)

    def _hangs(self, since: float) -> None:
        """Blame the calls that were overdue then: the others did not have their time."""
        overdue = self._overdue(since)
        first = min(overdue, key=lambda call: call.deadline, default=None)
        self.fail(Reason.TIMEOUT, self._too_late(first), overdue)

    def _overdue(self, now: float) -> list[Call]:
        return [call for call in self.calls.values() if call.deadline <= now]

    def _too_late(self, call: Call | None) -> str:
        if call is None:
            return "The program kept the processor busy without a call."
        if call.state in (RUNNING, CANCELLED):
            return f"No answer within {self._limits.call_timeout_secs:g} s."
        return f"The answer was not over within {self._limits.stream_timeout_secs:g} s."
