"""Heartbeat data of a worker."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4


@dataclass(frozen=True)
class ThisInstance:
    """Data shared by all worker processes of one engine start."""

    id: UUID = field(default_factory=uuid4)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    workers: int = 1


@dataclass(frozen=True)
class ThisWorker:
    """Constant data of a worker."""

    id: UUID
    instance_id: UUID
    instance_started_at: datetime
    instance_workers: int
    place: int
    host: str
    pid: int
    version: str
    started_at: datetime


@dataclass(frozen=True)
class Beat:
    """Current metrics of a worker. Requests and errors are counted since it started."""

    requests: int
    errors: int
    memory_bytes: int
    cpu_seconds: float
    cpu_percent: float
    loop_lag_secs: float
    pool_size: int
    pool_in_use: int
    pool_maximum: int
    pool_waiting: int
    subscriptions: int
