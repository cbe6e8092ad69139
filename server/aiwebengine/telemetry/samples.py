"""Samples of engine metrics, and merging them into longer steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from aiwebengine.telemetry import histogram


@dataclass(frozen=True)
class Sample:
    """Metrics of all workers and instances for `step_secs` from `at`.

    `seconds` is the observed part. Values that could not be measured are None.
    """

    step_secs: int
    at: datetime
    seconds: float
    requests: int
    errors: int
    buckets: list[int]
    cpu_seconds: float
    loop_lag_secs: float
    workers: int | None
    memory_bytes: int | None
    pool_in_use: int | None
    subscriptions: int | None
    connections: int | None
    database_bytes: int | None


def merged(samples: Iterable[Sample], step_secs: int) -> list[Sample]:
    """Merge samples into steps of *step_secs*; they must be in order of time.

    Adds counts, averages levels over time, keeps the maximum lag and the last database size.
    """
    return [
        _one(step_secs, start, list(group))
        for start, group in groupby(samples, lambda sample: _start(sample.at, step_secs))
    ]


def _start(at: datetime, step_secs: int) -> int:
    return int(at.timestamp()) // step_secs * step_secs


def _one(step_secs: int, start: int, parts: Sequence[Sample]) -> Sample:
    sizes = [part.database_bytes for part in parts if part.database_bytes is not None]
    return Sample(
        step_secs=step_secs,
        at=datetime.fromtimestamp(start, UTC),
        seconds=sum(part.seconds for part in parts),
        requests=sum(part.requests for part in parts),
        errors=sum(part.errors for part in parts),
        buckets=histogram.added(*(part.buckets for part in parts)),
        cpu_seconds=sum(part.cpu_seconds for part in parts),
        loop_lag_secs=max(part.loop_lag_secs for part in parts),
        workers=_level(parts, "workers"),
        memory_bytes=_level(parts, "memory_bytes"),
        pool_in_use=_level(parts, "pool_in_use"),
        subscriptions=_level(parts, "subscriptions"),
        connections=_level(parts, "connections"),
        database_bytes=sizes[-1] if sizes else None,
    )


def _level(parts: Sequence[Sample], name: str) -> int | None:
    known = [
        (getattr(part, name), part.seconds) for part in parts if getattr(part, name) is not None
    ]
    seconds = sum(weight for _, weight in known)
    return round(sum(value * weight for value, weight in known) / seconds) if seconds else None
