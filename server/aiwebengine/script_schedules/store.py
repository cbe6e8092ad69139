"""SQL statements that set, cancel and list schedules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from aiwebengine.database import Database, Row
from aiwebengine.script_schedules.plans import EVERY, Plan
from aiwebengine.script_schedules.types import MOST_SCHEDULES, Stored, Wanted

_IS_SAME_PLAN = """
  d.kind = :kind and d.kind <> 'once' and d.cron is not distinct from :cron
  and d.time_zone = :time_zone and d.every_ms is not distinct from cast(:every_ms as bigint)
"""


async def now(db: Database) -> datetime:
    """The time by the database's clock."""
    at: datetime = await db.value("select clock_timestamp()")
    return at


async def set_schedule(
    db: Database, script_id: UUID, wanted: Wanted, now: datetime, *, is_declared: bool
) -> datetime | None:
    """Set a schedule; when it is due next, None if the script has too many.

    The same plan again keeps its next time. A cancelled schedule whose run is in progress is not
    cancelled any more.
    """
    plan, first = wanted.plan, wanted.plan.first(now)
    due: datetime | None = await db.value(
        f"""
        insert into script_schedules as d (
          script_id, name, kind, cron, time_zone, every_ms, anchor, handler, is_declared, retries,
          data, next_at, due_at
        )
        select :script_id, :name, :kind, :cron, :time_zone, cast(:every_ms as bigint), :anchor,
          :handler, :is_declared, :retries, :data, :first, :first
        where exists (
          select from script_schedules o where o.script_id = :script_id and o.name = :name
        ) or (
          select count(*) from script_schedules o where o.script_id = :script_id
        ) < :most
        on conflict (script_id, name) do update
        set kind = :kind, cron = :cron, time_zone = :time_zone,
          every_ms = cast(:every_ms as bigint), handler = :handler, is_declared = :is_declared,
          retries = :retries, data = :data, is_cancelled = false,
          revision = case when {_IS_SAME_PLAN} and not d.is_cancelled
            then d.revision else d.revision + 1 end,
          anchor = case when {_IS_SAME_PLAN} and not d.is_cancelled then d.anchor else :anchor end,
          next_at = case when {_IS_SAME_PLAN} and not d.is_cancelled
            then d.next_at else :first end,
          due_at = case when {_IS_SAME_PLAN} and not d.is_cancelled then d.due_at else :first end,
          attempt = case when {_IS_SAME_PLAN} and not d.is_cancelled then d.attempt else 0 end
        returning next_at
        """,
        script_id=script_id,
        name=wanted.name,
        kind=plan.kind,
        cron=plan.cron,
        time_zone=plan.time_zone,
        every_ms=plan.every_ms,
        anchor=_anchor(plan, first),
        handler=wanted.handler,
        is_declared=is_declared,
        retries=wanted.retries,
        data=wanted.data,
        first=first,
        most=MOST_SCHEDULES,
    )
    return due


async def is_declared(db: Database, script_id: UUID, name: str) -> bool:
    """Whether the active version declares this schedule."""
    return bool(
        await db.value(
            """
            select is_declared from script_schedules
            where script_id = :script_id and name = :name
            """,
            script_id=script_id,
            name=name,
        )
    )


async def cancel(db: Database, script_id: UUID, name: str) -> bool:
    """Remove a schedule that a handler set; False if there is none.

    While its run is in progress it is only marked, so that no other run of the name begins.
    """
    return bool(
        await db.value(
            """
            with held as materialized (
              select name, runner, is_cancelled from script_schedules
              where script_id = :script_id and name = :name and not is_declared
              for update
            ),
            removed as (
              delete from script_schedules d using held h
              where d.script_id = :script_id and d.name = h.name and h.runner is null
              returning 1
            ),
            marked as (
              update script_schedules d set is_cancelled = true from held h
              where d.script_id = :script_id and d.name = h.name and h.runner is not null
                and not h.is_cancelled
              returning 1
            )
            select exists (select from removed) or exists (select from marked)
            """,
            script_id=script_id,
            name=name,
        )
    )


async def remove_declared(db: Database, script_id: UUID, kept: Sequence[str]) -> None:
    """Remove what no longer is declared; see `cancel`."""
    await _remove(db, script_id, "is_declared and name <> all(cast(:kept as text[]))", kept)


async def remove_set(db: Database, script_id: UUID) -> None:
    """Remove what handlers have set; see `cancel`."""
    await _remove(db, script_id, "not is_declared and name <> all(cast(:kept as text[]))", [])


async def stored(db: Database, script_id: UUID, prefix: str, limit: int) -> list[Stored]:
    """At most *limit* schedules of a script whose names begin so, by name."""
    rows = await db.all(
        """
        select * from script_schedules
        where script_id = :script_id and not is_cancelled and starts_with(name, :prefix)
        order by name
        limit :limit
        """,
        script_id=script_id,
        prefix=prefix,
        limit=limit,
    )
    return [_stored(row) for row in rows]


async def _remove(db: Database, script_id: UUID, which: str, kept: Sequence[str]) -> None:
    # A run that ends meanwhile frees its schedule: `held` has the rows as they are once locked.
    await db.execute(
        f"""
        with held as materialized (
          select name, runner from script_schedules
          where script_id = :script_id and {which}
          order by name
          for update
        ),
        removed as (
          delete from script_schedules d using held h
          where d.script_id = :script_id and d.name = h.name and h.runner is null
        )
        update script_schedules d set is_cancelled = true, is_declared = false from held h
        where d.script_id = :script_id and d.name = h.name and h.runner is not null
        """,
        script_id=script_id,
        kept=list(kept),
    )


def _anchor(plan: Plan, first: datetime) -> datetime:
    """What the times of an interval count from: it fixes them for good."""
    return plan.anchor if plan.kind == EVERY and plan.anchor is not None else first


def _stored(row: Row) -> Stored:
    plan = Plan(row["kind"], row["anchor"], row["every_ms"], row["cron"], row["time_zone"])
    wanted = Wanted(row["name"], plan, row["handler"], row["retries"], row["data"])
    return Stored(wanted, row["is_declared"], row["next_at"], row["runner"] is not None)
