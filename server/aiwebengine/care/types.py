"""The nouns of this room."""

import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

import strawberry

from aiwebengine.context import Info
from aiwebengine.system.types import BigInt


@strawberry.type
class DatabaseSize:
    """How large the database was.

    Attributes:
        at: when.
        size_bytes: what it took on disk.
    """

    at: datetime
    size_bytes: BigInt


@strawberry.type
class DatabaseTable:
    """One table.

    Attributes:
        name: its name, with its schema where that is needed.
        estimated_rows: about how many rows, as PostgreSQL believes; never counted.
        size_bytes: what its rows take on disk.
        index_bytes: what its indexes take on disk.
        dead_rows: about how many rows were changed or deleted and still take room.
        last_vacuum_at: when somebody last had it vacuumed.
        last_autovacuum_at: when PostgreSQL last vacuumed it by itself.
        last_analyze_at: when somebody last had it analyzed.
        last_autoanalyze_at: when PostgreSQL last analyzed it by itself.
    """

    name: str
    estimated_rows: BigInt | None
    size_bytes: BigInt
    index_bytes: BigInt
    dead_rows: BigInt
    last_vacuum_at: datetime | None
    last_autovacuum_at: datetime | None
    last_analyze_at: datetime | None
    last_autoanalyze_at: datetime | None


@strawberry.type
class DatabaseIndex:
    """One index.

    Attributes:
        name: its name, with its schema where that is needed.
        table: the table that it is of.
        size_bytes: what it takes on disk.
        scans: how often it was used since `statsSince`.
        is_unique: whether it also keeps a rule: values that occur once.
        is_unused: whether it could go: it was never used and keeps no rule.
        is_valid: false when building it failed half way; drop it and build it again.
        bloat_bytes: about how much of it is air; null when that can't be told.
        definition: the SQL that makes it; null while somebody has its table to themselves.
    """

    name: str
    table: str
    size_bytes: BigInt
    scans: BigInt
    is_unique: bool
    is_unused: bool
    is_valid: bool
    bloat_bytes: BigInt | None
    definition: str | None


@strawberry.type
class DatabaseConnectionGroup:
    """Connections that are alike.

    Attributes:
        state: what they do: active, idle, idle in transaction, …
        application: the program, as it calls itself.
        user_name: the account of the database.
        count: how many.
        longest_seconds: for how long the one that changed least has been in this state.
    """

    state: str
    application: str
    user_name: str
    count: int
    longest_seconds: float | None


@strawberry.type
class DatabaseConnections:
    """Who is connected to the server, against what it allows.

    Attributes:
        used: how many are connected, to all databases of the server.
        maximum: how many the server allows.
        reserved: how many of these only a superuser can have.
        groups: those to this database, alike ones together, the most first; at most 100 groups.
    """

    used: int
    maximum: int
    reserved: int
    groups: list[DatabaseConnectionGroup]


@strawberry.type
class DatabaseSession:
    """One connection and what it does.

    Attributes:
        pid: its number on the server; `select pg_terminate_backend(pid)` ends it.
        user_name: the account of the database.
        application: the program, as it calls itself.
        address: where it comes from; null on the server's own machine.
        state: what it does: active, idle in transaction, …
        waits_for: what it waits for, as PostgreSQL calls it; null when for nothing.
        transaction_started_at: when its transaction began.
        transaction_seconds: how long ago that is.
        statement: its newest statement, without values.
    """

    pid: int
    user_name: str
    application: str
    address: str | None
    state: str
    waits_for: str | None
    transaction_started_at: datetime | None
    transaction_seconds: float | None
    statement: str


@strawberry.type
class DatabaseLock:
    """Somebody who waits, and for whom.

    Attributes:
        waiting: who waits.
        holders: who must finish first.
        table: the table that it is about; null when it is about something else.
        mode: the lock that is wanted.
        waited_seconds: for how long.
    """

    waiting: DatabaseSession
    holders: list[DatabaseSession]
    table: str | None
    mode: str
    waited_seconds: float | None


@strawberry.enum
class StatementsSource(enum.Enum):
    """Where figures about statements come from.

    Attributes:
        PG_STAT_STATEMENTS: PostgreSQL counts, for every program and over restarts.
        OWN: the process that answers counts what it ran itself since it started.
        NONE: nobody counts.
    """

    PG_STAT_STATEMENTS = "pg_stat_statements"
    OWN = "own"
    NONE = "none"


@strawberry.type
class DatabaseStatement:
    """A kind of statement, all runs together.

    Attributes:
        statement: its text, without values.
        calls: how often it ran.
        mean_ms: how long it took on average, in milliseconds.
        longest_ms: how long it took at most, in milliseconds.
        total_ms: how long all runs took, in milliseconds.
    """

    statement: str
    calls: BigInt
    mean_ms: float
    longest_ms: float
    total_ms: float


@strawberry.type
class DatabaseStatements:
    """The slowest statements.

    Attributes:
        source: where the figures come from.
        how_to_enable: how PostgreSQL is made to count; null when it does.
        slowest: the slowest on average first.
    """

    source: StatementsSource
    how_to_enable: str | None
    slowest: list[DatabaseStatement]


