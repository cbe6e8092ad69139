"""SQL statements for rate limits."""

from __future__ import annotations

from collections.abc import Sequence

from aiwebengine.database import Database

Window = tuple[str, str, int]
"""Kind, address, and the minute since the epoch."""


async def add(db: Database, windows: Sequence[Window], hits: Sequence[int]) -> dict[Window, int]:
    """Add hits; return the totals of all instances."""
    rows = await db.all(
        """
        insert into rate_windows (kind, address, minute, hits)
        select * from unnest(
          cast(:kinds as text[]), cast(:addresses as text[]), cast(:minutes as bigint[]),
          cast(:hits as bigint[])
        ) as new (kind, address, minute, hits)
        order by kind, address, minute
        on conflict (kind, address, minute) do update set hits = rate_windows.hits + excluded.hits
        returning kind, address, minute, hits
        """,
        kinds=[kind for kind, _, _ in windows],
        addresses=[address for _, address, _ in windows],
        minutes=[minute for _, _, minute in windows],
        hits=list(hits),
    )
    return {(row["kind"], row["address"], row["minute"]): row["hits"] for row in rows}


async def remove_before(db: Database, minute: int) -> None:
    """Delete counters before *minute*."""
    await db.execute("delete from rate_windows where minute < :minute", minute=minute)
