"""The nouns of this room: the database and what it holds."""

from datetime import datetime

import strawberry

from aiwebengine.core.scalars import BigInt
from aiwebengine.database_admin.activity_types import (
    DatabaseConnections,
    DatabaseLock,
    DatabaseSession,
    DatabaseStatements,
)
from aiwebengine.database_admin.vacuum_types import VacuumProgress, VacuumRun
from aiwebengine.graphql.context import Info


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
        return await info.context.services.database_admin.growth(info.context.viewer, days)

    @strawberry.field
    async def tables(self, info: Info, first: int = 50) -> list[DatabaseTable]:
        """The largest tables, the largest first.

        Args:
            first: how many, 1 to 200.
        """
        return await info.context.services.database_admin.tables(info.context.viewer, first)

    @strawberry.field
    async def indexes(self, info: Info, first: int = 50) -> list[DatabaseIndex]:
        """The largest indexes, the largest first.

        Args:
            first: how many, 1 to 200.
        """
        return await info.context.services.database_admin.indexes(info.context.viewer, first)

    @strawberry.field
    async def connections(self, info: Info) -> DatabaseConnections:
        """Who is connected."""
        return await info.context.services.database_admin.connections(info.context.viewer)

    @strawberry.field
    async def transactions(
        self, info: Info, first: int = 50, older_than_seconds: int = 60
    ) -> list[DatabaseSession]:
        """Transactions that are open for long, the oldest first.

        Args:
            first: how many, 1 to 200.
            older_than_seconds: only those that began at least so long ago.
        """
        return await info.context.services.database_admin.transactions(
            info.context.viewer, first, older_than_seconds
        )

    @strawberry.field
    async def locks(self, info: Info, first: int = 50) -> list[DatabaseLock]:
        """Who waits for whom, the longest wait first.

        Args:
            first: how many, 1 to 200.
        """
        return await info.context.services.database_admin.locks(info.context.viewer, first)

    @strawberry.field
    async def statements(self, info: Info, first: int = 10) -> DatabaseStatements:
        """The slowest statements.

        Args:
            first: how many, 1 to 200.
        """
        return await info.context.services.database_admin.statements(info.context.viewer, first)

    @strawberry.field
    async def last_vacuum(self, info: Info) -> VacuumRun | None:
        """The newest run of vacuum that somebody began; null before the first."""
        return await info.context.services.database_admin.last_vacuum(info.context.viewer)

    @strawberry.field
    async def vacuums(self, info: Info) -> list[VacuumProgress]:
        """What is being vacuumed or analyzed now, by anybody; at most 50 tables."""
        return await info.context.services.database_admin.vacuums(info.context.viewer)
