"""Whether a process still reacts."""

from __future__ import annotations

from aiwebengine.runtimes.memory import Meter

PING_SECS = 0.25
# A process that had no processor time for PING is given more time.
STARVED_SECS = 2.0
ENOUGH_PROCESSOR_SECS = 0.05
# A supervisor that was late has not read what arrived in time.
LEAST_LOOKS = 4


class Ping:
    """A PING that was sent, and no PONG yet."""

    def __init__(self, meter: Meter, now: float) -> None:
        self._meter = meter
        self.sent = now
        self._looks = 0
        self._seconds_before = self._processor_seconds()

    def is_unanswered(self, now: float) -> bool:
        """Whether there was enough time for PONG; called periodically."""
        self._looks += 1
        waited = now - self.sent
        if waited < PING_SECS or self._looks < LEAST_LOOKS:
            return False
        used = self._processor_seconds() - self._seconds_before
        return used >= ENOUGH_PROCESSOR_SECS or waited >= STARVED_SECS

    def _processor_seconds(self) -> float:
        try:
            return self._meter.processor_seconds()
        except ProcessLookupError:
            return 0.0
