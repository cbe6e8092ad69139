"""How large the tables of scripts are, so that none fills the disk."""

from __future__ import annotations

import time
from uuid import UUID

from aiwebengine.core.errors import LimitExceeded
from aiwebengine.database import Database
from aiwebengine.script_database import roles, store
from aiwebengine.script_database.limits import MOST_SCHEMA_BYTES, SIZE_SECS
from aiwebengine.script_database.statements import Statement

_GROWING = frozenset(("insert", "update", "merge", "with", "create", "alter"))
_MEGABYTE = 1_000_000
MOST_KNOWN = 10_000
"""Scripts whose size is remembered; then all are forgotten."""


class SchemaSizes:
    """Sizes of schemas, each measured at most every SIZE_SECS."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._known: dict[str, tuple[float, int]] = {}

    async def must_have_space(self, key: str, statement: Statement) -> None:
        """Raise LimitExceeded if the statement may add rows and the schema is too large.

        What a script writes between two measurements is not limited by this. Raises Unavailable.
        """
        if statement.verb not in _GROWING:
            return
        now = time.monotonic()
        measured, size = self._known.get(key, (float("-inf"), 0))
        if now - measured > SIZE_SECS:
            size = await store.size(self._db, roles.role_of(UUID(key)))
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[key] = (now, size)
        if size > MOST_SCHEMA_BYTES:
            raise LimitExceeded(
                f"The script's tables have {size // _MEGABYTE} MB; allowed:"
                f" {MOST_SCHEMA_BYTES // _MEGABYTE} MB. Delete rows, truncate or drop tables."
            )
