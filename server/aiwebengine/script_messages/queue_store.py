"""SQL statements that claim messages which are due, and record how their delivery ended."""

from __future__ import annotations

from aiwebengine.database import Database, Row
from aiwebengine.jobs.queues import Capacity
from aiwebengine.script_messages.types import KEEP_DAYS, KEEP_KEYS_HOURS, Delivery


def status_of(transaction: str) -> str:
    """SQL for what became of a transaction: 'committed', 'aborted', 'in progress', or null.

    A number that this server has not given yet, as after a restore of a backup, is null.
    """
    return (
        f"case when {transaction} < pg_snapshot_xmax(pg_current_snapshot())"
        f" then pg_xact_status({transaction}) end"
    )


# As in the queue of schedules: a lookup in the index for each active script.
_DUE = f"""
  select d.message_id, d.script_id, d.next_at
  from scripts s
  left join unnest(cast(:busy as uuid[]), cast(:capacities as integer[])) as b (script_id, capacity)
    on b.script_id = s.id
  cross join lateral (
    select d.message_id, d.script_id, d.next_at
    from script_deliveries d
    where d.script_id = s.id and d.state = 'pending' and d.runner is null and d.next_at <= now()
      and (d.held_by is null or {status_of("d.held_by")} = 'committed')
    order by d.next_at
    limit coalesce(b.capacity, cast(:of_each as integer))
  ) d
  where s.active_version is not null and s.suspended_at is null and s.deleted_at is null
"""
_COLUMNS = """
  c.message_id, c.script_id, m.type, m.data, m.sender, m.sent_at, m.hops, c.attempt, c.runner,
  l.handler
"""


async def is_due(db: Database, capacity: Capacity) -> bool:
    """Whether `claim` would find something."""
    return bool(await db.value(f"select exists ({_DUE})", **_values(capacity)))


async def claim(db: Database, runner: int, capacity: Capacity) -> list[Delivery]:
    """Claim what is due for the run *runner*, what is due longest first."""
    rows = await db.all(
        f"""
        with due as ({_DUE} order by d.next_at limit :total),
        free as (
          select d.message_id, d.script_id
          from script_deliveries d join due using (message_id, script_id)
          where d.state = 'pending' and d.runner is null and d.next_at <= now()
          for update of d skip locked
        ),
        c as (
          update script_deliveries d set runner = :runner, attempt = d.attempt + 1, held_by = null
          from free
          where d.message_id = free.message_id and d.script_id = free.script_id
          returning d.*
        )
        select {_COLUMNS}
        from c
        join script_messages m on m.id = c.message_id
        left join script_listeners l on l.script_id = c.script_id and l.type = m.type
        """,
        **_values(capacity),
        total=capacity.total,
        runner=runner,
    )
    return [_delivery(row) for row in rows]


async def lock_message(db: Database, message_id: int) -> None:
    """Let other deliveries of the message end after this transaction."""
    await db.execute("select from script_messages where id = :id for update", id=message_id)


async def delivered(db: Database, delivery: Delivery) -> None:
    """Remove a delivery, and the message with its last one; the message must be locked."""
    await db.execute(
        """
        with gone as (
          delete from script_deliveries
          where message_id = :message_id and script_id = :script_id and runner = :runner
          returning message_id
        )
        delete from script_messages m using gone
        where m.id = gone.message_id and not exists (
          select from script_deliveries d
          where d.message_id = m.id and d.script_id <> :script_id
        )
        """,
        message_id=delivery.message_id,
        script_id=delivery.script_id,
        runner=delivery.runner,
    )


async def repeat(
    db: Database, delivery: Delivery, pause_secs: float, attempt: int, problem: str | None
) -> None:
    """Free a delivery for the next attempt."""
    await db.execute(
        """
        update script_deliveries
        set runner = null, attempt = :attempt, problem = coalesce(:problem, problem),
          next_at = clock_timestamp() + make_interval(secs => :pause_secs)
        where message_id = :message_id and script_id = :script_id and runner = :runner
        """,
        message_id=delivery.message_id,
        script_id=delivery.script_id,
        runner=delivery.runner,
        attempt=attempt,
        pause_secs=pause_secs,
        problem=problem,
    )


async def give_up(db: Database, delivery: Delivery, problem: str | None) -> None:
    """Make a delivery a dead letter."""
    await db.execute(
        """
        update script_deliveries
        set runner = null, state = 'dead', problem = coalesce(:problem, problem),
          died_at = clock_timestamp()
        where message_id = :message_id and script_id = :script_id and runner = :runner
        """,
        message_id=delivery.message_id,
        script_id=delivery.script_id,
        runner=delivery.runner,
        problem=problem,
    )


async def remove_rolled_back(db: Database) -> None:
    """Remove messages whose transaction was rolled back: they were not sent."""
    await db.execute(
        f"""
        with gone as (
          delete from script_deliveries d
          where d.held_by is not null and {status_of("d.held_by")} = 'aborted'
          returning message_id
        )
        delete from script_messages m using gone where m.id = gone.message_id
        """
    )


async def has_foreign_claims(db: Database, own: int) -> bool:
    """Whether another process has claimed something."""
    return bool(
        await db.value(
            """
            select exists (
              select from script_deliveries where runner is not null and runner <> :own
            )
            """,
            own=own,
        )
    )


async def claims_of_the_dead(db: Database, limit: int) -> list[Delivery]:
    """Deliveries whose process is gone, locked until the end of the transaction."""
    rows = await db.all(
        f"""
        select {_COLUMNS}
        from script_deliveries c
        join script_messages m on m.id = c.message_id
        left join script_listeners l on l.script_id = c.script_id and l.type = m.type
        where c.runner is not null
          and not exists (select from runs r where r.id = c.runner and r.state = 'running')
        limit :limit
        for update of c skip locked
        """,
        limit=limit,
    )
    return [_delivery(row) for row in rows]


async def tidy(db: Database) -> int:
    """Give up what could not be delivered for long, and remove what is old; how much."""
    await db.execute(
        """
        update script_deliveries d
        set state = 'dead', died_at = now(),
          problem = coalesce(d.problem, 'It could not be delivered for 30 days.')
        from script_messages m
        where m.id = d.message_id and d.state = 'pending' and d.runner is null
          and greatest(m.sent_at, d.next_at) < now() - make_interval(days => :days)
        """,
        days=KEEP_DAYS,
    )
    removed = await db.value(
        """
        with gone as (
          delete from script_deliveries
          where state = 'dead' and died_at < now() - make_interval(days => :days)
          returning 1
        ),
        keys as (
          delete from script_message_keys where sent_at < now() - make_interval(hours => :hours)
        )
        select count(*) from gone
        """,
        days=KEEP_DAYS,
        hours=KEEP_KEYS_HOURS,
    )
    await db.execute(
        """
        delete from script_messages m
        where sent_at < now() - interval '1 minute'
          and not exists (select from script_deliveries d where d.message_id = m.id)
        """
    )
    return int(removed)


def _values(capacity: Capacity) -> dict[str, object]:
    return {
        "busy": list(capacity.of_owner),
        "capacities": list(capacity.of_owner.values()),
        "of_each": capacity.of_each,
    }


def _delivery(row: Row) -> Delivery:
    return Delivery(**dict(row))
