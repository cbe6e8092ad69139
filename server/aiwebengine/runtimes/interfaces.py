"""What a process needs of others: a runtime, and an owner."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from aiwebengine.runtimes.types import Program

if TYPE_CHECKING:
    from aiwebengine.runtimes.process import Process


class Runtime(Protocol):
    """What runs programs, for example Deno."""

    async def problem(self) -> str | None:
        """Why no program can run, or None."""

    def command(self, program: Program, pipe: Path | None) -> list[str]:
        """The command line of a process."""

    def environment(self) -> dict[str, str]:
        """All environment variables of a process."""

    def blocks(self, dialect: str) -> bool:
        """Whether a program waits for replies without reading its input."""

    def ran_out_of_memory(self, error_output: str) -> bool:
        """Whether a process that ended by itself had no memory left."""


class Owner(Protocol):
    """What started a process."""

    def loaded(self, process: Process, kind: int, head: bytes) -> None:
        """The program is loaded (READY), or can't be (NOT_READY): then the process ends."""

    def has_place(self, process: Process) -> None:
        """A call is over."""

    def has_ended(self, process: Process, loss: bytes) -> None:
        """The process takes no more calls. *loss* is the head of LOST for those that wait."""

    def count_fault(self) -> int:
        """Count a process that ended for its own fault; how many there were lately."""

    def wrote_line(self, head: bytes) -> None:
        """The program wrote a log line outside of calls."""

    def asks(self, process: Process, head: memoryview, body: memoryview) -> None:
        """The program asks while it is loaded; `Process.reply_to_load` takes the answer."""
