"""Limits how much each script sends from this process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from aiwebengine.script_streams import limits
from aiwebengine.script_streams.types import TooManyMessages


@dataclass
class _Allowance:
    messages: float
    bytes: float
    counted_at: float


class SendingRates:
    """What each script may still send. It grows with time up to what may be sent at once."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._left: dict[UUID, _Allowance] = {}

    def count(self, script_id: UUID, size: int) -> None:
        """Count a message of *size* bytes. Raises TooManyMessages."""
        now = self._now()
        left = self._left.get(script_id)
        if left is None:
            self._forget_rested(now)
            left = self._left[script_id] = _full(now)
        passed, left.counted_at = now - left.counted_at, now
        left.messages = min(
            limits.MESSAGES_AT_ONCE, left.messages + passed * limits.MESSAGES_PER_SEC
        )
        left.bytes = min(2 * limits.BYTES_PER_SEC, left.bytes + passed * limits.BYTES_PER_SEC)
        if left.messages < 1 or left.bytes < size:
            raise TooManyMessages(
                "This script sends too many live messages; allowed are"
                f" {limits.MESSAGES_PER_SEC} messages and {limits.BYTES_PER_SEC} bytes a second."
            )
        left.messages -= 1
        left.bytes -= size

    def _forget_rested(self, now: float) -> None:
        """Forget scripts that may send as much as is allowed at once anyway."""
        full_after = limits.MESSAGES_AT_ONCE / limits.MESSAGES_PER_SEC
        rested = [one for one, left in self._left.items() if now - left.counted_at > full_after]
        for script_id in rested:
            del self._left[script_id]


def _full(now: float) -> _Allowance:
    return _Allowance(limits.MESSAGES_AT_ONCE, 2 * limits.BYTES_PER_SEC, now)
