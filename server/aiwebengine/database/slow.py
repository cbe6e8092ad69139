"""Statistics of all statements, and a log line for each slow one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from heapq import nlargest

from aiwebengine.database.pool import Statement

log = logging.getLogger(__name__)

# The engine has few statements, but lists build theirs from the caller's filters, hence the limit.
MOST_STATEMENTS = 500
LONGEST_TEXT = 2_000
# A statement that fails outside requests is logged as a warning at most this often.
QUIET_SECS = 300.0


@dataclass(slots=True)
class StatementTotals:
    """Number of executions of a statement in this process, and their duration."""

    sql: str
    count: int = 0
    failures: int = 0
    total_secs: float = 0.0
    longest_secs: float = 0.0


class SlowStatements:
    """A database observer that counts statements, and logs those that take *slow_ms* (0: none).

    The logged text has the names of parameters instead of values. *request_id* returns the ID of
    the current request, or None outside a request.
    """

    def __init__(self, slow_ms: int, request_id: Callable[[], str | None] = lambda: None) -> None:
        self._slow_secs = slow_ms / 1_000 if slow_ms else float("inf")
        self._request_id = request_id
        self._totals: dict[str, StatementTotals] = {}
        self._quiet_until: dict[str, float] = {}

    def observe(self, statement: Statement) -> None:
        """Count an executed statement, and log it if it was slow."""
        totals = self._totals.get(statement.sql)
        if totals is None:
            totals = self._totals[statement.sql] = StatementTotals(_one_line(statement.sql))
            if len(self._totals) > MOST_STATEMENTS:
                self._drop_the_least(but=statement.sql)
        totals.count += 1
        totals.failures += statement.failed
        totals.total_secs += statement.took_secs
        totals.longest_secs = max(totals.longest_secs, statement.took_secs)
        if statement.took_secs >= self._slow_secs:
            request_id = self._request_id()
            log.log(
                self._level(statement, request_id),
                "database.slow_query",
                extra={
                    "statement": totals.sql,
                    "ms": round(statement.took_secs * 1_000, 1),
                    "waited_ms": round(statement.waited_secs * 1_000, 1),
                    "failed": statement.failed,
                    "request_id": request_id,
                },
            )

    def _level(self, statement: Statement, request_id: str | None) -> int:
        """The log level: ERROR for a failed statement of a request, else WARNING or DEBUG.

        While the database is down, periodic work fails repeatedly, and `database.down` reports
        that. So a failed statement outside requests is a warning only once in QUIET_SECS.
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

    def worst(self, number: int) -> list[StatementTotals]:
        """The *number* statements with the longest total duration, longest first."""
        return nlargest(number, self._totals.values(), key=lambda totals: totals.total_secs)

    def _drop_the_least(self, but: str) -> None:
        others = ((found.total_secs, sql) for sql, found in self._totals.items() if sql != but)
        _, sql = min(others)
        del self._totals[sql]
        self._quiet_until.pop(sql, None)


def _one_line(sql: str) -> str:
    return " ".join(sql.split())[:LONGEST_TEXT]
