"""Counters of this process, kept until they are written to the database."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from aiwebengine.telemetry import histogram
from aiwebengine.telemetry.histogram import Buckets

SLOT_SECS = 10
TIMING_SLOT_SECS = 600
# Counts are kept for this long while the database is down.
KEPT_SECS = 3_600
# A limit, because some statements are built from conditions and so have many variants.
MAX_TIMINGS = 500
MAX_NAME_CHARS = 1_000
OTHER = "(other)"

TimingKey = tuple[str, int, str]
"""Kind (`operation`, `statement` or `script`), start of the slot in Unix seconds, name."""


@dataclass
class Slot:
    """Requests of one time slot."""

    requests: int = 0
    errors: int = 0
    buckets: Buckets = field(default_factory=histogram.empty)
    cpu_seconds: float = 0.0
    loop_lag_secs: float = 0.0

    def add(self, other: Slot) -> None:
        """Add the counts of *other*."""
        self.requests += other.requests
        self.errors += other.errors
        self.buckets = histogram.added(self.buckets, other.buckets)
        self.cpu_seconds += other.cpu_seconds
        self.loop_lag_secs = max(self.loop_lag_secs, other.loop_lag_secs)


@dataclass
class Timing:
    """Number and durations of runs."""

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
        """Add the counts of *other*."""
        self.count += other.count
        self.errors += other.errors
        self.seconds += other.seconds
        self.buckets = histogram.added(self.buckets, other.buckets)


@dataclass(frozen=True)
class Pending:
    """Counts not yet written to the database."""

    slots: Mapping[int, Slot]
    timings: Mapping[TimingKey, Timing]


class Counters:
    """Counts requests, operations, statements and scripts of this process by time slot."""

    def __init__(self) -> None:
        self.requests = 0
        self.errors = 0
        self.subscriptions = 0
        self.ahead_secs = 0.0
        """How far the database's clock is ahead. All processes use its time for slots."""
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

    def script(self, slug: str, status: int, seconds: float) -> None:
        """Count one request that a script answered; a 5xx status is an error."""
        self._timing("script", slug).note(seconds, failed=status >= 500)

    def subscribed(self, change: int) -> None:
        """Count a subscription that starts (1) or ends (-1)."""
        self.subscriptions += change

    def used(self, cpu_seconds: float, loop_lag_secs: float) -> None:
        """Add CPU time since the last call, and the maximum event-loop lag."""
        slot = self._slot()
        slot.cpu_seconds += cpu_seconds
        slot.loop_lag_secs = max(slot.loop_lag_secs, loop_lag_secs)

    def slot(self, length: int = SLOT_SECS) -> int:
        """Start of the current slot, in Unix seconds of the database's clock."""
        return int(time.time() + self.ahead_secs) // length * length

    def take(self, *, with_timings: bool = True) -> Pending:
        """Remove and return the pending counts; call `give_back` if they can't be written."""
        pending = Pending(self._slots, self._timings if with_timings else {})
        self._slots = {}
        if with_timings:
            self._timings = {}
        return pending

    def give_back(self, pending: Pending) -> None:
        """Add back counts that could not be written; at most KEPT_SECS of them are kept."""
        for start, slot in pending.slots.items():
            self._slots.setdefault(start, Slot()).add(slot)
        for key, timing in pending.timings.items():
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
            if len(self._timings) >= MAX_TIMINGS:
                key = (kind, start, OTHER)
            found = self._timings.setdefault(key, Timing())
        return found


@lru_cache(maxsize=1_024)
def _one_line(sql: str) -> str:
    return " ".join(sql.split())[:MAX_NAME_CHARS]
