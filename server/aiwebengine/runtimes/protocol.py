"""The frames between an engine worker, the supervisor and a runtime process.

The same frames go over the supervisor's Unix socket and over a process's standard input and output:

    u32 length of what follows · u8 kind · u32 program · u32 call · u32 length of head · head · body

All integers are little-endian. The head is JSON (UTF-8) or empty, the body is bytes. `program` is
the number that the worker gave the program on its connection (0 on standard input and output), so
that the supervisor forwards frames without reading their heads. `call` is the worker's number of a
call; the supervisor gives it another one on the way to a process.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

PREFIX = struct.Struct("<IBIII")
LENGTH_BYTES = 4
# The number of a question, that of the load that it belongs to or 0, and 1 if its reply must come
# over the pipe.
QUESTION = struct.Struct("<IIB")
LOAD = struct.Struct("<I")
CREDIT_BYTES = struct.Struct("<I")
# What a frame has beside head and body, after its length.
PREFIX_BYTES = PREFIX.size
OVERHEAD = PREFIX_BYTES - LENGTH_BYTES
_pack, _unpack = PREFIX.pack, PREFIX.unpack_from


class Kind(IntEnum):
    """What a frame says."""

    # From the worker, for the supervisor alone.
    PREPARE = 1
    """Head: the program, as `Program.as_json`. No answer; nothing starts yet."""
    LOAD = 2
    """Start a process unless one runs, and answer READY, NOT_READY or LOST. Head: `{"keep": bool,
    "fresh": bool}`. With `fresh`, or without `keep`, a process of its own is started, whose
    questions are those of this call; without `keep` it is ended when it has answered."""
    RETIRE = 3
    """End the program's processes once they have no calls. A later call starts one again."""
    STATUS = 4
    """Answered by STATUS with `Status` as JSON."""

    # To a process.
    CALL = 10
    """Head: the call. Body: the beginning of its input, or all of it."""
    CALL_OPEN = 11
    """The same, and INPUT frames follow."""
    INPUT = 12
    """A piece of the input. The supervisor returns CREDIT to the worker for what it forwarded; at
    most `WINDOW` may be without credit."""
    INPUT_END = 13
    CANCEL = 14
    """Nobody waits for the answer any more. The process ends the call with SETTLED."""
    CREDIT = 15
    """Body: u32, how many bytes of the answer's body were read. At most `WINDOW` may be unread."""
    REPLY = 16
    """The answer to ASK. Call: the number of the question. Head: `{"value": …}` or
    `{"error": {"code", "message", "extensions"}}`. Body: bytes. From the worker, `call` is the call
    that asked, or 0 and `program` that whose load asked, and the body begins with a `QUESTION`."""
    PING = 17

    # From a process.
    READY = 30
    """Head: `{"registrations": […], "warnings": […]}`."""
    NOT_READY = 31
    """Head: `{"message", "file", "line", "column", "stack"}`. The process ends itself."""
    ANSWER = 32
    """The whole answer. Head: the answer's. The call is over."""
    ANSWER_OPEN = 33
    """The head, and the first bytes, of an answer whose OUTPUT frames follow."""
    OUTPUT = 34
    """A piece of the answer's body."""
    OUTPUT_END = 35
    """The answer is complete; the call is over."""
    ANSWER_WORKING = 36
    """As ANSWER, but the call still works; SETTLED ends it."""
    OUTPUT_END_WORKING = 37
    """As OUTPUT_END, but the call still works; SETTLED ends it."""
    SETTLED = 38
    FAILED = 39
    """Head as of NOT_READY. The call is over."""
    LOG = 40
    """Head: `{"level", "text", "file", "line", "column"}`. Call 0: outside of calls."""
    ASK = 41
    """A question to the host. Head: `{"operation", "arguments"}`. Body: a `QUESTION`, then bytes.
    If it blocks, the reply comes over the pipe that the process was started with, else as REPLY.
    Call 0: asked while the program is loaded."""
    PONG = 42

    # From the supervisor, instead of a process.
    LOST = 50
    """Head: `{"reason", "message", "ended_processes"}`. The call is over."""
    LOADED = 51
    """The load that has asked with call 0 is over. Body: a `LOAD`, its number."""


# In the folder of the supervisor.
SOCKET = "supervisor.sock"
# Bytes of an answer's body that may be on their way to the reader.
WINDOW = 1 << 20


class Frame(NamedTuple):
    """One frame; head and body are views of what was received, valid until more is fed."""

    kind: int
    program: int
    call: int
    head: memoryview
    body: memoryview


class FrameError(Exception):
    """What was received is no frame, or a frame that is too long.

    *kind* and *call* are those of the frame.
    """

    def __init__(self, message: str, kind: int, call: int) -> None:
        super().__init__(message)
        self.kind = kind
        self.call = call


def frame(
    kind: int,
    call: int = 0,
    head: bytes | memoryview = b"",
    body: bytes | memoryview = b"",
    program: int = 0,
) -> bytes:
    """The bytes of a frame."""
    head_length = len(head)
    length = OVERHEAD + head_length + len(body)
    return b"".join((_pack(length, kind, program, call, head_length), head, body))


class FrameReader:
    """Cuts what arrives into frames.

    Raises FrameError for a frame of more than *max_bytes*: what arrives may be hostile.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._parts: list[bytes] = []
        self._have = 0
        self._need = 0

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete with *data*. Raises FrameError."""
        if self._parts:
            # A long frame comes in many pieces, which are joined once.
            self._parts.append(data)
            self._have += len(data)
            if self._have < self._need:
                return
            data = b"".join(self._parts)
        view, at, size = memoryview(data), 0, len(data)
        self._need = PREFIX_BYTES
        while size - at >= PREFIX_BYTES:
            length, kind, program, call, head_length = _unpack(data, at)
            if not OVERHEAD <= length <= self._max_bytes or head_length > length - OVERHEAD:
                text = f"a frame of {length} bytes with a head of {head_length}"
                raise FrameError(text, kind, call)
            end = at + LENGTH_BYTES + length
            if end > size:
                self._need = end - at
                break
            head_at = at + PREFIX_BYTES
            body_at = head_at + head_length
            yield Frame(kind, program, call, view[head_at:body_at], view[body_at:end])
            at = end
        self._parts = [data[at:]] if at < size else []
        self._have = size - at
