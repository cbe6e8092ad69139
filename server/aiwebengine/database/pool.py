"""The database: queries, transactions, and translation of the driver's errors."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg

from aiwebengine.core.errors import BadUserInput, Unavailable
from aiwebengine.database.backend import PooledDatabase
from aiwebengine.database.connection_pool import ConnectionPool
from aiwebengine.database.holding import hold_lock
from aiwebengine.database.open_transactions import OpenTransaction, Transaction
from aiwebengine.database.statements import arguments, compiled
from aiwebengine.database.turns import Places, Turns

Row: TypeAlias = asyncpg.Record

LONGEST_MAINTENANCE_SECS = 24 * 3_600
CLOSE_TIMEOUT_SECS = 5.0

_DOES_NOT_ANSWER = "The database does not answer. Try again in a moment."
_MANY_RUN = (
    "Too many init() functions, tests and trials of scripts write now. Try again in a moment."
)
_MANY_ARE_DEPLOYED = "Too many scripts are being deployed or checked now. Try again in a moment."

# Errors that mean that the database is unavailable, not that the statement is wrong.
_OUTAGES = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    # The database accepts no connections, as while a restore replaces it.
    asyncpg.ObjectNotInPrerequisiteStateError,
    # For a moment of that replacement, no database has the name.
    asyncpg.InvalidCatalogNameError,
    # The server closed the connection between two statements, and the driver has not noticed yet.
    asyncpg.InternalClientError,
)

_KNOWN_OPTIONS = {"host", "port", "sslmode", "application_name"}


@dataclass(frozen=True)
class PoolStats:
    """Numbers of open, used and allowed connections, and of tasks waiting for one."""

    size: int
    in_use: int
    maximum: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Statement:
    """An executed statement: its text without values, and its duration.

    *waited_secs* is the wait for a connection, *took_secs* the execution after that.
    """

    sql: str
    waited_secs: float
    took_secs: float
    failed: bool


Observer: TypeAlias = Callable[[Statement], None]
"""Called after each statement, in the task that ran it."""


class Database:
    """A pool of connections. A transaction applies to its task and the tasks that it starts.

    `databases` opens and closes the pool. Statements run directly on connections of asyncpg,
    because transactions of `databases` lose connections when a commit fails, and its parsing of
    statements takes as long as a query.
    """

    def __init__(
        self,
        url: str,
        *,
        max_connections: int = 50,
        acquire_timeout: float = 5.0,
        statement_timeout: float = 10.0,
        application_name: str = "aiwebengine",
    ) -> None:
        self._url = url
        address, options = _address(url)
        self._databases = PooledDatabase(
            address,
            max_size=max_connections,
            # A frozen server does not even send an error, so every wait needs a timeout.
            command_timeout=statement_timeout,
            timeout=acquire_timeout,
            server_settings={
                "application_name": options.pop("application_name", application_name),
            },
            **options,
        )
        self._maximum = max_connections
        self._pool: ConnectionPool | None = None
        self._held: ContextVar[Transaction | None] = ContextVar("held_connection", default=None)
        self.observers: list[Observer] = []
        self.turns = Turns()
        """Of those who would wait for a lock."""
        self.runs = Places(max_connections, _MANY_RUN)
        """Of transactions that last as long as a run of a script."""
        self.deployments = Places(max_connections, _MANY_ARE_DEPLOYED)
        """Of transactions that last as long as the migrations of a script."""

    async def connect(self) -> None:
        """Open the pool. Raises Unavailable."""
        with _errors_translated():
            await self._databases.connect()
        self._pool = self._databases.pool

    async def disconnect(self) -> None:
        """Close the pool. After CLOSE_TIMEOUT_SECS, connections still in use are terminated."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_SECS):
                await self._databases.disconnect()
        except (TimeoutError, *_OUTAGES):
            pool.terminate()

    async def all(self, sql: str, **values: object) -> list[Row]:
        """All rows. Raises Unavailable."""
        rows: list[Row] = await self._run("fetch", sql, values)
        return rows

    async def one(self, sql: str, **values: object) -> Row | None:
        """The first row, or None. Raises Unavailable."""
        row: Row | None = await self._run("fetchrow", sql, values)
        return row

    async def value(self, sql: str, **values: object) -> Any:
        """The first column of the first row, or None. Raises Unavailable."""
        return await self._run("fetchval", sql, values)

    async def execute(self, sql: str, **values: object) -> None:
        """Run a statement without a result. Raises Unavailable."""
        await self._run("execute", sql, values)

    async def maintain(self, sql: str, **values: object) -> None:
        """Run a statement with a timeout of LONGEST_MAINTENANCE_SECS. Raises Unavailable."""
        await self._run("execute", sql, values, timeout=LONGEST_MAINTENANCE_SECS)

    async def copy(
        self, table: str, columns: Sequence[str], records: Iterable[Sequence[object]]
    ) -> None:
        """Write many rows with COPY. Raises Unavailable."""
        with _errors_translated():
            async with self._held_or_new() as connection:
                await connection.copy_records_to_table(
                    table, columns=list(columns), records=records, timeout=600
                )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """Run the block in a transaction, or in a savepoint if one is open. Raises Unavailable."""
        held = self._held.get()
        with _errors_translated():
            if held is not None and held.is_open:
                registered = len(held.after_commit)
                try:
                    async with held.connection.transaction():
                        yield
                except BaseException:
                    del held.after_commit[registered:]
                    raise
                return
            async with self._begun() as held:
                token = self._held.set(held)
                try:
                    yield
                finally:
                    held.is_open = False
                    # A generator may be closed by another task, which has another context.
                    with suppress(ValueError):
                        self._held.reset(token)
            for function in held.after_commit:
                function()

    async def open_transaction(self) -> OpenTransaction:
        """Begin a transaction that is not bound to this task, nor to one that is open in it.

        It occupies a connection until the caller commits it or rolls it back. Raises Unavailable.
        """
        async with AsyncExitStack() as begun:
            begun.enter_context(_errors_translated())
            transaction = await begun.enter_async_context(self._begun())
            return OpenTransaction(self._held, transaction, begun.pop_all(), _errors_translated)

    async def hold(
        self, kind: int, number: int, on_change: Callable[[bool], None] | None = None
    ) -> None:
        """Hold an advisory lock, which shows that this process is alive, until cancelled.

        *on_change* gets whether it is held now.
        """
        await hold_lock(self._url, kind, number, on_change)

    @property
    def is_in_transaction(self) -> bool:
        """Whether this task runs in a transaction, so that its reads may be rolled back."""
        held = self._held.get()
        return held is not None and held.is_open

    def afterwards(self, function: Callable[[], None]) -> None:
        """Call *function* after the transaction's commit or rollback; at once outside of one."""
        held = self._held.get()
        if held is not None and held.is_open:
            held.afterwards.append(function)
        else:
            function()

    def after_commit(self, function: Callable[[], None]) -> None:
        """Call *function* after the commit, and never after a rollback.

        Outside a transaction each statement commits itself, so it is called at once.
        """
        held = self._held.get()
        if held is not None and held.is_open:
            held.after_commit.append(function)
        else:
            function()

    def pool_stats(self) -> PoolStats:
        """Current use of the pool."""
        pool = self._pool
        if pool is None:
            return PoolStats(size=0, in_use=0, maximum=self._maximum, waiting=0)
        return PoolStats(
            size=pool.size, in_use=pool.in_use, maximum=self._maximum, waiting=pool.waiting
        )

    async def _run(self, verb: str, sql: str, values: dict[str, object], **options: object) -> Any:
        text, names = compiled(sql)
        given = arguments(names, values)
        asked = started = time.perf_counter()
        failed = True
        try:
            with _errors_translated():
                held = self._held.get()
                if held is not None and held.is_open:
                    result = await _again_if_stale(held.connection, verb, text, given, options)
                else:
                    # Every request runs this. Context managers would take as long as the rest.
                    pool = self._connected()
                    while True:
                        connection = pool.acquire_idle() or await pool.acquire()
                        try:
                            started = time.perf_counter()
                            result = await _again_if_stale(connection, verb, text, given, options)
                            break
                        except asyncpg.InternalClientError as error:
                            if not _is_unsent(error):
                                raise
                        finally:
                            await pool.release(connection)
                failed = False
                return result
        finally:
            statement = Statement(sql, started - asked, time.perf_counter() - started, failed)
            for observer in self.observers:
                observer(statement)

    @asynccontextmanager
    async def _held_or_new(self) -> AsyncIterator[Any]:
        """The connection of the open transaction, or one of the pool for the `with` block."""
        held = self._held.get()
        if held is not None and held.is_open:
            yield held.connection
            return
        async with self._connection() as connection:
            yield connection

    @asynccontextmanager
    async def _begun(self) -> AsyncIterator[Transaction]:
        """Begin a transaction on a connection of the pool; it ends with the `with` block."""
        while True:
            async with self._connection() as connection, AsyncExitStack() as begun:
                held = Transaction(connection)
                begun.callback(held.end)
                try:
                    await begun.enter_async_context(connection.transaction())
                except asyncpg.InternalClientError as error:
                    if not _is_unsent(error):
                        raise
                    continue
                yield held
                return

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        pool = self._connected()
        connection = await pool.acquire()
        try:
            yield connection
        finally:
            await pool.release(connection)

    def _connected(self) -> ConnectionPool:
        """Raises Unavailable before `connect` and after `disconnect`."""
        if self._pool is None:
            raise Unavailable(_DOES_NOT_ANSWER)
        return self._pool


