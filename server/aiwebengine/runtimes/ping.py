"""Whether a process still reacts."""

from __future__ import annotations

from aiwebengine.runtimes.memory import Meter

PING_SECS = 0.25
# A process that had no processor time for PING is given more time.
STARVED_SECS = 2.0
ENOUGH_PROCESSOR_SECS = 0.05
# A supervisor that was late has not read what arrived in time.
LEAST_LOOKS = 4
# A process without calls that takes more than this share of a processor is sent a PING. The share
# is small because a busy machine gives no more to a process that loops.
IDLE_PERIOD_SECS = 2.0
IDLE_SHARE = 0.05


class Ping:
    """A PING that was sent, and no PONG yet."""

    def __init__(self, meter: Meter, now: float) -> None:
        self.sent = now
        self._meter = meter
        self._looks = 0
        self._seconds_before = _processor_seconds(meter)

    def is_unanswered(self, now: float) -> bool:
        """Whether there was enough time for PONG; called periodically."""
        self._looks += 1
        waited = now - self.sent
        if waited < PING_SECS or self._looks < LEAST_LOOKS:
            return False
        used = _processor_seconds(self._meter) - self._seconds_before
        return used >= ENOUGH_PROCESSOR_SECS or waited >= STARVED_SECS


class IdleTime:
    """A time without calls."""

    def __init__(self, meter: Meter, now: float) -> None:
        self._meter = meter
        self._since = now
        self._seconds_before = _processor_seconds(meter)

    def is_busy(self, now: float) -> bool:
        """Whether the process was busy all the same; called periodically."""
        elapsed = now - self._since
        if elapsed < IDLE_PERIOD_SECS:
            return False
        before, self._seconds_before = self._seconds_before, _processor_seconds(self._meter)
        self._since = now
        return self._seconds_before - before > IDLE_SHARE * elapsed


def _processor_seconds(meter: Meter) -> float:
    try:
        return meter.processor_seconds()
    except ProcessLookupError:
        return 0.0
