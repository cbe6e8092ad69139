"""What the processes of programs ask the host: limits, and which questions have no answer yet."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import orjson

from aiwebengine.core.errors import Unavailable
from aiwebengine.runtimes.protocol import QUESTION

MOST_UNANSWERED = 32
"""Questions of one call, or of the load of a program, without an answer at a time."""
MOST_QUESTIONS = 10_000
"""Questions of one call, or of the load of a program."""
LARGEST_HEAD_BYTES = 1_000_000
"""The operation and its arguments."""
LARGEST_BODY_BYTES = 10_000_000
"""The bytes that come with a question."""
LARGEST_REPLY_BYTES = 11_000_000
"""The value and the bytes of a reply together: as many bytes as in a question, and a value."""
MOST_UNANSWERED_BYTES = 32_000_000
"""Of all questions of one process that have no answer yet."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a question: a JSON value and bytes."""

    value: Any = None
    body: bytes = b""


Data: TypeAlias = bytes | memoryview
OnAsk = Callable[[str, list[Any], bytes], Awaitable[Reply]]
"""Answers a question: the operation, its arguments and its bytes. Raises EngineError."""


class LoadAnswers(Protocol):
    """Answers what a program asks while it is loaded because it was called."""

    async def answer(self, operation: str, arguments: list[Any], body: bytes) -> Reply:
        """Answer a question. Raises EngineError."""

    def loaded(self) -> None:
        """The load is over, with or without success."""


class NoAnswers:
    """The answers where nobody answers."""

    async def answer(self, operation: str, arguments: list[Any], body: bytes) -> Reply:
        """Raises Unavailable."""
        raise Unavailable(f"{operation[:100]} is not available here.")

    def loaded(self) -> None:
        """Does nothing."""


class Sends(Protocol):
    """Sends a reply to a process."""

    def __call__(self, number: int, head: Data, body: Data, *, blocks: bool) -> None:
        """To the question with this number; one that blocks reads it from the pipe."""


class Asker(Protocol):
    """A call, or a load, with the numbers of its questions."""

    asked: int
    unanswered: int


@dataclass(slots=True)
class _Question:
    asker: Asker
    size: int
    blocks: bool


CANCELLED = orjson.dumps(
    {"error": {"code": "CANCELLED", "message": "Nobody waits for the answer any more."}}
)
"""The head of the reply to a question of a call that is over."""


class Questions:
    """The questions of one process that have no answer yet."""

    def __init__(self, send: Sends, *, can_block: bool) -> None:
        self._send = send
        self._open: dict[int, _Question] = {}
        self._bytes = 0
        self._can_block = can_block
        # The load is an asker as well.
        self.asked = 0
        self.unanswered = 0
        self.is_blocking = False
        """Whether the process waits for a reply, and does nothing else."""

    def add(self, asker: Asker, head: memoryview, body: memoryview) -> str | None:
        """Note a question; why it is not allowed, or None."""
        asker.asked += 1
        size = len(body) - QUESTION.size
        if len(head) > LARGEST_HEAD_BYTES or not 0 <= size <= LARGEST_BODY_BYTES:
            return f"a question of {len(head)} and {len(body)} bytes"
        number, _, blocks = QUESTION.unpack_from(body)
        size += len(head)
        if number in self._open:
            return f"question {number} while it has no answer"
        if asker.asked > MOST_QUESTIONS:
            return f"more than {MOST_QUESTIONS} questions of one call"
        if asker.unanswered >= MOST_UNANSWERED:
            return f"more than {MOST_UNANSWERED} questions of one call at a time"
        if self._bytes + size > MOST_UNANSWERED_BYTES:
            return f"questions of more than {MOST_UNANSWERED_BYTES} bytes at a time"
        if blocks and (self.is_blocking or not self._can_block):
            return f"question {number} blocks, which it must not"
        self._open[number] = _Question(asker, size, bool(blocks))
        self._bytes += size
        asker.unanswered += 1
        self.is_blocking = self.is_blocking or bool(blocks)
        return None

    def reply(self, asker: Asker, head: memoryview, body: memoryview) -> None:
        """Send the reply to a question, unless nobody waits for it."""
        number, _, _ = QUESTION.unpack_from(body)
        question = self._open.get(number)
        if question is not None and question.asker is asker:
            self._forget(number, question)
            self._send(number, head, body[QUESTION.size :], blocks=question.blocks)

    def give_up(self, asker: Asker) -> None:
        """Answer the questions of a call that is over with an error: what blocks must return."""
        if not asker.unanswered:
            return
        for number, question in list(self._open.items()):
            if question.asker is asker:
                self._forget(number, question)
                self._send(number, CANCELLED, b"", blocks=question.blocks)

    def _forget(self, number: int, question: _Question) -> None:
        del self._open[number]
        self._bytes -= question.size
        question.asker.unanswered -= 1
        if question.blocks:
            self.is_blocking = False
