"""The database: queries, transactions, and how drivers' errors are translated."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg

from aiwebengine.core.errors import BadUserInput, Unavailable
from aiwebengine.database.backend import PooledDatabase
from aiwebengine.database.connection_pool import ConnectionPool
from aiwebengine.database.holding import hold_lock
from aiwebengine.database.statements import arguments, compiled

Row: TypeAlias = asyncpg.Record

LONGEST_MAINTENANCE_SECS = 24 * 3_600
CLOSE_TIMEOUT_SECS = 5.0

_DOES_NOT_ANSWER = "The database does not answer. Try again in a moment."

# What means "not now" rather than "not so": the connection or the server is in trouble.
_OUTAGES = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    # A database that takes no connections at present, as while it is being swapped.
    asyncpg.ObjectNotInPrerequisiteStateError,
    # A database that is being replaced by a restored one has no name for a moment.
    asyncpg.InvalidCatalogNameError,
    # What the driver says when the server ended the connection between two statements, and the
    # next one is quicker than the news.
    asyncpg.InternalClientError,
)

_KNOWN_OPTIONS = {"host", "port", "sslmode", "application_name"}


@dataclass(frozen=True)
class PoolStats:
    """Number of open, used and allowed connections, and of tasks that wait for one."""

    size: int
    in_use: int
    maximum: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that ran: its text, without its values, and the time that it took.

    *waited_secs* went by before a connection was free, *took_secs* after that.
    """

    sql: str
    waited_secs: float
    took_secs: float
    failed: bool


Observer: TypeAlias = Callable[[Statement], None]
"""Told of each statement, in the task that asked for it."""


@dataclass
class _Held:
    """A transaction's connection. Tasks that outlive the transaction must not use it."""

    connection: Any
    is_open: bool = True
    afterwards: list[Callable[[], None]] = field(default_factory=list)
    after_commit: list[Callable[[], None]] = field(default_factory=list)

    def end(self) -> None:
        """Do what waited for the end."""
        for verb in self.afterwards:
            verb()


class Database:
    """A pool of connections; a transaction follows its task and the tasks that it starts.

    `databases` opens and closes the pool; statements run on the driver's own connection, because
    the wrapper's transactions lose connections when a commit fails, and its parsing costs as much
    as a query.
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
            # A frozen server answers nothing, not even an error: every wait needs an end.
            command_timeout=statement_timeout,
            timeout=acquire_timeout,
            server_settings={
                "application_name": options.pop("application_name", application_name),
            },
            **options,
        )
        self._maximum = max_connections
        self._pool: ConnectionPool | None = None
        self._held: ContextVar[_Held | None] = ContextVar("held_connection", default=None)
        self.observers: list[Observer] = []

    async def connect(self) -> None:
        """Open the pool. Raises Unavailable."""
        with _outages_told():
            await self._databases.connect()
        self._pool = self._databases.pool

    async def disconnect(self) -> None:
        """Close the pool; connections that are still in use are cut after CLOSE_TIMEOUT_SECS."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_SECS):
                await self._databases.disconnect()
        except (TimeoutError, *_OUTAGES):
            pool.terminate()

    async def all(self, sql: str, **values: object) -> list[Row]:
        """Every row. Raises Unavailable."""
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
        """Run a statement for its effect. Raises Unavailable."""
        await self._run("execute", sql, values)

    async def maintain(self, sql: str) -> None:
        """Run a statement that may take as long as it takes. Raises Unavailable."""
        await self._run("execute", sql, {}, timeout=LONGEST_MAINTENANCE_SECS)

    async def copy(
        self, table: str, columns: Sequence[str], records: Iterable[Sequence[object]]
    ) -> None:
        """Write many rows at once. Raises Unavailable."""
        with _outages_told():
            async with self._held_or_new() as connection:
                await connection.copy_records_to_table(
                    table, columns=list(columns), records=records, timeout=600
                )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """All or nothing; a nested one is a savepoint of the outer. Raises Unavailable."""
        held = self._held.get()
        with _outages_told():
            if held is not None and held.is_open:
                told = len(held.after_commit)
                try:
                    async with held.connection.transaction():
                        yield
                except BaseException:
                    del held.after_commit[told:]
                    raise
                return
            async with self._begun() as held:
                token = self._held.set(held)
                try:
                    yield
                finally:
                    held.is_open = False
                    # A generator may be closed by another task, which has a context of its own.
                    with suppress(ValueError):
                        self._held.reset(token)
            for verb in held.after_commit:
                verb()

    async def hold(self, kind: int, number: int) -> None:
        """Show that this process lives, by an advisory lock, until cancelled."""
        await hold_lock(self._url, kind, number)

    @property
    def is_in_transaction(self) -> bool:
        """Whether what this task reads may be taken back."""
        held = self._held.get()
        return held is not None and held.is_open

    def afterwards(self, verb: Callable[[], None]) -> None:
        """Do this when the transaction is over, however it ended; at once when there is none."""
        held = self._held.get()
        if held is not None and held.is_open:
            held.afterwards.append(verb)
        else:
            verb()

    def after_commit(self, verb: Callable[[], None]) -> None:
        """Do this once what this task does is committed; never if it is taken back.

        Outside a transaction a statement is its own, so that is at once.
        """
        held = self._held.get()
        if held is not None and held.is_open:
            held.after_commit.append(verb)
        else:
            verb()

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
            with _outages_told():
                held = self._held.get()
                if held is not None and held.is_open:
                    result = await _again_if_stale(held.connection, verb, text, given, options)
                else:
                    # Every request passes here: no context managers, which cost as much as this.
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
        """The transaction's connection, or one of the pool for as long as this lasts."""
        held = self._held.get()
        if held is not None and held.is_open:
            yield held.connection
            return
        async with self._connection() as connection:
            yield connection

    @asynccontextmanager
    async def _begun(self) -> AsyncIterator[_Held]:
        """A connection of the pool in a transaction, which is over when this is."""
        while True:
            async with self._connection() as connection, AsyncExitStack() as begun:
                held = _Held(connection)
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


class _outages_told:
    """Turns what the driver says of an outage into Unavailable."""

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
    try:
        return await getattr(connection, verb)(text, *given, **options)
    except asyncpg.InvalidCachedStatementError:
        if connection.is_in_transaction():
            raise
        # A migration changed the table under a prepared statement; asyncpg has dropped it, so
        # the same again prepares it anew.
        return await getattr(connection, verb)(text, *given, **options)


def _is_unsent(error: asyncpg.InternalClientError) -> bool:
    """Whether the statement went nowhere: the server has ended the connection just now.

    The driver has read that it was ended, and not yet that it is closed.
    """
    return "cannot switch to state" in str(error)


def _address(url: str) -> tuple[str, dict[str, Any]]:
    """The address without options, and the options as the driver takes them.

    `databases` drops what it does not know, `sslmode` among it, and would connect in clear.
    Raises ValueError for an unknown option.
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
