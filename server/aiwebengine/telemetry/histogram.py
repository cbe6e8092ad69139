"""Histograms of durations that can be added across workers and instances."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

BOUNDS_SECS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the buckets; one more bucket holds longer durations."""

SIZE = len(BOUNDS_SECS) + 1

Buckets = list[int]


def empty() -> Buckets:
    """An empty histogram."""
    return [0] * SIZE


def bucket_of(seconds: float) -> int:
    """Index of the bucket of a duration; upper bounds are inclusive."""
    return bisect_left(BOUNDS_SECS, seconds)


def added(*parts: Sequence[int]) -> Buckets:
    """Sum of histograms."""
    return [sum(counts) for counts in zip(*parts, strict=True)] if parts else empty()


def percentile(buckets: Sequence[int], share: float) -> float | None:
    """Percentile in seconds, for a *share* such as 0.95; None for an empty histogram.

    Interpolates linearly within a bucket, as Prometheus' `histogram_quantile` does; beyond the last
    bound it returns that bound.
    """
    rank = share * sum(buckets)
    if not any(buckets):
        return None
    below = 0
    for place, count in enumerate(buckets):
        if count and below + count >= rank:
            if place == len(BOUNDS_SECS):
                break
            start = BOUNDS_SECS[place - 1] if place else 0.0
            return start + (BOUNDS_SECS[place] - start) * max(0.0, rank - below) / count
        below += count
    return BOUNDS_SECS[-1]


def milliseconds(seconds: float | None) -> float | None:
    """Seconds as milliseconds, rounded to the microsecond."""
    return None if seconds is None else round(seconds * 1_000, 3)