@strawberry.enum
class VacuumState(enum.Enum):
    """How a run of vacuum is.

    Attributes:
        RUNNING: under way.
        SUCCEEDED: every table is done.
        FAILED: it stopped at an error; the message says which.
        INTERRUPTED: whoever ran it is gone; doing it again is fine.
    """

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@strawberry.type
class VacuumRun:
    """Tables that somebody had vacuumed, one after the other.

    Attributes:
        id: the number of the run.
        state: how it is.
        started_at: when it began.
        started_by: who began it.
        ended_at: when it ended.
        tables: the tables that it is about, in order.
        tables_done: how many of them are done.
        current_table: the one that is being worked on.
        phase: what PostgreSQL does with it.
        percent: about how much of it is done.
        message: what went wrong.
    """

    id: strawberry.ID
    state: VacuumState
    started_at: datetime
    started_by: str
    ended_at: datetime | None
    tables: list[str]
    tables_done: int
    current_table: str | None
    phase: str | None
    percent: float | None
    message: str | None

    @property
    def number(self) -> int:
        """`id` as the number that it is in the table."""
        return int(self.id)


@strawberry.type
class VacuumProgress:
    """A table that is being vacuumed or analyzed now.

    Attributes:
        pid: the number of the connection that does it.
        table: the table.
        phase: what PostgreSQL does with it.
        percent: about how much of it was read; null before that is known.
        is_automatic: whether PostgreSQL does it by itself.
    """

    pid: int
    table: str
    phase: str
    percent: float | None
    is_automatic: bool


@strawberry.type
class DatabaseInfo:
    """How the database is. Each part is read only when it is asked for.

    Attributes:
        version: the version of PostgreSQL.
        started_at: when the server started.
        size_bytes: what the database takes on disk.
        stats_since: since when PostgreSQL counts; null when since the database was made.
    """

    version: str
    started_at: datetime
    size_bytes: BigInt
    stats_since: datetime | None

    @strawberry.field
    async def growth(self, info: Info, days: int = 90) -> list[DatabaseSize]:
        """Its size over time, oldest first: by the hour up to 7 days, by the day beyond.

        Args:
            days: how far back, 1 to 400.
        """
        return await info.context.services.care.growth(info.context.viewer, days)

    @strawberry.field
    async def tables(self, info: Info, first: int = 50) -> list[DatabaseTable]:
        """The largest tables, the largest first.

        Args:
            first: how many, 1 to 200.
        """
        return await info.context.services.care.tables(info.context.viewer, first)

    @strawberry.field
    async def indexes(self, info: Info, first: int = 50) -> list[DatabaseIndex]:
        """The largest indexes, the largest first.

        Args:
            first: how many, 1 to 200.
        """
        return await info.context.services.care.indexes(info.context.viewer, first)

    @strawberry.field
    async def connections(self, info: Info) -> DatabaseConnections:
        """Who is connected."""
        return await info.context.services.care.connections(info.context.viewer)

    @strawberry.field
    async def transactions(
        self, info: Info, first: int = 50, older_than_seconds: int = 60
    ) -> list[DatabaseSession]:
        """Transactions that are open for long, the oldest first.

        Args:
            first: how many, 1 to 200.
            older_than_seconds: only those that began at least so long ago.
        """
        return await info.context.services.care.transactions(
            info.context.viewer, first, older_than_seconds
        )

    @strawberry.field
    async def locks(self, info: Info, first: int = 50) -> list[DatabaseLock]:
        """Who waits for whom, the longest wait first.

        Args:
            first: how many, 1 to 200.
        """
        return await info.context.services.care.locks(info.context.viewer, first)

    @strawberry.field
    async def statements(self, info: Info, first: int = 10) -> DatabaseStatements:
        """The slowest statements.

        Args:
            first: how many, 1 to 200.
        """
        return await info.context.services.care.statements(info.context.viewer, first)

    @strawberry.field
    async def last_vacuum(self, info: Info) -> VacuumRun | None:
        """The newest run of vacuum that somebody began; null before the first."""
        return await info.context.services.care.last_vacuum(info.context.viewer)

    @strawberry.field
    async def vacuums(self, info: Info) -> list[VacuumProgress]:
        """What is being vacuumed or analyzed now, by anybody; at most 50 tables."""
        return await info.context.services.care.vacuums(info.context.viewer)


class StatementFigures(Protocol):
    """How often a statement ran in this process, and how long that took."""

    sql: str
    count: int
    total_secs: float
    longest_secs: float


OwnStatements: TypeAlias = Callable[[int], Sequence[StatementFigures]]
"""The worst statements of this process, at most so many."""


@dataclass(frozen=True)
class VacuumOptions:
    """How to vacuum.

    *analyze* renews the planner's statistics as well; *full* rewrites the table, locked meanwhile.
    """

    analyze: bool = True
    full: bool = False

    def __str__(self) -> str:
        """The options as SQL writes them."""
        chosen = ("full",) * self.full + ("analyze",) * self.analyze
        return f"({', '.join(chosen)})" if chosen else ""
