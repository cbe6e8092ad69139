"""Databases for tests: copies of a template, made ahead and dropped in the background."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from uuid import uuid4

import psycopg
from tests.servers import Server

# One for the next test, and one for a test that follows at once.
_AHEAD = 2


class Databases:
    """Copies of *template* on *server*, which no test waits for and no test drops."""

    def __init__(self, server: Server, template: str) -> None:
        self._server = server
        self._statement = f"create database {{}} template {template}"
        if server.major >= 15:
            # Half the processor time of `wal_log`, the default, to create and a quarter to drop:
            # the checkpoints that it needs are cheap without fsync. Older servers always do this.
            self._statement += " strategy file_copy"
        self._background = ThreadPoolExecutor(1)
        self._ready: deque[Future[str]] = deque()
        self._made_ahead(_AHEAD)

    def take(self) -> str:
        """The name of a database that nobody has used."""
        self._made_ahead(1)
        try:
            return self._ready.popleft().result()
        except psycopg.Error:
            # A test stopped or filled the server meanwhile.
            return self._create()

    def give_back(self, name: str) -> None:
        """Drop a database soon; sessions that are left in it are closed."""
        self._background.submit(self._server.run, f"drop database {name} with (force)")

    def close(self) -> None:
        """Finish what has begun. Databases that are left end with their server."""
        self._background.shutdown(cancel_futures=True)

    def _made_ahead(self, number: int) -> None:
        for _ in range(number):
            self._ready.append(self._background.submit(self._create))

    def _create(self) -> str:
        name = f"test_{uuid4().hex[:12]}"
        self._server.run(self._statement.format(name))
        return name
