"""SQL statements of health."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from aiwebengine.database import Database
from aiwebengine.health.types import HealthState


class Seen(NamedTuple):
    """State of a check, its start, and whether it is the first result of this process."""

    name: str
    state: HealthState
    since: datetime
    is_first: bool


async def answers(db: Database) -> bool:
    """Whether the database answers. Raises Unavailable if it does not."""
    return bool(await db.value("select true"))


async def clock(db: Database) -> datetime:
    """Current time of the database."""
    now: datetime = await db.value("select clock_timestamp()")
    return now


async def is_superuser(db: Database) -> bool:
    """Whether the engine's role is a superuser."""
    return bool(await db.value("select rolsuper from pg_roles where rolname = current_user"))


async def agree(
    db: Database,
    instance: str,
    seen: Sequence[Seen],
) -> dict[str, datetime]:
    """Record states, and return the start of each, as agreed by all workers of the instance.

    A first result is not a change: a recorded start of the same state counts. Otherwise a recorded
    start counts if another worker saw the same change less than about a minute ago.
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
    """Record that the instance is still running."""
    await db.execute(
        "update health_states set seen_at = now() where instance = :instance", instance=instance
    )


async def remove_older(db: Database, days: int) -> None:
    """Remove instances that have not been seen for *days* days."""
    await db.execute(
        "delete from health_states where seen_at < now() - make_interval(days => :days)", days=days
    )
