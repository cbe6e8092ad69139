"""SQL statements about denials, most of which are counted instead of recorded one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from aiwebengine.audit.types import AuditAction
from aiwebengine.database import Database


@dataclass(frozen=True, order=True)
class Refused:
    """Kind of a denial. No part comes from a caller, so there are few kinds.

    *action* is the value of an `AuditAction`; *cause* names the rule that denied the request.
    """

    action: str
    target_type: str
    target: str
    cause: str


async def add(db: Database, counted: Mapping[Refused, int]) -> None:
    """Add to the counts that wait for an event."""
    # In one order everywhere, to avoid deadlocks between instances.
    kinds = sorted(counted)
    await db.execute(
        """
        insert into refusal_counts as c (action, target_type, target, cause, waiting)
        select * from unnest(
          cast(:actions as text[]), cast(:target_types as text[]), cast(:targets as text[]),
          cast(:causes as text[]), cast(:numbers as bigint[])
        )
        on conflict (action, target_type, target, cause) do update
        set waiting = c.waiting + excluded.waiting,
          since = case when c.waiting = 0 then excluded.since else c.since end
        """,
        actions=[kind.action for kind in kinds],
        target_types=[kind.target_type for kind in kinds],
        targets=[kind.target for kind in kinds],
        causes=[kind.cause for kind in kinds],
        numbers=[counted[kind] for kind in kinds],
    )


async def anything_due(db: Database, every_secs: float) -> bool:
    """Check whether a count waits whose last event is at least *every_secs* old."""
    return bool(
        await db.value(
            f"select exists (select from refusal_counts where {_DUE})", every_secs=every_secs
        )
    )


async def take_due(db: Database, every_secs: float) -> list[tuple[Refused, int, datetime]]:
    """Take the counts that are due: each kind, its number and its start."""
    rows = await db.all(
        f"""
        with due as (
          select action, target_type, target, cause, waiting from refusal_counts
          where {_DUE}
          order by action, target_type, target, cause
          for update
        )
        update refusal_counts c set waiting = 0, recorded_at = now()
        from due
        where (c.action, c.target_type, c.target, c.cause)
          = (due.action, due.target_type, due.target, due.cause)
        returning c.action, c.target_type, c.target, c.cause, due.waiting, c.since
        """,
        every_secs=every_secs,
    )
    return [
        (
            Refused(row["action"], row["target_type"], row["target"], row["cause"]),
            row["waiting"],
            row["since"],
        )
        for row in rows
    ]


async def lock(db: Database, caller: str) -> None:
    """Wait for other transactions that record a denial of this caller."""
    await db.value(
        "select pg_advisory_xact_lock(hashtext('aiwebengine.refusals'), hashtext(:caller))",
        caller=caller,
    )


async def recorded(
    db: Database, actor_id: UUID, operation: str, token_id: UUID | None, secs: float
) -> tuple[int, bool]:
    """Number of this user's denials recorded in the last hour, and whether one of *operation* by
    the same token or session was recorded in the last *secs*.
    """
    row = await db.one(
        """
        select count(*) as number, coalesce(
          bool_or(
            target_label = :operation and token_id is not distinct from :token_id
            and at > now() - make_interval(secs => :secs)
          ), false
        ) as lately
        from audit_events
        where actor_id = :actor_id and at > now() - interval '1 hour' and action = :action
        """,
        actor_id=actor_id,
        operation=operation,
        token_id=token_id,
        secs=secs,
        action=AuditAction.ACCESS_REFUSED.value,
    )
    assert row is not None  # noqa: S101 - an aggregate without groups always returns a row
    return row["number"], row["lately"]


async def failures_recorded(db: Database, provider: str, subject: str) -> int:
    """Number of failed sign-ins of this person at a provider recorded in the last hour."""
    return int(
        await db.value(
            """
            select count(*) from audit_events
            where action = :action and at > now() - interval '1 hour'
              and target_label = :provider and after ->> 'subject' = :subject
            """,
            action=AuditAction.SIGN_IN_FAILED.value,
            provider=provider,
            subject=subject,
        )
    )


_DUE = """
  waiting > 0
  and (recorded_at is null or recorded_at <= now() - make_interval(secs => :every_secs))
"""
