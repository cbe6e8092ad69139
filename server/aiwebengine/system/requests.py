"""Counts what this process answers."""

from __future__ import annotations

from collections import deque
from typing import cast

from aiwebengine.system.types import BigInt, RequestStats

REMEMBERED = 4_096


class RequestFigures:
    """How many requests, how many of them failed, how long the last ones took."""

    def __init__(self) -> None:
        self._count = 0
        self._errors = 0
        self._seconds: deque[float] = deque(maxlen=REMEMBERED)

    def answered(self, seconds: float, *, failed: bool) -> None:
        """Count one request."""
        self._count += 1
        self._errors += failed
        self._seconds.append(seconds)

    def stats(self) -> RequestStats:
        """The figures so far; the percentiles are null before the first request."""
        ranked = sorted(self._seconds)

        def percentile(share: float) -> float | None:
            if not ranked:
                return None
            return round(ranked[min(len(ranked) - 1, int(share * len(ranked)))] * 1_000, 3)

        return RequestStats(
            count=cast(BigInt, self._count),
            errors=cast(BigInt, self._errors),
            p50_ms=percentile(0.50),
            p95_ms=percentile(0.95),
            p99_ms=percentile(0.99),
        )
