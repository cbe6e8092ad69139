"""Every SQL statement about health."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from aiwebengine.database import Database
from aiwebengine.health.types import HealthState


class Seen(NamedTuple):
    """A check's state, since when, and whether its process looked for the first time."""

    name: str
    state: HealthState
    since: datetime
    is_first: bool


async def answers(db: Database) -> bool:
    """Whether the database answers at all. Raises Unavailable when it does not."""
    return bool(await db.value("select true"))


async def clock(db: Database) -> datetime:
    """What time it is for the database."""
    now: datetime = await db.value("select clock_timestamp()")
    return now


async def is_superuser(db: Database) -> bool:
    """Whether the engine's role may do everything on the server."""
    return bool(await db.value("select rolsuper from pg_roles where rolname = current_user"))


async def agree(
    db: Database,
    instance: str,
    seen: Sequence[Seen],
) -> dict[str, datetime]:
    """Since when each check has been in its state, for all workers of the instance.

    A first look has seen no change: what is known already counts. Otherwise it counts when another
    worker saw the same change about a minute ago or less.
    """
    rows = await db.all(
        """
        with new as (
          select * from unnest(
            cast(:names as text[]), cast(:states as text[]), cast(:sinces as timestamptz[]),
            cast(:firsts as boolean[])
          ) as new (name, state, since, is_first)
        )
        insert into health_states as known (instance, name, state, since)
        select :instance, name, state, since from new order by name
        on conflict (instance, name) do update set
          state = excluded.state,
          seen_at = now(),
          since = case
            when known.state = excluded.state
              and ((select is_first from new where new.name = known.name)
                or known.since > excluded.since - interval '1 minute')
            then known.since else excluded.since
          end
        returning name, since
        """,
        instance=instance,
        names=[one.name for one in seen],
        states=[one.state.value for one in seen],
        sinces=[one.since for one in seen],
        firsts=[one.is_first for one in seen],
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