class _errors_translated:
    """Raises Unavailable for the driver's errors of an outage, BadUserInput for unfit values."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, asyncpg.DataError | UnicodeEncodeError):
            raise BadUserInput("A value is not of the kind that is stored here.") from error
        if isinstance(error, _OUTAGES):
            raise Unavailable(_DOES_NOT_ANSWER) from error


async def _again_if_stale(
    connection: Any, verb: str, text: str, given: Sequence[object], options: dict[str, object]
) -> Any:
    """Run the statement; once more if its prepared form is outdated."""
    try:
        return await getattr(connection, verb)(text, *given, **options)
    except asyncpg.InvalidCachedStatementError:
        if connection.is_in_transaction():
            raise
        # A migration changed the table of a prepared statement. asyncpg has dropped the statement,
        # so the second call prepares it again.
        return await getattr(connection, verb)(text, *given, **options)


def _is_unsent(error: asyncpg.InternalClientError) -> bool:
    """Whether the statement was not sent, because the server has just ended the connection.

    The driver has received the end of the session, but has not processed the close yet.
    """
    return "cannot switch to state" in str(error)


def _address(url: str) -> tuple[str, dict[str, Any]]:
    """The address without options, and the options as arguments of asyncpg.

    `databases` ignores options that it does not know, such as `sslmode`, and would connect without
    encryption. Raises ValueError for an unknown option.
    """
    parts = urlsplit(url)
    asked = dict(parse_qsl(parts.query))
    unknown = sorted(asked.keys() - _KNOWN_OPTIONS)
    if unknown:
        raise ValueError(f"unknown options {unknown}; known are {sorted(_KNOWN_OPTIONS)}")
    options: dict[str, Any] = {}
    if "sslmode" in asked:
        options["ssl"] = asked.pop("sslmode")
    if "application_name" in asked:
        options["application_name"] = asked.pop("application_name")
    return urlunsplit(parts._replace(query=urlencode(asked, safe="/"))), options
