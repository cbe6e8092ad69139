"""The PostgreSQL backend of `databases`, on this project's own connection pool.

`databases` parses the address, opens and closes the pool. Its own backend uses asyncpg's pool,
whose tasks take more CPU time than most statements: docs/decisions/0010-pool.md.
"""

from __future__ import annotations

from typing import Any

import asyncpg
import databases
import orjson
from databases.backends.postgres import PostgresBackend

from aiwebengine.database.connection_pool import ConnectionPool


class PooledBackend(PostgresBackend):
    """Opens a `ConnectionPool` where the original opens asyncpg's pool."""

    async def connect(self) -> None:
        """Open the pool and its first connection. Raises the exceptions of asyncpg."""
        options = {
            "host": self._database_url.hostname,
            "port": self._database_url.port,
            "user": self._database_url.username,
            "password": self._database_url.password,
            "database": self._database_url.database,
            **self._options,
        }
        max_size = options.pop("max_size")

        async def connect() -> Any:
            connection = await asyncpg.connect(**options)
            try:
                await _set_json_codec(connection)
            except BaseException:
                connection.terminate()
                raise
            return connection

        pool = ConnectionPool(connect, max_size, options["timeout"])
        await pool.fill()
        self._pool: Any = pool


class PooledDatabase(databases.Database):
    """`databases.Database` with `PooledBackend`."""

    SUPPORTED_BACKENDS = {  # noqa: RUF012 - the base class expects a mutable mapping
        "postgresql": "aiwebengine.database.backend:PooledBackend",
        "postgres": "aiwebengine.database.backend:PooledBackend",
    }

    @property
    def pool(self) -> ConnectionPool:
        """The open pool."""
        pool: ConnectionPool = self._backend._pool
        return pool


async def _set_json_codec(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb",
        encoder=lambda value: orjson.dumps(value).decode(),
        decoder=orjson.loads,
        schema="pg_catalog",
    )
