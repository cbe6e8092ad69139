"""What this process did, until it is told to the database."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from aiwebengine.telemetry import histogram
from aiwebengine.telemetry.histogram import Buckets

SLOT_SECS = 10
TIMING_SLOT_SECS = 600
# While the database is away, what happened in the meantime is kept for so long.
KEPT_SECS = 3_600
# A statement is text of ours, but some are put together from a handful of conditions.
MOST_TIMINGS = 500
LONGEST_NAME = 1_000
OTHER = "(other)"

TimingKey = tuple[str, int, str]
"""Kind (`operation` or `statement`), the beginning of the slot in seconds since 1970, name."""


@dataclass
class Slot:
    """What was answered within one slot of time."""

    requests: int = 0
    errors: int = 0
    buckets: Buckets = field(default_factory=histogram.empty)
    cpu_seconds: float = 0.0
    loop_lag_secs: float = 0.0

    def add(self, other: Slot) -> None:
        """Count what *other* counted as well."""
        self.requests += other.requests
        self.errors += other.errors
        self.buckets = histogram.added(self.buckets, other.buckets)
        self.cpu_seconds += other.cpu_seconds
        self.loop_lag_secs = max(self.loop_lag_secs, other.loop_lag_secs)


@dataclass
class Timing:
    """How often something ran, and how long it took."""

    count: int = 0
    errors: int = 0
    seconds: float = 0.0
    buckets: Buckets = field(default_factory=histogram.empty)

    def note(self, seconds: float, *, failed: bool) -> None:
        """Count one run."""
        self.count += 1
        self.errors += failed
        self.seconds += seconds
        self.buckets[histogram.bucket_of(seconds)] += 1

    def add(self, other: Timing) -> None:
        """Count what *other* counted as well."""
        self.count += other.count
        self.errors += other.errors
        self.seconds += other.seconds
        self.buckets = histogram.added(self.buckets, other.buckets)


@dataclass(frozen=True)
class Pending:
    """What nobody but this process knows yet."""

    slots: Mapping[int, Slot]
    timings: Mapping[TimingKey, Timing]


class Figures:
    """Counts requests, operations and statements of this process by slots of time."""

    def __init__(self) -> None:
        self.requests = 0
        self.errors = 0
        self.subscriptions = 0
        self.ahead_secs = 0.0
        """By how much the database's clock is ahead of ours: its slots are everybody's."""
        self._slots: dict[int, Slot] = {}
        self._timings: dict[TimingKey, Timing] = {}

    def answered(self, seconds: float, *, failed: bool) -> None:
        """Count one request."""
        self.requests += 1
        self.errors += failed
        slot = self._slot()
        slot.requests += 1
        slot.errors += failed
        slot.buckets[histogram.bucket_of(seconds)] += 1

    def operation(self, name: str, seconds: float, *, failed: bool) -> None:
        """Count one query or mutation."""
        self._timing("operation", name).note(seconds, failed=failed)

    def statement(self, sql: str, seconds: float, *, failed: bool) -> None:
        """Count one statement."""
        self._timing("statement", _one_line(sql)).note(seconds, failed=failed)

    def subscribed(self, change: int) -> None:
        """Count a subscription that begins (1) or ends (-1)."""
        self.subscriptions += change

    def used(self, cpu_seconds: float, loop_lag_secs: float) -> None:
        """Note the processor time since the last note, and the longest wait of the event loop."""
        slot = self._slot()
        slot.cpu_seconds += cpu_seconds
        slot.loop_lag_secs = max(slot.loop_lag_secs, loop_lag_secs)

    def slot(self, length: int = SLOT_SECS) -> int:
        """The beginning of the slot that is now, in seconds since 1970 by the database's clock."""
        return int(time.time() + self.ahead_secs) // length * length

    def take(self, *, with_timings: bool = True) -> Pending:
        """What is untold; it counts as told from here on."""
        taken = Pending(self._slots, self._timings if with_timings else {})
        self._slots = {}
        if with_timings:
            self._timings = {}
        return taken

    def give_back(self, untold: Pending) -> None:
        """It could not be told: keep it for the next time, but no more than an hour of it."""
        for start, slot in untold.slots.items():
            self._slots.setdefault(start, Slot()).add(slot)
        for key, timing in untold.timings.items():
            self._timings.setdefault(key, Timing()).add(timing)
        oldest = self.slot() - KEPT_SECS
        self._slots = {start: slot for start, slot in self._slots.items() if start >= oldest}
        self._timings = {key: one for key, one in self._timings.items() if key[1] >= oldest}

    def _slot(self) -> Slot:
        start = self.slot()
        found = self._slots.get(start)
        if found is None:
            found = self._slots[start] = Slot()
        return found

    def _timing(self, kind: str, name: str) -> Timing:
        start = self.slot(TIMING_SLOT_SECS)
        key = (kind, start, name)
        found = self._timings.get(key)
        if found is None:
            if len(self._timings) >= MOST_TIMINGS:
                key = (kind, start, OTHER)
            found = self._timings.setdefault(key, Timing())
        return found


@lru_cache(maxsize=1_024)
def _one_line(sql: str) -> str:
    return " ".join(sql.split())[:LONGEST_NAME]
