"""SQL statements about the calls of scripts by hour."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from aiwebengine.database import Database
from aiwebengine.scripts.activity_types import CallCount, ScriptHour


async def add(db: Database, counts: Sequence[CallCount]) -> None:
    """Add calls to their hours, each of which is there once.

    Calls of scripts that no longer exist are left out. In order, and with the scripts locked
    against removal, so that two workers never deadlock and no removal fails the whole batch.
    """
    await db.execute(
        """
        insert into script_activity as a (script_id, hour, requests, errors)
        select s.id, c.hour, c.requests, c.errors
        from unnest(
          cast(:script_ids as uuid[]), cast(:hours as timestamptz[]),
          cast(:requests as bigint[]), cast(:errors as bigint[])
        ) as c (script_id, hour, requests, errors)
        join scripts s on s.id = c.script_id
        order by s.id, c.hour
        for key share of s
        on conflict (script_id, hour) do update set
          requests = a.requests + excluded.requests, errors = a.errors + excluded.errors
        """,
        script_ids=[count.script_id for count in counts],
        hours=[count.hour for count in counts],
        requests=[count.requests for count in counts],
        errors=[count.errors for count in counts],
    )


async def last_hours(
    db: Database, script_ids: Sequence[UUID], hours: int
) -> dict[UUID, list[ScriptHour]]:
    """The hours with calls of each script that began in the last *hours*, oldest first."""
    rows = await db.all(
        """
        select script_id, hour as at, requests, errors
        from script_activity
        where script_id = any(:script_ids)
          and hour > now() - make_interval(hours => cast(:hours as integer))
        order by hour
        """,
        script_ids=list(script_ids),
        hours=hours,
    )
    found: dict[UUID, list[ScriptHour]] = {script_id: [] for script_id in script_ids}
    for row in rows:
        values = dict(row)
        found[values.pop("script_id")].append(ScriptHour(**values))
    return found


async def remove_old(db: Database, keep_days: int) -> None:
    """Remove hours that began more than *keep_days* days ago."""
    await db.execute(
        """
        delete from script_activity
        where hour < now() - make_interval(days => cast(:keep_days as integer))
        """,
        keep_days=keep_days,
    )
