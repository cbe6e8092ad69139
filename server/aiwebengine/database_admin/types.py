"""Types of the database, its tables and indexes."""

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
    """The size of the database at a point in time.

    Attributes:
        at: time of the sample.
        size_bytes: size on disk.
    """

    at: datetime
    size_bytes: BigInt


@strawberry.type
class DatabaseTable:
    """A table.

    Attributes:
        name: name, schema-qualified if needed.
        estimated_rows: number of rows, estimated by PostgreSQL.
        size_bytes: size of the rows on disk.
        index_bytes: size of the indexes on disk.
        dead_rows: estimated number of dead rows, which vacuum can remove.
        last_vacuum_at: last manual vacuum.
        last_autovacuum_at: last autovacuum.
        last_analyze_at: last manual analyze.
        last_autoanalyze_at: last autoanalyze.
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
    """An index.

    Attributes:
        name: name, schema-qualified if needed.
        table: table of the index.
        size_bytes: size on disk.
        scans: number of scans since `statsSince`.
        is_unique: whether the index enforces a unique constraint.
        is_unused: whether the index can be dropped, because it has no scans and enforces nothing.
        is_valid: false if building the index failed; drop and recreate it.
        bloat_bytes: estimated bloat; null if unknown.
        definition: SQL that creates the index; null while its table is locked exclusively.
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
    """The database. Each field is read only if it is selected.

    Attributes:
        version: version of PostgreSQL.
        started_at: when the server started.
        size_bytes: size of the database on disk.
        stats_since: start of PostgreSQL's statistics; null if they were never reset.
    """

    version: str
    started_at: datetime
    size_bytes: BigInt
    stats_since: datetime | None

    @strawberry.field
    async def growth(self, info: Info, days: int = 90) -> list[DatabaseSize]:
        """Size over time, oldest first: hourly up to 7 days, daily beyond.

        Args:
            days: number of days, 1 to 400.
        """
        return await info.context.services.database_admin.growth(info.context.viewer, days)

    @strawberry.field
    async def tables(self, info: Info, first: int = 50) -> list[DatabaseTable]:
        """The largest tables, largest first.

        Args:
            first: maximum number of items, 1 to 200.
        """
        return await info.context.services.database_admin.tables(info.context.viewer, first)

    @strawberry.field
    async def indexes(self, info: Info, first: int = 50) -> list[DatabaseIndex]:
        """The largest indexes, largest first.

        Args:
            first: maximum number of items, 1 to 200.
        """
        return await info.context.services.database_admin.indexes(info.context.viewer, first)

    @strawberry.field
    async def connections(self, info: Info) -> DatabaseConnections:
        """Connections to the server."""
        return await info.context.services.database_admin.connections(info.context.viewer)

    @strawberry.field
    async def transactions(
        self, info: Info, first: int = 50, older_than_seconds: int = 60
    ) -> list[DatabaseSession]:
        """Long-running transactions, oldest first.

        Args:
            first: maximum number of items, 1 to 200.
            older_than_seconds: minimum age in seconds.
        """
        return await info.context.services.database_admin.transactions(
            info.context.viewer, first, older_than_seconds
        )

    @strawberry.field
    async def locks(self, info: Info, first: int = 50) -> list[DatabaseLock]:
        """Sessions that wait for a lock, longest wait first.

        Args:
            first: maximum number of items, 1 to 200.
        """
        return await info.context.services.database_admin.locks(info.context.viewer, first)

    @strawberry.field
    async def statements(self, info: Info, first: int = 10) -> DatabaseStatements:
        """The slowest statements.

        Args:
            first: maximum number of items, 1 to 200.
        """
        return await info.context.services.database_admin.statements(info.context.viewer, first)

    @strawberry.field
    async def last_vacuum(self, info: Info) -> VacuumRun | None:
        """The latest manual vacuum run; null if there is none."""
        return await info.context.services.database_admin.last_vacuum(info.context.viewer)

    @strawberry.field
    async def vacuums(self, info: Info) -> list[VacuumProgress]:
        """Running vacuum and analyze operations, at most 50."""
        return await info.context.services.database_admin.vacuums(info.context.viewer)
