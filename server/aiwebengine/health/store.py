"""Every SQL statement about health."""

from __future__ import annotations

from aiwebengine.database import Database


async def answers(db: Database) -> bool:
    """Whether the database answers at all. Raises Unavailable when it does not."""
    return bool(await db.value("select true"))
