"""Connections of logins that have rights in one schema only, with limits on what they return."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import orjson

from aiwebengine.core.errors import (
    BadUserInput,
    Conflict,
    EngineError,
    LimitExceeded,
    Unavailable,
)
from aiwebengine.database.pool import _OUTAGES, _address

MOST_PREPARED = 200
"""Prepared statements of one connection."""
LONGEST_PREPARED = 4_000
"""Characters of a statement that stays prepared: both sides keep its text."""
CONNECT_SECS = 5.0
CLOSE_SECS = 2.0
# The driver gives up this long after the server should have.
GRACE_SECS = 2.0


@dataclass(frozen=True, slots=True)
class Login:
    """Who connects, and the settings of the session."""

    role: str
    password: str
    settings: dict[str, str]
    statement_secs: float
    most_bytes: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """A prepared statement, the types of its parameters and its columns."""

    statement: Any
    parameters: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    """Name and type of each."""


@dataclass(frozen=True, slots=True)
class Result:
    """Rows of a statement; *status* is PostgreSQL's word, such as `UPDATE 3`."""

    rows: list[Any]
    status: str
    columns: tuple[tuple[str, str], ...]
    is_cut: bool
    """Whether there are more rows than were asked for."""


class SqlError(BadUserInput):
    """PostgreSQL refuses a statement; the message is its own."""

    def __init__(
        self, message: str, state: str = "", position: int | None = None, hint: str | None = None
    ) -> None:
        super().__init__(f"{message} (SQLSTATE {state})" if state else message, sqlState=state)
        self.state = state
        self.position = position
        """The character of the statement, from 0; None when PostgreSQL names none."""
        self.hint = hint


class SqlConflict(SqlError, Conflict):
    """The statement contradicts rows that are there, or another transaction."""

    code = Conflict.code
    status = Conflict.status


class ResultTooLarge(LimitExceeded):
    """A result has more bytes than allowed; the connection is closed."""


class LoginRefused(Unavailable):
    """The server does not let the login in; the message says why."""


class RestrictedConnection:
    """One connection, used by one task at a time."""

    def __init__(self, connection: asyncpg.Connection[Any], counter: _Counter, secs: float) -> None:
        self._connection = connection
        self._counter = counter
        self._timeout = secs + GRACE_SECS
        self._prepared: OrderedDict[str, Prepared] = OrderedDict()

    @property
    def is_usable(self) -> bool:
        """Whether it is open and in no transaction."""
        return self.is_open and not self._connection.is_in_transaction()

    @property
    def is_open(self) -> bool:
        """Whether statements can be sent."""
        return not self._connection.is_closed()

    async def run(
        self, sql: str, arguments: Callable[[Sequence[str]], list[object]], most_rows: int
    ) -> Result:
        """Run one statement. *arguments* gets the types of the parameters, and returns the values.

        Raises SqlError, ResultTooLarge, Unavailable, and what *arguments* raises.
        """
        try:
            return await self._run(sql, arguments, most_rows)
        except (asyncpg.OutdatedSchemaCacheError, asyncpg.InvalidCachedStatementError) as error:
            self._prepared.pop(sql, None)
            if self._connection.is_in_transaction():
                raise _translated(error) from error
        except Exception as error:
            raise self._translated(error) from error
        # A table was changed since the statement was prepared.
        try:
            return await self._run(sql, arguments, most_rows)
        except Exception as error:
            raise self._translated(error) from error

    async def command(self, sql: str) -> str:
        """Run a statement of the engine's own, such as `begin`. Returns PostgreSQL's word for it.

        `commit` of a transaction with an error is a ROLLBACK. Raises SqlError, Unavailable.
        """
        self._counter.start()
        try:
            return str(await self._connection.execute(sql, timeout=self._timeout))
        except Exception as error:
            raise self._translated(error) from error

    def terminate(self) -> None:
        """Close at once; the server rolls back."""
        self._connection.terminate()

    async def close(self) -> None:
        """Close within CLOSE_SECS, once a cancelled statement has ended."""
        with suppress(Exception):
            await self._connection.close(timeout=CLOSE_SECS)

    async def _run(
        self, sql: str, arguments: Callable[[Sequence[str]], list[object]], most_rows: int
    ) -> Result:
        self._counter.start()
        prepared = self._prepared.get(sql)
        if prepared is None:
            prepared = await self._prepare(sql)
        values = arguments(prepared.parameters)
        # One row more than asked for shows that there are more. The driver's public methods have
        # either all rows or one.
        rows, status, _ = await self._connection._protocol.bind_execute(
            prepared.statement._state, values, "", most_rows + 1, True, self._timeout
        )
        is_cut = len(rows) > most_rows
        return Result(
            rows[:most_rows] if is_cut else rows,
            status.decode() if status else "",
            prepared.columns,
            is_cut,
        )

    async def _prepare(self, sql: str) -> Prepared:
        statement = await self._connection.prepare(sql, timeout=self._timeout)
        prepared = Prepared(
            statement,
            tuple(_type_name(one) for one in statement.get_parameters()),
            tuple((one.name, _type_name(one.type)) for one in statement.get_attributes()),
        )
        if len(sql) <= LONGEST_PREPARED:
            self._prepared[sql] = prepared
        if len(self._prepared) > MOST_PREPARED:
            self._prepared.popitem(last=False)
        return prepared

    def _translated(self, error: Exception) -> Exception:
        if self._counter.is_exceeded:
            return ResultTooLarge(
                f"The result has more than {self._counter.most_bytes} bytes. Select fewer columns"
                " or rows."
            )
        return _translated(error)


