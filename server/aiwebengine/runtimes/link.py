"""A worker's connection to the supervisor, with the calls on it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any, Protocol, cast

import orjson

from aiwebengine.core.buffered_transport import BufferedTransport
from aiwebengine.runtimes import heads
from aiwebengine.runtimes.answers import Answer, Rest
from aiwebengine.runtimes.link_calls import LinkedCall, OnLog, Outside
from aiwebengine.runtimes.protocol import (
    CREDIT_BYTES,
    LOAD,
    QUESTION,
    FrameError,
    FrameReader,
    Kind,
    frame,
)
from aiwebengine.runtimes.questions import LoadAnswers, OnAsk
from aiwebengine.runtimes.replies import reply_to
from aiwebengine.runtimes.sending import Sending
from aiwebengine.runtimes.types import LogLine, Lost, Program, Reason

log = logging.getLogger(__name__)

MAX_FRAME_BYTES = (1 << 30) + (1 << 20)
WATCH_SECS = 1.0
LAST_NUMBER = 0xFFFF_FFFF
# As numbers: looking up a member of an Enum for each frame is slow.
_ANSWER, _CALL = int(Kind.ANSWER), int(Kind.CALL)


class Listener(Protocol):
    """What a connection reports outside of calls."""

    def wrote_line(self, key: str, line: LogLine) -> None:
        """A program wrote a line outside of calls."""

    def load_asks(self, program: Program) -> LoadAnswers:
        """A program asks while it is loaded because it was called. Raises EngineError."""

    def closed(self, link: Link) -> None:
        """The connection has ended, and every call on it."""


class Link(asyncio.Protocol):
    """One connection.

    The supervisor ends what is overdue; if it has not after *patience_secs*, it hangs itself.
    """

    def __init__(self, listener: Listener, patience_secs: float) -> None:
        self._patience_secs = patience_secs
        self.is_closed = False
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._reader = FrameReader(MAX_FRAME_BYTES)
        self._transport: BufferedTransport | None = None
        self._calls: dict[int, LinkedCall] = {}
        self._last = 0
        self._programs: dict[str, tuple[Program, int]] = {}
        self._keys: dict[int, str] = {}
        self._last_program = 0
        self._watch: asyncio.TimerHandle | None = None
        self._replies: set[asyncio.Task[None]] = set()
        # By the numbers of program and load.
        self._loads: dict[tuple[int, int], LoadAnswers] = {}

    # For the client

    async def call(
        self,
        program: Program,
        head: bytes,
        body: bytes,
        pieces: AsyncIterator[bytes] | None,
        on_log: OnLog | None,
        on_ask: OnAsk | None,
    ) -> Answer:
        """Call a program. Raises Failed, Lost."""
        number = self._number_of(program)
        call = self._add(program.key, number, program.limits.call_timeout_secs, on_log)
        call.on_ask = on_ask
        if pieces is None:
            self._write(frame(_CALL, call.number, head, body, number))
        else:
            self._write(frame(Kind.CALL_OPEN, call.number, head, body, number))
            call.sending = Sending(pieces, call)
        try:
            return cast(Answer, await call.future)
        except asyncio.CancelledError:
            call.cancel()
            raise

    async def load(self, program: Program, *, keep: bool, on_ask: OnAsk | None) -> Any:
        """Load a program. Raises Failed, Lost."""
        number = self._number_of(program)
        call = self._add(program.key, number, program.limits.load_timeout_secs, None)
        call.on_ask = on_ask
        wanted = orjson.dumps({"keep": keep, "fresh": on_ask is not None})
        self._write(frame(Kind.LOAD, call.number, wanted, b"", number))
        try:
            return await call.future
        except asyncio.CancelledError:
            call.cancel()
            raise

    async def status(self) -> Any:
        """The state of all processes. Raises Lost."""
        call = self._add("", 0, 0.0, None)
        self._write(frame(Kind.STATUS, call.number))
        return await call.future

    def retire(self, key: str) -> None:
        """Forget a program; its processes end once they have no calls."""
        known = self._programs.pop(key, None)
        if known is not None:
            self._keys.pop(known[1], None)
            self._write(frame(Kind.RETIRE, program=known[1]))

    def close(self) -> None:
        """End the connection and every call on it."""
        if self._transport is not None:
            self._transport.abort()

    # For its calls

    def send(self, call: LinkedCall, kind: int, body: bytes) -> None:
        """Send a frame of a call that is not over."""
        if self._calls.get(call.number) is call:
            self._write(frame(kind, call.number, b"", body, call.program))

    def cancel(self, call: LinkedCall) -> None:
        """Nobody waits for it any more."""
        if self._calls.get(call.number) is call:
            self._write(frame(Kind.CANCEL, call.number, program=call.program))
            self._over(call)

    # From the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The supervisor is there."""
        self._transport = BufferedTransport(cast(asyncio.WriteTransport, transport), self._loop)

    def connection_lost(self, exc: Exception | None) -> None:
        """The supervisor has gone: end every call."""
        self.is_closed = True
        self._transport = None
        if self._watch is not None:
            self._watch.cancel()
        calls = list(self._calls.values())
        for call in calls:
            self._over(call)
            call.fail(Lost(Reason.UNAVAILABLE, "The supervisor of the runtimes has ended."))
        for task in self._replies:
            task.cancel()
        for answers in self._loads.values():
            answers.loaded()
        self._listener.closed(self)

    def data_received(self, data: bytes) -> None:
        """Handle frames."""
        try:
            for kind, program, number, head, body in self._reader.feed(data):
                call = self._calls.get(number)
                if call is None:
                    self._receive_outside(kind, program, number, head, body)
                elif kind == _ANSWER:
                    self._over(call)
                    if not call.future.done():
                        call.future.set_result(Answer(bytes(head), bytes(body)))
                else:
                    self._receive(call, kind, head, body)
        except (FrameError, ValueError, KeyError, TypeError) as error:
            log.error("runtimes.protocol_broken", extra={"detail": repr(error)})
            self.close()

    # From the supervisor

    def _receive(self, call: LinkedCall, kind: int, head: memoryview, body: memoryview) -> None:
        match kind:
            case Kind.ANSWER_OPEN:
                call.rest = Rest(call, len(body))
                call.resolve(Answer(bytes(head), bytes(body), call.rest, call.has_ended()))
            case Kind.OUTPUT if call.rest is not None:
                call.rest.add(bytes(body))
            case Kind.OUTPUT_END if call.rest is not None:
                self._over(call, is_complete=True)
                call.rest.end()
            case Kind.OUTPUT_END_WORKING if call.rest is not None:
                call.rest.end()
            case Kind.ANSWER_WORKING:
                call.resolve(Answer(bytes(head), bytes(body), None, call.has_ended()))
            case Kind.SETTLED:
                self._over(call, is_complete=True)
            case Kind.FAILED | Kind.NOT_READY:
                self._over(call)
                call.fail(heads.failed(head))
            case Kind.LOST:
                self._over(call)
                call.fail(heads.lost(head))
            case Kind.LOG:
                call.log(heads.log_line(call.number, head))
            case Kind.ASK:
                self._ask(call, call.on_ask, head, body)
            case Kind.CREDIT if call.sending is not None:
                call.sending.credit(CREDIT_BYTES.unpack(body)[0])
            case Kind.READY:
                self._over(call)
                call.resolve(heads.loaded(head))
            case Kind.STATUS:
                self._over(call)
                call.resolve(heads.status(head))

    def _receive_outside(
        self, kind: int, program: int, number: int, head: memoryview, body: memoryview
    ) -> None:
        """What is outside of calls; the rest is of a call that was over before it arrived."""
        key = self._keys.get(program)
        if number != 0 or key is None:
            return
        if kind == Kind.LOG:
            self._listener.wrote_line(key, heads.log_line(0, head))
        elif kind == Kind.ASK:
            self._load_asks(program, self._programs[key][0], head, body)
        elif kind == Kind.LOADED:
            answers = self._loads.pop((program, LOAD.unpack(body)[0]), None)
            if answers is not None:
                answers.loaded()

    def _load_asks(self, number: int, program: Program, head: memoryview, body: memoryview) -> None:
        _, load, _ = QUESTION.unpack_from(body)
        answers = self._loads.get((number, load))
        if answers is None:
            answers = self._loads[number, load] = self._listener.load_asks(program)
        self._ask(Outside(number), answers.answer, head, body)

    def _ask(
        self, asker: LinkedCall | Outside, on_ask: OnAsk | None, head: memoryview, body: memoryview
    ) -> None:
        operation, arguments = heads.question(head)
        question, content = bytes(body[: QUESTION.size]), bytes(body[QUESTION.size :])
        task = self._loop.create_task(
            self._reply(asker, question, on_ask, operation, arguments, content)
        )
        self._replies.add(task)
        task.add_done_callback(self._replies.discard)

    async def _reply(
        self,
        asker: LinkedCall | Outside,
        question: bytes,
        on_ask: OnAsk | None,
        operation: str,
        arguments: list[Any],
        content: bytes,
    ) -> None:
        head, body = await reply_to(on_ask, operation, arguments, content)
        if asker.number == 0 or self._calls.get(asker.number) is asker:
            whole = question + body if body else question
            self._write(frame(Kind.REPLY, asker.number, head, whole, asker.program))

    # How

    def _write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def _number_of(self, program: Program) -> int:
        """The number of a program on this connection, which the supervisor knows."""
        known = self._programs.get(program.key)
        if known is not None and (known[0] is program or known[0] == program):
            return known[1]
        self._last_program += 1
        number = self._last_program
        self._programs[program.key] = (program, number)
        self._keys[number] = program.key
        self._write(frame(Kind.PREPARE, 0, orjson.dumps(program.as_json()), b"", number))
        return number

    def _add(self, key: str, program: int, secs: float, on_log: OnLog | None) -> LinkedCall:
        if self.is_closed:
            raise Lost(Reason.UNAVAILABLE, "The supervisor of the runtimes has ended.")
        number = self._last % LAST_NUMBER + 1
        while number in self._calls:
            number = number % LAST_NUMBER + 1
        self._last = number
        if self._watch is None:
            self._watch = self._loop.call_later(WATCH_SECS, self._look)
        call = self._calls[number] = LinkedCall(self, key, program, number, on_log)
        call.secs = secs + self._patience_secs
        call.latest = self._loop.time() + call.secs
        return call

    def _over(self, call: LinkedCall, *, is_complete: bool = False) -> None:
        self._calls.pop(call.number, None)
        if call.over is not None and not call.over.done():
            call.over.set_result(is_complete)
        if call.sending is not None:
            call.sending.stop()

    def _look(self) -> None:
        """Do not wait for a supervisor that hangs."""
        now = self._loop.time()
        self._watch = None
        if any(call.latest < now and not call.future.done() for call in self._calls.values()):
            log.error("runtimes.supervisor_hangs")
            self.close()
        elif self._calls:
            self._watch = self._loop.call_later(WATCH_SECS, self._look)
