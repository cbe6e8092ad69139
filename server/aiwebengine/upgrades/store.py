"""SQL statements on the versions of the program that served the database."""

from __future__ import annotations

from aiwebengine.database import Database
from aiwebengine.upgrades.types import LastRun


async def note(db: Database, version: str) -> None:
    """Record that *version* was started now."""
    await db.execute(
        """
        insert into program_versions (version) values (:version)
        on conflict (version) do update set last_started_at = now()
        """,
        version=version,
    )


async def last_run(db: Database) -> LastRun:
    """The version that was started last; without values if none is recorded.

    The table may be missing, because older versions did not have it.
    """
    if await db.value("select to_regclass('program_versions') is null"):
        return LastRun(None, None)
    rows = await db.all(
        """
        select version, last_started_at
        from program_versions
        order by last_started_at desc
        limit 1
        """
    )
    return LastRun(rows[0]["version"], rows[0]["last_started_at"]) if rows else LastRun(None, None)
