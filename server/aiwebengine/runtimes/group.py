"""What happened to the programs of one group."""

from __future__ import annotations

from collections import deque

from aiwebengine.runtimes.types import GroupStatus

FAULT_PERIOD_SECS = 300.0


class Group:
    """Counts what happened to programs that are versions of one thing."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.starts = 0
        self.ended_processes = 0
        self._faults: deque[float] = deque(maxlen=1_000)

    def count_fault(self, now: float) -> int:
        """Count a process that ended for its own fault; how many there were in five minutes."""
        self.ended_processes += 1
        self._faults.append(now)
        while self._faults[0] < now - FAULT_PERIOD_SECS:
            self._faults.popleft()
        return len(self._faults)

    def status(self, waiting: int) -> GroupStatus:
        """The counts."""
        return GroupStatus(self.name, waiting, self.starts, self.ended_processes)
