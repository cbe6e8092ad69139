"""SQL statements of the maintenance board."""

from __future__ import annotations

from datetime import datetime

from aiwebengine.database import Database
from aiwebengine.maintenance.types import Tick


async def clock(db: Database) -> tuple[datetime, datetime]:
    """When the board started, and the current time of the database."""
    row = await db.one("select min(began_at) as began_at, now() as now from maintenance_board")
    assert row is not None  # noqa: S101 - an aggregate always returns a row
    return row["began_at"] or row["now"], row["now"]


async def newest_ticks(db: Database) -> dict[str, Tick]:
    """The newest tick of each item that has one, by name."""
    rows = await db.all(
        """
        select distinct on (item) item, at, done_by, note
        from maintenance_ticks
        order by item, id desc
        """
    )
    return {row["item"]: Tick(**row) for row in rows}


async def add_tick(db: Database, item: str, done_by: str, note: str | None) -> None:
    """Record that an item was done."""
    await db.execute(
        "insert into maintenance_ticks (item, done_by, note) values (:item, :done_by, :note)",
        item=item,
        done_by=done_by,
        note=note,
    )
