"""Serves programs to the workers of an instance, over a Unix socket."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import cast

from aiwebengine.core.buffered_transport import BufferedTransport
from aiwebengine.runtimes.calls import CANCELLED, Call, lost
from aiwebengine.runtimes.interfaces import Runtime
from aiwebengine.runtimes.pool import Pool
from aiwebengine.runtimes.protocol import (
    CREDIT_BYTES,
    LOAD,
    SOCKET,
    Frame,
    FrameError,
    FrameReader,
    Kind,
    frame,
)
from aiwebengine.runtimes.served import Served
from aiwebengine.runtimes.types import Program, Reason

log = logging.getLogger(__name__)

# As a number: looking up a member of an Enum for each frame is slow.
_CALL = int(Kind.CALL)
PROBE_AGAIN_SECS = 60.0
# Workers are trusted; this only detects a broken one.
MAX_FRAME_BYTES = (1 << 30) + (1 << 20)


class Supervisor:
    """Listens in *folder*, which only this user may enter."""

    def __init__(self, folder: Path, runtime: Runtime, pool: Pool) -> None:
        self._path = folder / SOCKET
        self._runtime = runtime
        self._pool = pool
        self._server: asyncio.Server | None = None
        self._probing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Find out whether programs can run, then listen. Raises OSError."""
        started = time.monotonic()
        self._pool.problem = await self._runtime.problem()
        if self._pool.problem is not None:
            log.warning("runtimes.unavailable", extra={"detail": self._pool.problem})
            self._probing = asyncio.create_task(self._probe_again())
        self._path.unlink(missing_ok=True)
        loop = asyncio.get_running_loop()
        before = os.umask(0o177)
        try:
            self._server = await loop.create_unix_server(
                lambda: Connection(self._pool), str(self._path)
            )
        finally:
            os.umask(before)
        ms = round(1_000 * (time.monotonic() - started))
        log.info("runtimes.listening", extra={"ms": ms})

    async def stop(self) -> None:
        """Take no more connections and end every process."""
        if self._server is not None:
            self._server.close()
        self._path.unlink(missing_ok=True)
        if self._probing is not None:
            self._probing.cancel()
        await self._pool.stop()

    async def _probe_again(self) -> None:
        """The reason may have been a machine without memory for a moment."""
        while self._pool.problem is not None:
            await asyncio.sleep(PROBE_AGAIN_SECS)
            self._pool.problem = await self._runtime.problem()


class Connection(asyncio.Protocol):
    """One worker."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._reader = FrameReader(MAX_FRAME_BYTES)
        self._served: dict[int, Served] = {}
        self._numbers: dict[Served, int] = {}
        self._calls: dict[int, Call] = {}
        self._transport: BufferedTransport | None = None
        self._now = asyncio.get_running_loop().time

    # For calls and programs

    def write(self, data: bytes) -> None:
        """Send frames, unless the worker has gone."""
        if self._transport is not None:
            self._transport.write(data)

    def forget(self, call: Call) -> None:
        """A call is over."""
        self._calls.pop(call.number, None)

    def wrote_line(self, served: Served, head: bytes) -> None:
        """Pass on a log line from outside of calls."""
        self.write(frame(Kind.LOG, 0, head, program=self._numbers.get(served, 0)))

    def load_asks(self, served: Served, head: memoryview, body: bytes) -> None:
        """Pass on a question of the load of a program."""
        self.write(frame(Kind.ASK, 0, head, body, self._numbers.get(served, 0)))

    def load_over(self, served: Served, load: int) -> None:
        """Say that the load is over."""
        content = LOAD.pack(load)
        self.write(frame(Kind.LOADED, 0, b"", content, self._numbers.get(served, 0)))

    # From the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A worker has connected."""
        loop = asyncio.get_running_loop()
        self._transport = BufferedTransport(cast(asyncio.WriteTransport, transport), loop)

    def connection_lost(self, exc: Exception | None) -> None:
        """The worker has gone: nobody waits for its calls."""
        self._transport = None
        calls, self._calls = list(self._calls.values()), {}
        for call in calls:
            call.served.cancel(call)
        for served in self._served.values():
            served.remove(self)

    def data_received(self, data: bytes) -> None:
        """Handle frames."""
        try:
            for received in self._reader.feed(data):
                if received.kind == _CALL:
                    self._call(received)
                else:
                    self._handle(received)
        except (FrameError, KeyError, TypeError, ValueError) as error:
            log.error("runtimes.protocol_broken", extra={"detail": repr(error)})
            if self._transport is not None:
                self._transport.abort()

    # From the worker

    def _handle(self, received: Frame) -> None:
        kind, number, call_number, head, body = received
        match kind:
            case Kind.CALL_OPEN:
                self._call(received)
            case Kind.PREPARE:
                self._prepare(number, bytes(head))
            case Kind.LOAD:
                self._load(received)
            case Kind.RETIRE:
                self._retire(number)
            case Kind.STATUS:
                status = json.dumps(asdict(self._pool.status())).encode()
                self.write(frame(Kind.STATUS, call_number, status))
            case Kind.REPLY if call_number == 0:
                if (served := self._served.get(number)) is not None:
                    served.reply_to_load(head, body)
            case _:
                call = self._calls.get(call_number)
                if call is not None:
                    self._pass_on(call, kind, head, body)

    def _prepare(self, number: int, head: bytes) -> None:
        served = self._pool.program(Program.from_json(json.loads(head)))
        self._served[number] = served
        self._numbers[served] = number
        served.add(self)

    def _load(self, received: Frame) -> None:
        _, number, call_number, head, _ = received
        served = self._served[number]
        secs = served.program.limits.load_timeout_secs
        load = Call(self, served, received, self._now() + secs)
        self._calls[call_number] = load
        wanted = json.loads(bytes(head))
        if wanted["keep"]:
            served.add(self)
        if wanted["keep"] and not wanted["fresh"]:
            served.load(load)
        else:
            self._pool.check(served, load, keep=wanted["keep"])

    def _call(self, received: Frame) -> None:
        served = self._served.get(received.program)
        if served is None:
            loss = lost(Reason.UNAVAILABLE, "The program was retired.")
            self.write(frame(Kind.LOST, received.call, loss, program=received.program))
            return
        secs = served.program.limits.call_timeout_secs
        call = Call(self, served, received, self._now() + secs)
        self._calls[received.call] = call
        self._pool.call(served, call)

    def _retire(self, number: int) -> None:
        served = self._served.pop(number, None)
        if served is not None:
            self._numbers.pop(served, None)
            served.retire()
            served.remove(self)

    def _pass_on(self, call: Call, kind: int, head: memoryview, body: memoryview) -> None:
        process = call.process
        if kind == Kind.CANCEL:
            self.forget(call)
            call.served.cancel(call)
        elif kind in (Kind.INPUT, Kind.INPUT_END):
            if process is None:
                call.input.append((kind, bytes(body)))
            else:
                process.put_in(call, kind, body)
        elif process is None or call.state is CANCELLED:
            return
        elif kind == Kind.CREDIT:
            process.read(call, CREDIT_BYTES.unpack(body)[0], body)
        elif kind == Kind.REPLY:
            asker = process.questions if call.kind == Kind.LOAD else call
            process.questions.reply(asker, head, body)
