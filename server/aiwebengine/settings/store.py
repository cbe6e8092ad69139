"""Every SQL statement about settings."""

from __future__ import annotations

from typing import Any

from aiwebengine.database import Database


async def lock(db: Database) -> None:
    """Let one instance at a time compare."""
    await db.execute("lock table settings in exclusive mode")


async def in_force(db: Database) -> dict[str, Any]:
    """What was in force at the last start; empty before the first."""
    return {row["key"]: row["value"] for row in await db.all("select key, value from settings")}


async def replace(db: Database, values: dict[str, Any]) -> None:
    """Keep these for the next start."""
    await db.execute("delete from settings")
    for key, value in values.items():
        await db.execute(
            "insert into settings (key, value) values (:key, :value)", key=key, value=value
        )
