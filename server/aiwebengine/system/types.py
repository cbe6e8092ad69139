"""The nouns of this room."""

from datetime import datetime
from typing import NewType

import strawberry

from aiwebengine.context import Info
from aiwebengine.users.types import UserStats

BigInt = NewType("BigInt", int)
BIG_INT = strawberry.scalar(
    name="BigInt",
    description="A whole number of up to 64 bits, as a JSON number.",
    serialize=int,
    parse_value=int,
)


@strawberry.type
class RequestStats:
    """What this process answered since it started.

    Attributes:
        count: how many requests.
        errors: how many of these failed with a 5xx status or an INTERNAL error.
        p50_ms: half of the last 4,096 requests took at most so long, in milliseconds.
        p95_ms: 95 of 100 took at most so long, in milliseconds.
        p99_ms: 99 of 100 took at most so long, in milliseconds.
    """

    count: BigInt
    errors: BigInt
    p50_ms: float | None = strawberry.field(name="p50Ms")
    p95_ms: float | None = strawberry.field(name="p95Ms")
    p99_ms: float | None = strawberry.field(name="p99Ms")


@strawberry.type
class ProcessStats:
    """The process that answers.

    Attributes:
        version: the version of aiwebengine.
        python_version: the version of Python.
        pid: its number on its machine.
        started_at: when it started.
        uptime_seconds: how long it has been running.
        memory_bytes: the memory that it holds (resident set size).
        cpu_seconds: the processor time it has used since it started.
        cpu_percent: the share of one processor that it used since it was asked last.
    """

    version: str
    python_version: str
    pid: int
    started_at: datetime
    uptime_seconds: float
    memory_bytes: BigInt
    cpu_seconds: float
    cpu_percent: float


@strawberry.type
class DatabaseStats:
    """The database and this process's connections to it.

    Attributes:
        version: the version of PostgreSQL.
        size_bytes: what the database takes on disk.
        pool_size: open connections of this process.
        pool_in_use: those of them that are working now.
        pool_maximum: the most that this process may open.
        connections: open connections of everybody to this database.
        max_connections: the most that the server allows.
    """

    version: str
    size_bytes: BigInt
    pool_size: int
    pool_in_use: int
    pool_maximum: int
    connections: int
    max_connections: int


@strawberry.type
class DiskStats:
    """The disk that holds the data directory.

    Attributes:
        path: the directory.
        total_bytes: the size of its file system.
        free_bytes: what is left of it for us.
    """

    path: str
    total_bytes: BigInt
    free_bytes: BigInt


@strawberry.type
class SystemStats:
    """How the engine is doing. Each part is read only when it is asked for.

    Attributes:
        at: when these figures were asked for.
    """

    at: datetime

    @strawberry.field
    async def users(self, info: Info) -> UserStats:
        """How many users there are."""
        return await info.context.services.system.users(info.context.viewer)

    @strawberry.field
    def requests(self, info: Info) -> RequestStats:
        """What this process answered since it started."""
        return info.context.services.system.requests(info.context.viewer)

    @strawberry.field
    def process(self, info: Info) -> ProcessStats:
        """The process that answers."""
        return info.context.services.system.process(info.context.viewer)

    @strawberry.field
    async def database(self, info: Info) -> DatabaseStats:
        """The database and this process's connections to it."""
        return await info.context.services.system.database(info.context.viewer)

    @strawberry.field
    def disk(self, info: Info) -> DiskStats:
        """The disk that holds the data directory."""
        return info.context.services.system.disk(info.context.viewer)
