"""SQL statements on the recorded settings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from aiwebengine.database import Database


async def lock(db: Database) -> None:
    """Lock the table until the transaction ends, so that instances compare one after the other."""
    await db.execute("lock table settings in exclusive mode")


async def in_force(db: Database) -> dict[str, Any]:
    """The stored settings of the last start by path; empty before the first start."""
    return {row["key"]: row["value"] for row in await db.all("select key, value from settings")}


async def put(db: Database, key: str, value: Any, *, is_change: bool) -> None:
    """Store a value for the next start; *is_change* also sets the time of its last change."""
    await db.execute(
        """
        insert into settings (key, value) values (:key, :value)
        on conflict (key) do update
        set value = :value,
          changed_at = case when :is_change then now() else settings.changed_at end
        """,
        key=key,
        value=value,
        is_change=is_change,
    )


async def remove(db: Database, keys: Sequence[str]) -> None:
    """Remove settings that are no longer configured."""
    await db.execute("delete from settings where key = any(:keys)", keys=list(keys))


async def secrets(db: Database) -> list[tuple[str, datetime]]:
    """The secrets that are set: path, and since when it has its value. Oldest first."""
    rows = await db.all(
        """
        select key, changed_at from settings
        where value ->> 'secret' is not null
        order by changed_at, key
        """
    )
    return [(row["key"], row["changed_at"]) for row in rows]
