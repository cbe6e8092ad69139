"""Statistics of all statements, and a log line for each slow one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from heapq import nlargest

from aiwebengine.database.pool import Statement

log = logging.getLogger(__name__)

# Our statements are few; lists that others build their conditions into are what the bound is for.
MOST_STATEMENTS = 500
LONGEST_TEXT = 2_000
# How long a statement that fails beside the requests is not mentioned again.
QUIET_SECS = 300.0


@dataclass(slots=True)
class StatementFigures:
    """How often a statement ran in this process, and how long that took."""

    sql: str
    count: int = 0
    failures: int = 0
    total_secs: float = 0.0
    longest_secs: float = 0.0


class SlowStatements:
    """An observer of the database: counts each statement, logs those above *slow_ms* (0: none).

    The text has the names of its parameters where the values were. *request_id* tells for which
    request a statement ran, if for any.
    """

    def __init__(self, slow_ms: int, request_id: Callable[[], str | None] = lambda: None) -> None:
        self._slow_secs = slow_ms / 1_000 if slow_ms else float("inf")
        self._request_id = request_id
        self._figures: dict[str, StatementFigures] = {}
        self._quiet_until: dict[str, float] = {}

    def observe(self, statement: Statement) -> None:
        """Take note of a statement that ran."""
        figures = self._figures.get(statement.sql)
        if figures is None:
            figures = self._figures[statement.sql] = StatementFigures(_one_line(statement.sql))
            if len(self._figures) > MOST_STATEMENTS:
                self._drop_the_least(but=statement.sql)
        figures.count += 1
        figures.failures += statement.failed
        figures.total_secs += statement.took_secs
        figures.longest_secs = max(figures.longest_secs, statement.took_secs)
        if statement.took_secs >= self._slow_secs:
            request_id = self._request_id()
            log.log(
                self._level(statement, request_id),
                "database.slow_query",
                extra={
                    "statement": figures.sql,
                    "ms": round(statement.took_secs * 1_000, 1),
                    "waited_ms": round(statement.waited_secs * 1_000, 1),
                    "failed": statement.failed,
                    "request_id": request_id,
                },
            )

    def _level(self, statement: Statement, request_id: str | None) -> int:
        """One that failed is an error of its request.

        What runs beside the requests fails again and again while the database is away, which
        `database.down` tells once: of each such statement one line in a while is enough.
        """
        if not statement.failed:
            return logging.WARNING
        if request_id is not None:
            return logging.ERROR
        now = time.monotonic()
        if now < self._quiet_until.get(statement.sql, 0.0):
            return logging.DEBUG
        self._quiet_until[statement.sql] = now + QUIET_SECS
        return logging.WARNING

    def worst(self, number: int) -> list[StatementFigures]:
        """The statements that took most time altogether, first the one that took most."""
        return nlargest(number, self._figures.values(), key=lambda figures: figures.total_secs)

    def _drop_the_least(self, but: str) -> None:
        others = ((found.total_secs, sql) for sql, found in self._figures.items() if sql != but)
        _, sql = min(others)
        del self._figures[sql]
        self._quiet_until.pop(sql, None)


def _one_line(sql: str) -> str:
    return " ".join(sql.split())[:LONGEST_TEXT]
