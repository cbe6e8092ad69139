"""Connections as the roles of scripts: none has rights beyond its script's schema."""

from __future__ import annotations

import asyncio
from uuid import UUID

from aiwebengine.core.errors import EngineError, Unavailable
from aiwebengine.database import Database
from aiwebengine.database.restricted import (
    Login,
    LoginRefused,
    RestrictedConnection,
    Result,
    connect,
    host_of,
)
from aiwebengine.database.restricted_pool import RestrictedPool
from aiwebengine.script_database import roles
from aiwebengine.script_database.limits import (
    ACQUIRE_SECS,
    CONNECTIONS_OF_SCRIPT,
    CONNECTIONS_OF_WORKER,
    IDLE_CONNECTION_SECS,
    IDLE_IN_TRANSACTION_SECS,
    LOCK_SECS,
    MOST_RESULT_BYTES,
    STATEMENT_SECS,
)
from aiwebengine.script_database.sizes import SchemaSizes
from aiwebengine.script_database.statements import Statement
from aiwebengine.script_database.transaction import Arguments


class ScriptConnections:
    """The connections of all scripts in this process; *url* is the engine's address.

    A connection is logged in as the script's own role, because nothing keeps SQL on a connection of
    the engine from going back to the engine's role: docs/decisions/0040-login-for-each-script.md.
    """

    def __init__(self, db: Database, url: str) -> None:
        self._db = db
        self._url = url
        self._pool = RestrictedPool(
            CONNECTIONS_OF_WORKER, CONNECTIONS_OF_SCRIPT, ACQUIRE_SECS, IDLE_CONNECTION_SECS
        )
        self._sizes = SchemaSizes(db)
        self._passwords: dict[str, str] = {}
        self._ensuring: dict[str, asyncio.Lock] = {}
        self.problem: str | None = None
        """Why the last connection could not be opened; None after success."""

    @property
    def size(self) -> int:
        """Number of open connections."""
        return self._pool.size

    async def run(
        self, key: str, statement: Statement, arguments: Arguments, most_rows: int
    ) -> Result:
        """Run a statement by itself; *key* is the ID of a script.

        Raises SqlError, ResultTooLarge, Unavailable, and what *arguments* raises.
        """
        await self._sizes.must_have_space(key, statement)
        connection = self._pool.idle(key)
        if connection is not None:
            try:
                return await self._run_on(key, connection, statement, arguments, most_rows)
            except Unavailable:
                # The server has ended it while it was idle; only a read can be sent twice.
                if not statement.only_reads:
                    raise
        connection = await self.acquire(key)
        return await self._run_on(key, connection, statement, arguments, most_rows)

    async def must_have_space(self, key: str, statement: Statement) -> None:
        """Raise LimitExceeded for a statement that may add to tables that are too large."""
        await self._sizes.must_have_space(key, statement)

    async def acquire(self, key: str) -> RestrictedConnection:
        """A connection of a script, which the caller must release. Raises Unavailable."""
        return self._pool.idle(key) or await self._pool.acquire(key, lambda: self._connect(key))

    def release(self, key: str, connection: RestrictedConnection, *, is_clean: bool = True) -> None:
        """Return a connection; one in a transaction, or that is not clean, is closed."""
        self._pool.release(key, connection, is_clean=is_clean)

    def forget(self, key: str) -> None:
        """Close the idle connections of a script, whose schema has gone."""
        self._passwords.pop(key, None)
        self._pool.drop(key)

    async def close(self) -> None:
        """Close all connections; open transactions are rolled back."""
        await self._pool.close()

    async def _run_on(
        self,
        key: str,
        connection: RestrictedConnection,
        statement: Statement,
        arguments: Arguments,
        most_rows: int,
    ) -> Result:
        is_clean = False
        try:
            result = await connection.run(statement.sql, arguments, most_rows)
            is_clean = True
            return result
        except Unavailable:
            raise
        except EngineError:
            # It was refused; the session is as before.
            is_clean = True
            raise
        finally:
            self._pool.release(key, connection, is_clean=is_clean)

    async def _connect(self, key: str) -> RestrictedConnection:
        try:
            try:
                connection = await connect(self._url, self._login(key, await self._password(key)))
            except LoginRefused:
                # The role or its password is another, as after a restore.
                self._passwords.pop(key, None)
                password = await self._password(key, sets_it=True)
                connection = await connect(self._url, self._login(key, password))
        except LoginRefused as error:
            self.problem = (
                f"{error.message} In pg_hba.conf, let the roles script_* of {host_of(self._url)}"
                " connect to the engine's database with scram-sha-256."
            )
            raise Unavailable(self.problem) from error
        except roles.NoScriptDatabases as error:
            self.problem = error.message
            raise
        self.problem = None
        return connection

    async def _password(self, key: str, *, sets_it: bool = False) -> str:
        """The password of a script's role, which is created or repaired first."""
        async with self._ensuring.setdefault(key, asyncio.Lock()):
            found = self._passwords.get(key)
            if found is None:
                found = await roles.ensure(self._db, UUID(key), sets_password=sets_it)
                self._passwords[key] = found
            return found

    def _login(self, key: str, password: str) -> Login:
        role = roles.role_of(UUID(key))
        return Login(
            role=role,
            password=password,
            settings={
                "application_name": role,
                "search_path": role,
                "timezone": "UTC",
                "standard_conforming_strings": "on",
                "client_min_messages": "warning",
                "statement_timeout": _milliseconds(STATEMENT_SECS),
                "lock_timeout": _milliseconds(LOCK_SECS),
                "idle_in_transaction_session_timeout": _milliseconds(IDLE_IN_TRANSACTION_SECS),
                "jit": "off",
            },
            statement_secs=STATEMENT_SECS,
            most_bytes=MOST_RESULT_BYTES,
        )


def _milliseconds(secs: float) -> str:
    return str(round(secs * 1_000))
