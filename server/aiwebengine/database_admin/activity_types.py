"""Types of connections, locks and statements."""

import enum
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

import strawberry

from aiwebengine.core.scalars import BigInt


@strawberry.type
class DatabaseConnectionGroup:
    """Connections with the same state, application and user.

    Attributes:
        state: state of the connections, such as active, idle or idle in transaction.
        application: application name of the client.
        user_name: database user.
        count: number of connections.
        longest_seconds: longest time in this state, in seconds.
    """

    state: str
    application: str
    user_name: str
    count: int
    longest_seconds: float | None


@strawberry.type
class DatabaseConnections:
    """Connections to the server, and its limits.

    Attributes:
        used: number of connections to all databases of the server.
        maximum: maximum number of connections.
        reserved: number of connections reserved for superusers.
        groups: connections to this database, grouped, largest group first; at most 100 groups.
    """

    used: int
    maximum: int
    reserved: int
    groups: list[DatabaseConnectionGroup]


@strawberry.type
class DatabaseSession:
    """A connection and its activity.

    Attributes:
        pid: process ID on the server; `select pg_terminate_backend(pid)` ends it.
        user_name: database user.
        application: application name of the client.
        address: client address; null for a local connection.
        state: state, such as active or idle in transaction.
        waits_for: PostgreSQL wait event; null if the session is not waiting.
        transaction_started_at: start of the current transaction.
        transaction_seconds: age of the transaction, in seconds.
        statement: latest statement, without values.
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
    """A session that waits for a lock.

    Attributes:
        waiting: the waiting session.
        holders: the sessions that block it.
        table: the locked table; null for other locks.
        mode: requested lock mode.
        waited_seconds: time spent waiting, in seconds.
    """

    waiting: DatabaseSession
    holders: list[DatabaseSession]
    table: str | None
    mode: str
    waited_seconds: float | None


@strawberry.enum
class StatementsSource(enum.Enum):
    """The source of statement statistics.

    Attributes:
        PG_STAT_STATEMENTS: PostgreSQL, for all clients and across restarts.
        OWN: the responding process, for its own statements since it started.
        NONE: no statistics.
    """

    PG_STAT_STATEMENTS = "pg_stat_statements"
    OWN = "own"
    NONE = "none"


@strawberry.type
class DatabaseStatement:
    """Statistics of one statement over all executions.

    Attributes:
        statement: text of the statement, without values.
        calls: number of executions.
        mean_ms: mean execution time, in milliseconds.
        longest_ms: maximum execution time, in milliseconds.
        total_ms: total execution time, in milliseconds.
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
        source: source of the statistics.
        how_to_enable: how to enable pg_stat_statements; null if it is enabled.
        slowest: statements by mean execution time, slowest first.
    """

    source: StatementsSource
    how_to_enable: str | None
    slowest: list[DatabaseStatement]


class StatementTotals(Protocol):
    """Statistics of a statement in this process."""

    sql: str
    count: int
    total_secs: float
    longest_secs: float


OwnStatements: TypeAlias = Callable[[int], Sequence[StatementTotals]]
"""Returns at most the given number of the slowest statements of this process."""
