"""Types of telemetry."""

import enum
from datetime import datetime

import strawberry

from aiwebengine.core.scalars import BigInt
from aiwebengine.graphql.connection import page_size
from aiwebengine.graphql.context import Info
from aiwebengine.users.types import UserStats


@strawberry.enum
class StatsPeriod(enum.Enum):
    """Period of metrics and the length of its samples.

    Attributes:
        HOUR: the last hour, in samples of 10 seconds.
        DAY: the last 24 hours, in samples of 5 minutes.
        WEEK: the last 7 days, in samples of 1 hour.
    """

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


@strawberry.type
class RequestStats:
    """Requests of all workers of all instances.

    Attributes:
        count: requests since the running workers started.
        errors: requests that failed with a 5xx status or an INTERNAL error.
        p50_ms: p50 latency of the last 15 minutes, in milliseconds.
        p95_ms: p95 latency of the last 15 minutes, in milliseconds.
        p99_ms: p99 latency of the last 15 minutes, in milliseconds.
    """

    count: BigInt
    errors: BigInt
    p50_ms: float | None = strawberry.field(name="p50Ms")
    p95_ms: float | None = strawberry.field(name="p95Ms")
    p99_ms: float | None = strawberry.field(name="p99Ms")


@strawberry.type
class EngineWorker:
    """A worker process.

    Attributes:
        pid: process ID.
        is_up: whether it sent a heartbeat within the last six seconds.
        started_at: when it started.
        last_seen_at: time of its last heartbeat.
        requests: requests since it started.
        errors: failed requests since it started.
        memory_bytes: memory in use (resident set size).
        cpu_percent: recent CPU usage, in percent of one core.
        loop_lag_ms: recent maximum event-loop lag, in milliseconds.
        pool_in_use: database connections in use.
        pool_maximum: maximum number of database connections.
        subscriptions: open subscriptions.
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
    """One engine start with its workers. A clean stop removes it from the list.

    Attributes:
        id: ID of this start.
        host: host name.
        version: the version of aiwebengine.
        is_up: whether any of its workers is up.
        started_at: when it started.
        last_seen_at: last heartbeat of any of its workers.
        workers_configured: configured number of workers.
        workers_up: number of workers that are up.
        workers: its workers; a lost worker stays listed for ten minutes.
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
    """Metrics of all workers and instances for one time span.

    Attributes:
        at: start of the time span.
        seconds: observed part of it.
        requests: number of requests.
        errors: requests that failed with a 5xx status or an INTERNAL error.
        requests_per_second: requests per second.
        errors_per_second: failed requests per second.
        p50_ms: p50 latency in milliseconds; null without requests.
        p95_ms: p95 latency in milliseconds.
        p99_ms: p99 latency in milliseconds.
        cpu_percent: CPU usage, in percent of one core.
        loop_lag_ms: maximum event-loop lag, in milliseconds.
        workers: workers that were up; null, like the following, if the database did not answer.
        memory_bytes: memory in use by all workers.
        pool_in_use: database connections in use.
        subscriptions: open subscriptions.
        connections: database connections of all clients.
        database_bytes: size of the database on disk.
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
    """Number and durations of runs of an operation or statement.

    Attributes:
        name: an operation's kind and first field, or a statement's text without values.
        count: number of runs.
        errors: number of failed runs.
        average_ms: average duration in milliseconds.
        p95_ms: p95 duration in milliseconds.
        total_seconds: total duration in seconds.
    """

    name: str
    count: BigInt
    errors: BigInt
    average_ms: float
    p95_ms: float | None = strawberry.field(name="p95Ms")
    total_seconds: float


@strawberry.type
class ScriptStats:
    """How a script answered in a period, and what its processes use now.

    Attributes:
        slug: the script.
        requests: requests that it answered, on all instances.
        errors: requests that failed with a 5xx status.
        p95_ms: p95 latency in milliseconds; null without requests.
        processes: its processes on the instance that answers this query.
        memory_bytes: resident memory of these processes.
        waiting: requests that wait for one of these processes.
    """

    slug: str
    requests: BigInt
    errors: BigInt
    p95_ms: float | None = strawberry.field(name="p95Ms")
    processes: int
    memory_bytes: BigInt
    waiting: int


@strawberry.type
class ProcessStats:
    """The process that handles this request.

    Attributes:
        version: the version of aiwebengine.
        python_version: the version of Python.
        pid: process ID.
        started_at: when it started.
        uptime_seconds: uptime in seconds.
        memory_bytes: memory in use (resident set size).
        cpu_seconds: CPU time used since it started.
        cpu_percent: CPU usage since the last query, in percent of one core.
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
    """The database and the connection pool of this process.

    Attributes:
        version: the version of PostgreSQL.
        size_bytes: size of the database on disk.
        pool_size: open connections of this process.
        pool_in_use: connections of this process in use.
        pool_maximum: maximum number of connections of this process.
        connections: open connections of all clients to this database.
        max_connections: maximum number of connections of the server.
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
    """The disk of the data directory.

    Attributes:
        path: the directory.
        total_bytes: the size of its file system.
        free_bytes: free space available to the engine.
    """

    path: str
    total_bytes: BigInt
    free_bytes: BigInt


@strawberry.type
class SystemStats:
    """Metrics of the engine. Each part is read only if it is selected.

    Attributes:
        at: time of the query.
    """

    at: datetime

    @strawberry.field
    async def users(self, info: Info) -> UserStats:
        """Numbers of users and their trend."""
        return await info.context.services.telemetry.users(info.context.viewer)

    @strawberry.field
    async def requests(self, info: Info) -> RequestStats:
        """Requests of all workers of all instances."""
        return await info.context.services.telemetry.requests(info.context.viewer)

    @strawberry.field
    def process(self, info: Info) -> ProcessStats:
        """The process that handles this request."""
        return info.context.services.telemetry.process(info.context.viewer)

    @strawberry.field
    async def database(self, info: Info) -> DatabaseStats:
        """The database and the connection pool of this process."""
        return await info.context.services.telemetry.database(info.context.viewer)

    @strawberry.field
    def disk(self, info: Info) -> DiskStats:
        """The disk of the data directory."""
        return info.context.services.telemetry.disk(info.context.viewer)

    @strawberry.field
    async def instances(self, info: Info) -> list[Instance]:
        """Instances that are up, or were lost within the last ten minutes."""
        return await info.context.services.telemetry.instances(info.context.viewer)

    @strawberry.field
    async def latest(self, info: Info) -> SystemSample | None:
        """The newest complete sample of 10 seconds; null before the first."""
        return await info.context.services.telemetry.latest(info.context.viewer)

    @strawberry.field
    async def history(
        self, info: Info, period: StatsPeriod = StatsPeriod.HOUR
    ) -> list[SystemSample]:
        """Samples, oldest first; there are none for times when no engine ran.

        Args:
            period: period of time.
        """
        return await info.context.services.telemetry.history(info.context.viewer, period)

    @strawberry.field
    async def operations(
        self, info: Info, period: StatsPeriod = StatsPeriod.HOUR, first: int = 10
    ) -> list[TimingStats]:
        """The queries and mutations with the longest average duration, slowest first.

        Args:
            period: period of time, in slots of ten minutes.
            first: maximum number of results, 1 to 200.
        """
        return await info.context.services.telemetry.slowest(
            info.context.viewer, "operation", period, page_size(first)
        )

    @strawberry.field
    async def statements(
        self, info: Info, period: StatsPeriod = StatsPeriod.HOUR, first: int = 10
    ) -> list[TimingStats]:
        """The database statements with the longest average duration, slowest first.

        Args:
            period: period of time, in slots of ten minutes.
            first: maximum number of results, 1 to 200.
        """
        return await info.context.services.telemetry.slowest(
            info.context.viewer, "statement", period, page_size(first)
        )
