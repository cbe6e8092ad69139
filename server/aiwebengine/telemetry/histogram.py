"""How long things took, counted in buckets, so that workers and instances can be added up."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

BOUNDS_SECS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper ends of the buckets; one more bucket takes what is longer."""

SIZE = len(BOUNDS_SECS) + 1

Buckets = list[int]


def empty() -> Buckets:
    """Nothing counted yet."""
    return [0] * SIZE


def bucket_of(seconds: float) -> int:
    """The place of the bucket that takes this duration; an upper end belongs to its bucket."""
    return bisect_left(BOUNDS_SECS, seconds)


def added(*parts: Sequence[int]) -> Buckets:
    """All parts together."""
    return [sum(counts) for counts in zip(*parts, strict=True)] if parts else empty()


def percentile(buckets: Sequence[int], share: float) -> float | None:
    """At most how many seconds *share* of what was counted took; None when nothing was.

    Within a bucket the durations are taken to be spread evenly, as Prometheus'
    `histogram_quantile` does; beyond the last bound the answer is that bound.
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
    """For people, to the microsecond."""
    return None if seconds is None else round(seconds * 1_000, 3)
