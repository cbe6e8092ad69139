"""A call on its way through the supervisor."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

from aiwebengine.runtimes.protocol import CREDIT_BYTES, Frame, Kind, frame
from aiwebengine.runtimes.types import Reason

if TYPE_CHECKING:
    from aiwebengine.runtimes.process import Process
    from aiwebengine.runtimes.served import Served


class Caller(Protocol):
    """Where a call comes from: the connection of a worker."""

    def write(self, data: bytes) -> None:
        """Send bytes of frames."""

    def forget(self, call: Call) -> None:
        """The call is over."""


class State:
    """How far a call is, and what its process may send then.

    No Enum: each frame is checked, and an Enum's members are slow to look up.
    """

    __slots__ = ("allowed", "name")

    def __init__(self, name: str, *allowed: Kind) -> None:
        self.name = name
        self.allowed = frozenset(map(int, allowed))


_ALWAYS = (Kind.LOG, Kind.ASK)

WAITING = State("waiting")
RUNNING = State(
    "running", Kind.ANSWER, Kind.ANSWER_OPEN, Kind.ANSWER_WORKING, Kind.FAILED, *_ALWAYS
)
# The head of its answer was sent.
STREAMING = State(
    "streaming", Kind.OUTPUT, Kind.OUTPUT_END, Kind.OUTPUT_END_WORKING, Kind.FAILED, *_ALWAYS
)
# Its answer was sent completely.
WORKING = State("working", Kind.SETTLED, *_ALWAYS)
# Its caller does not wait; the process must still end it.
CANCELLED = State("cancelled")


class Call:
    """One call, from its CALL frame until it is over."""

    __slots__ = (
        "answered",
        "asked",
        "body",
        "caller",
        "deadline",
        "head",
        "inner",
        "input",
        "kind",
        "left_out",
        "lines",
        "number",
        "process",
        "program",
        "read",
        "served",
        "state",
        "unanswered",
    )

    def __init__(self, caller: Caller, served: Served, received: Frame, deadline: float) -> None:
        self.caller = caller
        self.served = served
        self.kind = received.kind
        # The caller's numbers of its program and of this call; `inner` is the process's.
        self.program = received.program
        self.number = received.call
        self.inner = 0
        self.head: memoryview | bytes = received.head
        self.body: memoryview | bytes = received.body
        # Frames of input that arrived while the call waited; the caller's credit bounds them.
        self.input: list[tuple[int, bytes]] = []
        self.deadline = deadline
        self.state: State = WAITING
        self.process: Process | None = None
        # Bytes of the answer's body that were sent, and how many of them its caller has read.
        self.answered = 0
        self.read = 0
        self.lines = 0
        self.left_out = 0
        # Its questions to the host, and those without an answer.
        self.asked = 0
        self.unanswered = 0

    def send(
        self, kind: int, head: bytes | memoryview = b"", body: bytes | memoryview = b""
    ) -> None:
        """Send a frame to the caller."""
        self.caller.write(frame(kind, self.number, head, body, self.program))

    def give_credit(self, number_of_bytes: int) -> None:
        """Let the caller send as many more bytes of input."""
        self.send(Kind.CREDIT, b"", CREDIT_BYTES.pack(number_of_bytes))

    def finish(
        self, kind: int, head: bytes | memoryview = b"", body: bytes | memoryview = b""
    ) -> None:
        """Send the last frame of this call, after a line about log lines that were left out."""
        if self.left_out:
            text = f"{self.left_out} more lines of this call were left out"
            self.send(Kind.LOG, json.dumps({"level": "warn", "text": text}).encode())
        self.caller.forget(self)
        self.send(kind, head, body)

    def lose(self, reason: Reason, message: str, ended_processes: int = 0) -> None:
        """End this call without an answer, unless its caller has left already."""
        if self.state is not CANCELLED:
            self.finish(Kind.LOST, lost(reason, message, ended_processes))


def lost(reason: Reason, message: str, ended_processes: int = 0) -> bytes:
    """The head of LOST."""
    content = {"reason": reason, "message": message, "ended_processes": ended_processes}
    return json.dumps(content).encode()