async def connect(url: str, login: Login) -> RestrictedConnection:
    """Connect as *login* to the server and database of *url*. Raises LoginRefused, Unavailable."""
    address, options = _address(url)
    options.pop("application_name", None)
    try:
        connection = await asyncpg.connect(
            address,
            user=login.role,
            password=login.password,
            timeout=CONNECT_SECS,
            command_timeout=login.statement_secs + GRACE_SECS,
            server_settings=login.settings,
            **options,
        )
    except _NOT_LET_IN as error:
        raise LoginRefused(f"PostgreSQL does not let {login.role} in: {error}.") from error
    except asyncpg.TooManyConnectionsError as error:
        raise Unavailable("The database has no connection left for this script.") from error
    except Exception as error:
        raise _translated(error) from error
    try:
        counter = _Counter.of(connection, login.most_bytes)
        await _set_codecs(connection)
    except BaseException:
        connection.terminate()
        raise
    return RestrictedConnection(connection, counter, login.statement_secs)


def host_of(url: str) -> str:
    """The host and port of an address, for messages."""
    parts = urlsplit(url)
    return f"{parts.hostname or 'a local socket'}" + (f":{parts.port}" if parts.port else "")


async def _set_codecs(connection: asyncpg.Connection[Any]) -> None:
    for name in ("json", "jsonb"):
        # Already JSON: it goes into the answer as it is.
        await connection.set_type_codec(
            name, encoder=_as_it_is, decoder=orjson.Fragment, schema="pg_catalog"
        )
    for name in ("interval", "numeric"):
        await connection.set_type_codec(
            name, encoder=_as_it_is, decoder=_as_it_is, schema="pg_catalog"
        )


def _as_it_is(value: Any) -> Any:
    return value


class _Counter(asyncio.Protocol):
    """Between the socket and the driver: closes the connection when a result is too long."""

    def __init__(self, inner: Any, transport: Any, most_bytes: int) -> None:
        self._inner = inner
        self._transport = transport
        self.most_bytes = most_bytes
        self._received = 0

    @classmethod
    def of(cls, connection: asyncpg.Connection[Any], most_bytes: int) -> _Counter:
        """Counts what this connection receives."""
        transport = connection._transport
        counter = cls(connection._protocol, transport, most_bytes)
        transport.set_protocol(counter)
        return counter

    @property
    def is_exceeded(self) -> bool:
        """Whether the connection was closed because of this."""
        return self._received > self.most_bytes

    def start(self) -> None:
        """Count from zero."""
        self._received = 0

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        if self._received > self.most_bytes:
            self._transport.abort()
        else:
            self._inner.data_received(data)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._inner.connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._inner.connection_lost(error)

    def eof_received(self) -> Any:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()


def _type_name(found: Any) -> str:
    """A type's name; `[]` after it for an array."""
    name: str = found.name
    if found.kind == "array":
        return name if name.endswith("[]") else f"{name.removeprefix('_')}[]"
    return name


def _translated(error: Exception) -> Exception:
    if isinstance(error, EngineError):
        return error
    if isinstance(error, asyncpg.QueryCanceledError):
        return SqlError("The statement took too long, and was cancelled.", error.sqlstate or "")
    if isinstance(error, _CONFLICTS):
        return sql_error(error)
    if isinstance(error, _OUTAGES):
        return Unavailable("The database does not answer. Try again in a moment.")
    if isinstance(error, asyncpg.PostgresError):
        return sql_error(error)
    if isinstance(error, asyncpg.DataError | UnicodeEncodeError | ValueError | TypeError):
        return BadUserInput(f"A parameter does not fit: {error}")
    return error


@contextmanager
def refusals_translated() -> Iterator[None]:
    """Raises SqlError when PostgreSQL refuses a statement of `Database` in the `with` block."""
    try:
        yield
    except asyncpg.PostgresError as error:
        raise _translated(error) from error


def sql_error(error: Any) -> SqlError:
    """A refusal of PostgreSQL as an error for authors."""
    kind = SqlConflict if isinstance(error, _CONFLICTS) else SqlError
    message = error.message or str(error)
    if error.detail:
        message = f"{message}: {error.detail.rstrip('.')}"
    position = error.internal_position or error.position
    return kind(
        message,
        error.sqlstate or "",
        int(position) - 1 if position else None,
        error.hint,
    )


_NOT_LET_IN = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InsufficientPrivilegeError)
_CONFLICTS = (
    asyncpg.UniqueViolationError,
    asyncpg.ExclusionViolationError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
)
