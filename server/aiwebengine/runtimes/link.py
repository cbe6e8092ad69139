"""A worker's connection to the supervisor, with the calls on it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol, cast

import orjson

from aiwebengine.core.buffered_transport import BufferedTransport
from aiwebengine.core.errors import EngineError
from aiwebengine.runtimes import heads
from aiwebengine.runtimes.answers import Answer, Rest
from aiwebengine.runtimes.protocol import (
    CREDIT_BYTES,
    QUESTION,
    FrameError,
    FrameReader,
    Kind,
    frame,
)
from aiwebengine.runtimes.sending import Sending
from aiwebengine.runtimes.types import LogLine, Lost, Program, Reason

log = logging.getLogger(__name__)

MAX_FRAME_BYTES = (1 << 30) + (1 << 20)
WATCH_SECS = 1.0
LAST_NUMBER = 0xFFFF_FFFF
# As numbers: looking up a member of an Enum for each frame is slow.
_ANSWER, _CALL = int(Kind.ANSWER), int(Kind.CALL)

OnLog = Callable[[LogLine], object]


class Listener(Protocol):
    """What a connection reports outside of calls."""

    def wrote_line(self, key: str, line: LogLine) -> None:
        """A program wrote a line outside of calls."""

    def asked(self, key: str, call: int, operation: str, arguments: list[Any]) -> Awaitable[Any]:
        """A program asks the host; the value, or an EngineError."""

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
        self._calls: dict[int, _Call] = {}
        self._last = 0
        self._programs: dict[str, tuple[Program, int]] = {}
        self._keys: dict[int, str] = {}
        self._last_program = 0
        self._watch: asyncio.TimerHandle | None = None
        self._replies: set[asyncio.Task[None]] = set()

    # For the client

    async def call(
        self,
        program: Program,
        head: bytes,
        body: bytes,
        pieces: AsyncIterator[bytes] | None,
        on_log: OnLog | None,
    ) -> Answer:
        """Call a program. Raises Failed, Lost."""
        number = self._number_of(program)
        call = self._add(program.key, number, program.limits.call_timeout_secs, on_log)
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

    async def load(self, program: Program, *, keep: bool) -> Any:
        """Load a program. Raises Failed, Lost."""
        number = self._number_of(program)
        call = self._add(program.key, number, program.limits.load_timeout_secs, None)
        self._write(frame(Kind.LOAD, call.number, orjson.dumps({"keep": keep}), b"", number))
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

    def send(self, call: _Call, kind: int, body: bytes) -> None:
        """Send a frame of a call that is not over."""
        if self._calls.get(call.number) is call:
            self._write(frame(kind, call.number, b"", body, call.program))

    def cancel(self, call: _Call) -> None:
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
        self._listener.closed(self)

    def data_received(self, data: bytes) -> None:
        """Handle frames."""
        try:
            for kind, program, number, head, body in self._reader.feed(data):
                call = self._calls.get(number)
                if call is None:
                    self._receive_outside(kind, program, number, head)
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

    def _receive(self, call: _Call, kind: int, head: memoryview, body: memoryview) -> None:
        match kind:
            case Kind.ANSWER_OPEN:
                call.rest = Rest(call, len(body))
                call.resolve(Answer(bytes(head), bytes(body), call.rest))
            case Kind.OUTPUT if call.rest is not None:
                call.rest.add(bytes(body))
            case Kind.OUTPUT_END if call.rest is not None:
                self._over(call)
                call.rest.end()
            case Kind.OUTPUT_END_WORKING if call.rest is not None:
                call.rest.end()
            case Kind.ANSWER_WORKING:
                call.resolve(Answer(bytes(head), bytes(body)))
            case Kind.SETTLED:
                self._over(call)
            case Kind.FAILED | Kind.NOT_READY:
                self._over(call)
                call.fail(heads.failed(head))
            case Kind.LOST:
                self._over(call)
                call.fail(heads.lost(head))
            case Kind.LOG:
                call.log(heads.log_line(call.number, head))
            case Kind.ASK:
                self._ask(call, head)
            case Kind.CREDIT if call.sending is not None:
                call.sending.credit(CREDIT_BYTES.unpack(body)[0])
            case Kind.READY:
                self._over(call)
                call.resolve(heads.loaded(head))
            case Kind.STATUS:
                self._over(call)
                call.resolve(heads.status(head))

    def _receive_outside(self, kind: int, program: int, number: int, head: memoryview) -> None:
        """A line outside of calls; anything else is of a call that was over before it arrived."""
        key = self._keys.get(program)
        if kind == Kind.LOG and number == 0 and key is not None:
            self._listener.wrote_line(key, heads.log_line(0, head))

    def _ask(self, call: _Call, head: memoryview) -> None:
        task = self._loop.create_task(self._reply(call, *heads.question(head)))
        self._replies.add(task)
        task.add_done_callback(self._replies.discard)

    async def _reply(
        self, call: _Call, number: int, operation: str, arguments: list[Any], blocks: bool
    ) -> None:
        try:
            value = await self._listener.asked(call.key, call.number, operation, arguments)
            reply = orjson.dumps({"value": value})
        except EngineError as error:
            reply = orjson.dumps({"error": {"code": error.code, "message": error.message}})
        except Exception:
            log.exception("runtimes.question_failed", extra={"detail": operation[:100]})
            message = "The engine could not do this; its log has the reason."
            reply = orjson.dumps({"error": {"code": "INTERNAL", "message": message}})
        question = QUESTION.pack(number, blocks)
        if self._calls.get(call.number) is call:
            self._write(frame(Kind.REPLY, call.number, reply, question, call.program))

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

    def _add(self, key: str, program: int, secs: float, on_log: OnLog | None) -> _Call:
        if self.is_closed:
            raise Lost(Reason.UNAVAILABLE, "The supervisor of the runtimes has ended.")
        number = self._last % LAST_NUMBER + 1
        while number in self._calls:
            number = number % LAST_NUMBER + 1
        self._last = number
        if self._watch is None:
            self._watch = self._loop.call_later(WATCH_SECS, self._look)
        call = self._calls[number] = _Call(self, key, program, number, on_log)
        call.secs = secs + self._patience_secs
        call.latest = self._loop.time() + call.secs
        return call

    def _over(self, call: _Call) -> None:
        self._calls.pop(call.number, None)
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


class _Call:
    """A call that is not over."""

    __slots__ = (
        "future",
        "key",
        "latest",
        "link",
        "number",
        "on_log",
        "program",
        "rest",
        "secs",
        "sending",
    )

    def __init__(
        self, link: Link, key: str, program: int, number: int, on_log: OnLog | None
    ) -> None:
        self.link = link
        self.key = key
        self.program = program
        self.number = number
        self.on_log = on_log
        # How long it may take from now, or from its last input, and until when that is.
        self.secs = 0.0
        self.latest = 0.0
        self.future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.rest: Rest | None = None
        self.sending: Sending | None = None

    def resolve(self, result: object) -> None:
        """Answer the caller, if it waits."""
        if not self.future.done():
            self.future.set_result(result)

    def fail(self, failure: Exception) -> None:
        """End it with an exception."""
        if self.rest is not None:
            self.rest.end(failure)
        elif not self.future.done():
            self.future.set_exception(failure)

    def log(self, line: LogLine) -> None:
        """Pass on a line. What receives it must not end the connection."""
        if self.on_log is None:
            return
        try:
            self.on_log(line)
        except Exception:
            log.exception("runtimes.line_not_logged")

    def send(self, kind: int, body: bytes) -> None:
        """Send a piece of its input."""
        self.latest = asyncio.get_running_loop().time() + self.secs
        self.link.send(self, kind, body)

    def break_off(self, error: Exception) -> None:
        """Its input ends with an exception, which its caller gets."""
        self.link.cancel(self)
        self.fail(error)

    def credit(self, number_of_bytes: int) -> None:
        """The caller has read so many bytes of the answer."""
        self.link.send(self, Kind.CREDIT, CREDIT_BYTES.pack(number_of_bytes))

    def cancel(self) -> None:
        """Nobody waits for it any more."""
        self.link.cancel(self)
