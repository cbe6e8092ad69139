"""The nouns of this room: who is connected, who waits, what takes long."""

import enum
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol, TypeAlias

import strawberry

from aiwebengine.core.scalars import BigInt


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


class StatementFigures(Protocol):
    """How often a statement ran in this process, and how long that took."""

    sql: str
    count: int
    total_secs: float
    longest_secs: float


OwnStatements: TypeAlias = Callable[[int], Sequence[StatementFigures]]
"""The worst statements of this process, at most so many."""
