"""The standard input and output of an operating-system process, as frames."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from subprocess import SubprocessError
from typing import Protocol, cast

from aiwebengine.core.buffered_transport import BufferedTransport
from aiwebengine.runtimes.deno import confinement
from aiwebengine.runtimes.protocol import Frame, FrameError, FrameReader

# How long after its output a process may end by itself.
END_SECS = 1.0
ERROR_OUTPUT_CHARACTERS = 2_000


class Listener(Protocol):
    """What is reported about a process."""

    is_ended: bool
    """No more frames are wanted."""

    def received(self, received: Frame) -> None:
        """A frame."""

    def received_no_frame(self, error: FrameError) -> None:
        """What was received is no frame, or is too long."""

    def drained(self) -> None:
        """The process reads its input again; see `Channel.is_full`."""

    def closed_output(self) -> None:
        """The process sends nothing more, but has not ended."""

    def exited(self, status: str) -> None:
        """The process has ended, and all that it sent was read."""


class Channel(asyncio.SubprocessProtocol):
    """Starts a process and exchanges frames with it."""

    def __init__(self, listener: Listener, max_frame_bytes: int) -> None:
        self.pid = 0
        self.is_full = False
        """The process does not read its input as fast as it arrives."""
        self.is_paused = False
        self.is_gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the process has ended, or did not start."""
        self.error_output = ""
        """The end of what it wrote to its standard error."""
        self._listener = listener
        self._reader = FrameReader(max_frame_bytes)
        self._transport: asyncio.SubprocessTransport | None = None
        self._input: BufferedTransport | None = None

    async def open(self, command: list[str], environment: dict[str, str]) -> None:
        """Start the process. Raises OSError, SubprocessError."""
        try:
            transport, _ = await asyncio.get_running_loop().subprocess_exec(
                lambda: self,
                *command,
                env=environment,
                # The engine's folder may be removed, and has nothing for programs.
                cwd="/",
                # A group of its own: a signal to the engine's group does not reach it.
                start_new_session=True,
                preexec_fn=confinement(),
            )
        except (OSError, SubprocessError):
            self.is_gone.set_result(None)
            raise
        self._transport = transport
        pipe = cast(asyncio.WriteTransport, transport.get_pipe_transport(0))
        self._input = BufferedTransport(pipe, asyncio.get_running_loop())
        self.pid = transport.get_pid()

    def write(self, data: bytes) -> None:
        """Send frames, unless the process has ended."""
        if self._input is not None and not self._input.is_closing():
            self._input.write(data)

    def pause(self, is_paused: bool) -> None:
        """Read its output only later, or again."""
        output = self._transport and self._transport.get_pipe_transport(1)
        if output is None or is_paused is self.is_paused:
            return
        self.is_paused = is_paused
        reading = cast(asyncio.ReadTransport, output)
        if is_paused:
            reading.pause_reading()
        elif not reading.is_closing():
            reading.resume_reading()

    def kill(self) -> None:
        """End the process and what it may have started."""
        if self.pid and not self.is_gone.done():
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    # What the event loop reports

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Read frames, or error output."""
        if fd != 1:
            text = self.error_output + data.decode(errors="replace")
            self.error_output = text[-ERROR_OUTPUT_CHARACTERS:]
            return
        listener = self._listener
        try:
            for received in self._reader.feed(data):
                if listener.is_ended:
                    return
                listener.received(received)
        except FrameError as error:
            listener.received_no_frame(error)

    def pause_writing(self) -> None:
        """Note that the process does not read."""
        self.is_full = True

    def resume_writing(self) -> None:
        """Note that it reads again."""
        self.is_full = False
        self._listener.drained()

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Without its output a process is of no use, but it may just be ending."""
        if fd == 1:
            asyncio.get_running_loop().call_later(END_SECS, self._check_end)

    def process_exited(self) -> None:
        """Read what it has sent before."""
        if not self.is_gone.done():
            self.is_gone.set_result(None)
        self.pause(False)

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the end."""
        status = self._transport.get_returncode() if self._transport else None
        if status is None or status >= 0:
            self._listener.exited(f"status {status}")
        else:
            self._listener.exited(signal.Signals(-status).name)

    def _check_end(self) -> None:
        if not self.is_gone.done():
            self._listener.closed_output()
