"""Every SQL statement about versions of the program."""

from __future__ import annotations

from aiwebengine.database import Database
from aiwebengine.upgrades.types import LastRun


async def note(db: Database, version: str) -> None:
    """Note that this version serves the database from now on."""
    await db.execute(
        """
        insert into program_versions (version) values (:version)
        on conflict (version) do update set last_started_at = now()
        """,
        version=version,
    )


async def last_run(db: Database) -> LastRun:
    """What was started last. The table may be missing: older versions have none."""
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
