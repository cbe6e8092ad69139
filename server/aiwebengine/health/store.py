"""Every SQL statement about health."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aiwebengine.database import Database
from aiwebengine.health.types import HealthState


async def answers(db: Database) -> bool:
    """Whether the database answers at all. Raises Unavailable when it does not."""
    return bool(await db.value("select true"))


async def clock(db: Database) -> datetime:
    """What time it is for the database."""
    now: datetime = await db.value("select clock_timestamp()")
    return now


async def agree(
    db: Database,
    instance: str,
    seen: Sequence[tuple[str, HealthState, datetime]],
    *,
    is_first: bool,
) -> dict[str, datetime]:
    """Since when each check has been in its state, for all workers of the instance.

    A process that *is_first* to look has seen no change: what is known already counts. Otherwise
    it counts when another worker saw the same change about a minute ago or less.
    """
    rows = await db.all(
        """
        insert into health_states as known (instance, name, state, since)
        select :instance, new.name, new.state, new.since
        from unnest(
          cast(:names as text[]), cast(:states as text[]), cast(:sinces as timestamptz[])
        ) as new (name, state, since)
        order by new.name
        on conflict (instance, name) do update set
          state = excluded.state,
          seen_at = now(),
          since = case
            when known.state = excluded.state
              and (:is_first or known.since > excluded.since - interval '1 minute')
            then known.since else excluded.since
          end
        returning name, since
        """,
        instance=instance,
        names=[name for name, _, _ in seen],
        states=[state.value for _, state, _ in seen],
        sinces=[since for _, _, since in seen],
        is_first=is_first,
    )
    return {row["name"]: row["since"] for row in rows}


async def confirm(db: Database, instance: str) -> None:
    """Note that the instance is still there."""
    await db.execute(
        "update health_states set seen_at = now() where instance = :instance", instance=instance
    )


async def remove_older(db: Database, days: int) -> None:
    """Forget instances of which nothing was seen for so many days."""
    await db.execute(
        "delete from health_states where seen_at < now() - make_interval(days => :days)", days=days
    )
