"""The nouns of this room."""

import enum
from datetime import datetime

import strawberry

from aiwebengine.core.scalars import BigInt
from aiwebengine.graphql.connection import page_size
from aiwebengine.graphql.context import Info
from aiwebengine.users.types import UserStats


@strawberry.enum
class StatsPeriod(enum.Enum):
    """How far back figures go, and how fine they are.

    Attributes:
        HOUR: the last hour, a sample every 10 seconds.
        DAY: the last 24 hours, a sample every 5 minutes.
        WEEK: the last 7 days, a sample every hour.
    """

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


@strawberry.type
class RequestStats:
    """What all workers of all instances answered.

    Attributes:
        count: how many requests, since the workers that are up started.
        errors: how many of these failed with a 5xx status or an INTERNAL error.
        p50_ms: half of the requests of the last 15 minutes took at most so long, in milliseconds.
        p95_ms: 95 of 100 of them took at most so long, in milliseconds.
        p99_ms: 99 of 100 of them took at most so long, in milliseconds.
    """

    count: BigInt
    errors: BigInt
    p50_ms: float | None = strawberry.field(name="p50Ms")
    p95_ms: float | None = strawberry.field(name="p95Ms")
    p99_ms: float | None = strawberry.field(name="p99Ms")


@strawberry.type
class EngineWorker:
    """A process that answers requests.

    Attributes:
        pid: its number on its machine.
        is_up: whether it said within the last six seconds that it lives.
        started_at: when it started.
        last_seen_at: when it said last that it lives.
        requests: how many requests it answered since it started.
        errors: how many of these failed.
        memory_bytes: the memory that it holds (resident set size).
        cpu_percent: the share of one processor that it used lately.
        loop_lag_ms: the longest that its event loop came late lately, in milliseconds.
        pool_in_use: its connections to the database that are at work.
        pool_maximum: the most connections that it may open.
        subscriptions: subscriptions that it serves.
    """

    pid: int
    is_up: bool
    started_at: datetime
    last_seen_at: datetime
    requests: BigInt
    errors: BigInt
    memory_bytes: BigInt
    cpu_percent: float
    loop_lag_ms: float
    pool_in_use: int
    pool_maximum: int
    subscriptions: int


@strawberry.type
class Instance:
    """One start of the engine, with its workers. A stop in good order takes it off the list.

    Attributes:
        id: its name for as long as it runs.
        host: the machine.
        version: the version of aiwebengine.
        is_up: whether any of its workers is.
        started_at: when it started.
        last_seen_at: when a worker of it said last that it lives.
        workers_configured: how many workers it is meant to have.
        workers_up: how many it has.
        workers: its workers; one that was lost stays on the list for ten minutes.
    """

    id: strawberry.ID
    host: str
    version: str
    is_up: bool
    started_at: datetime
    last_seen_at: datetime
    workers_configured: int
    workers_up: int
    workers: list[EngineWorker]


@strawberry.type
class SystemSample:
    """How all workers and instances together were doing within one stretch of time.

    Attributes:
        at: its beginning.
        seconds: how much of it was observed.
        requests: how many requests were answered.
        errors: how many of these failed with a 5xx status or an INTERNAL error.
        requests_per_second: requests by time.
        errors_per_second: failed requests by time.
        p50_ms: half of the requests took at most so long, in milliseconds; null without requests.
        p95_ms: 95 of 100 took at most so long, in milliseconds.
        p99_ms: 99 of 100 took at most so long, in milliseconds.
        cpu_percent: processor time that was used, in percent of one processor.
        loop_lag_ms: the longest that any event loop came late, in milliseconds.
        workers: workers that were up; null, like the rest, when the database did not answer.
        memory_bytes: the memory that they held.
        pool_in_use: their connections to the database that were at work.
        subscriptions: subscriptions that were open.
        connections: everybody's connections to the database.
        database_bytes: what the database took on disk.
    """

    at: datetime
    seconds: float
    requests: BigInt
    errors: BigInt
    requests_per_second: float
    errors_per_second: float
    p50_ms: float | None = strawberry.field(name="p50Ms")
    p95_ms: float | None = strawberry.field(name="p95Ms")
    p99_ms: float | None = strawberry.field(name="p99Ms")
    cpu_percent: float
    loop_lag_ms: float
    workers: int | None
    memory_bytes: BigInt | None
    pool_in_use: int | None
    subscriptions: int | None
    connections: int | None
    database_bytes: BigInt | None


@strawberry.type
class TimingStats:
    """How often something ran, and how long it took.

    Attributes:
        name: which; an operation by its kind and first field, a statement by its text without
          values.
        count: how often.
        errors: how often it failed.
        average_ms: how long it took on average, in milliseconds.
        p95_ms: 95 of 100 times it took at most so long, in milliseconds.
        total_seconds: how long it took in all.
    """

    name: str
    count: BigInt
    errors: BigInt
    average_ms: float
    p95_ms: float | None = strawberry.field(name="p95Ms")
    total_seconds: float


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
        return await info.context.services.telemetry.users(info.context.viewer)

    @strawberry.field
    async def requests(self, info: Info) -> RequestStats:
        """What all workers of all instances answered."""
        return await info.context.services.telemetry.requests(info.context.viewer)

    @strawberry.field
    def process(self, info: Info) -> ProcessStats:
        """The process that answers."""
        return info.context.services.telemetry.process(info.context.viewer)

    @strawberry.field
    async def database(self, info: Info) -> DatabaseStats:
        """The database and this process's connections to it."""
        return await info.context.services.telemetry.database(info.context.viewer)

    @strawberry.field
    def disk(self, info: Info) -> DiskStats:
        """The disk that holds the data directory."""
        return info.context.services.telemetry.disk(info.context.viewer)

    @strawberry.field
    async def instances(self, info: Info) -> list[Instance]:
        """Every instance that is up, or was lost within the last ten minutes."""
        return await info.context.services.telemetry.instances(info.context.viewer)

    @strawberry.field
    async def latest(self, info: Info) -> SystemSample | None:
        """The newest sample of 10 seconds that is complete; null before there is one."""
        return await info.context.services.telemetry.latest(info.context.viewer)

    @strawberry.field
    async def history(
        self, info: Info, period: StatsPeriod = StatsPeriod.HOUR
    ) -> list[SystemSample]:
        """How it went, oldest first; a time in which nothing ran has no samples.

        Args:
            period: how far back.
        """
        return await info.context.services.telemetry.history(info.context.viewer, period)

    @strawberry.field
    async def operations(
        self, info: Info, period: StatsPeriod = StatsPeriod.HOUR, first: int = 10
    ) -> list[TimingStats]:
        """The queries and mutations that took longest on average, slowest first.

        Args:
            period: how far back, by slots of ten minutes.
            first: how many, 1 to 200.
        """
        return await info.context.services.telemetry.slowest(
            info.context.viewer, "operation", period, page_size(first)
        )

    @strawberry.field
    async def statements(
        self, info: Info, period: StatsPeriod = StatsPeriod.HOUR, first: int = 10
    ) -> list[TimingStats]:
        """The statements of the database that took longest on average, slowest first.

        Args:
            period: how far back, by slots of ten minutes.
            first: how many, 1 to 200.
        """
        return await info.context.services.telemetry.slowest(
            info.context.viewer, "statement", period, page_size(first)
        )
