"""SQL statements about access reviews."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import strawberry

from aiwebengine.access_reviews.types import (
    AccessReview,
    AccessReviewEntry,
    Decision,
    ReviewDecision,
    ReviewOutcome,
)
from aiwebengine.core.identity import Role, Viewer
from aiwebengine.database import Database, Row
from aiwebengine.users.types import UserStatus

_REVIEW = """
  r.id, r.started_at, r.started_by, r.note, r.finished_at, r.finished_by,
  r.total, r.kept, r.revoked, r.gone
"""
_ENTRY = """
  e.position, e.user_id, e.email, e.name, e.status, e.role, e.granted_at, e.granted_by, e.reason,
  e.expires_at, e.last_signed_in_at, e.last_seen_at, e.api_tokens, e.token_last_used_at, e.decision,
  e.note, e.outcome, e.detail, e.decided_by, e.decided_at, e.email_verified
"""
_OPEN = "(e.outcome is null or e.outcome = 'refused')"


async def add(db: Database, by: str, note: str | None) -> int | None:
    """Insert a review; None if one is open."""
    number: int | None = await db.value(
        """
        insert into access_reviews (started_by, note) values (:by, :note)
        on conflict do nothing
        returning id
        """,
        by=by,
        note=note,
    )
    return number


async def add_entries(db: Database, number: int) -> None:
    """Insert an entry for every current role, with the latest activity of its holder."""
    await db.execute(
        """
        insert into access_review_entries (
          review_id, position, user_id, email, name, status, role, granted_at, granted_by, reason,
          expires_at, last_signed_in_at, last_seen_at, api_tokens, token_last_used_at,
          email_verified
        )
        select :number,
          row_number() over (
            order by
              r.role, greatest(u.last_signed_in_at, s.seen_at, t.used_at) nulls first, u.email
          ),
          u.id, u.email, u.name, u.status, r.role, r.granted_at, r.granted_by, r.reason,
          r.expires_at, u.last_signed_in_at, greatest(u.last_signed_in_at, s.seen_at, t.used_at),
          t.working, t.used_at,
          case when exists (select from identities i where i.user_id = u.id)
            then a.email_verified_at is not null end
        from user_roles r
        join users u on u.id = r.user_id
        left join user_addresses a on a.user_id = u.id
        cross join lateral (
          select max(last_seen_at) as seen_at from sessions where user_id = u.id
        ) as s
        cross join lateral (
          select max(last_used_at) as used_at,
            count(*) filter (
              where revoked_at is null and (expires_at is null or expires_at > now())
            ) as working
          from api_tokens where user_id = u.id
        ) as t
        where r.expires_at is null or r.expires_at > now()
        """,
        number=number,
    )


async def remove_open_entries(db: Database, number: int) -> None:
    """Delete the undecided entries of a review."""
    await db.execute(
        f"delete from access_review_entries e where e.review_id = :number and {_OPEN}",
        number=number,
    )


async def lock(db: Database, number: int) -> None:
    """Lock a review until the transaction ends."""
    await db.value("select id from access_reviews where id = :id for update", id=number)


async def recount(db: Database, number: int, by: str) -> AccessReview:
    """Update the counts of a review; with no entry left to decide it is finished."""
    row = await db.one(
        f"""
        with counted as (
          select count(*) as total,
            count(*) filter (where outcome = 'kept') as kept,
            count(*) filter (where outcome = 'revoked') as revoked,
            count(*) filter (where outcome = 'gone') as gone
          from access_review_entries where review_id = :id
        ), r as (
          update access_reviews
          set total = c.total, kept = c.kept, revoked = c.revoked, gone = c.gone,
            finished_at = case when c.total = c.kept + c.revoked + c.gone then now() end,
            finished_by = case when c.total = c.kept + c.revoked + c.gone then :by end
          from counted c
          where id = :id
          returning access_reviews.*
        )
        select {_REVIEW} from r
        """,
        id=number,
        by=by,
    )
    assert row is not None  # noqa: S101 - the caller has just read it
    return _review(row)


async def find(db: Database, number: int) -> AccessReview | None:
    """The review, or None."""
    row = await db.one(f"select {_REVIEW} from access_reviews r where r.id = :id", id=number)
    return None if row is None else _review(row)


async def open_one(db: Database) -> AccessReview | None:
    """The open review, or None."""
    row = await db.one(f"select {_REVIEW} from access_reviews r where r.finished_at is null")
    return None if row is None else _review(row)


async def newest_finished(db: Database) -> AccessReview | None:
    """The latest finished review, or None."""
    row = await db.one(
        f"""
        select {_REVIEW} from access_reviews r
        where r.finished_at is not null
        order by r.finished_at desc limit 1
        """
    )
    return None if row is None else _review(row)


async def page(db: Database, after: int | None, limit: int) -> list[AccessReview]:
    """At most *limit* reviews older than the number *after*, newest first."""
    rows = await db.all(
        f"""
        select {_REVIEW} from access_reviews r
        where cast(:after as bigint) is null or r.id < :after
        order by r.id desc limit :limit
        """,
        after=after,
        limit=limit,
    )
    return [_review(row) for row in rows]


async def count(db: Database) -> int:
    """Number of reviews."""
    return int(await db.value("select count(*) from access_reviews"))


async def entries(
    db: Database, number: int, only_open: bool, after: int | None, limit: int
) -> list[AccessReviewEntry]:
    """At most *limit* entries after the position *after*, in order."""
    rows = await db.all(
        f"""
        select {_ENTRY} from access_review_entries e
        where e.review_id = :number and e.position > :after
          and {_OPEN if only_open else "true"}
        order by e.position limit :limit
        """,
        number=number,
        after=after or 0,
        limit=limit,
    )
    return [_entry(row) for row in rows]


async def count_entries(db: Database, number: int, only_open: bool) -> int:
    """Number of entries."""
    return int(
        await db.value(
            "select count(*) from access_review_entries e where e.review_id = :number"
            f" and {_OPEN if only_open else 'true'}",
            number=number,
        )
    )


async def entries_of(
    db: Database, number: int, wanted: Sequence[Decision]
) -> dict[tuple[UUID, Role], AccessReviewEntry]:
    """The entries of these decisions, by holder and role."""
    rows = await db.all(
        f"""
        select {_ENTRY} from access_review_entries e
        where e.review_id = :number and (e.user_id, e.role) in (
          select * from unnest(cast(:users as uuid[]), cast(:roles as text[]))
        )
        """,
        number=number,
        users=[one.user_id for one in wanted],
        roles=[one.role.value for one in wanted],
    )
    return {(row["user_id"], Role(row["role"])): _entry(row) for row in rows}


async def decide(
    db: Database,
    viewer: Viewer,
    number: int,
    decision: Decision,
    outcome: ReviewOutcome,
    detail: str | None,
) -> None:
    """Store the decision on one role and its outcome."""
    await db.execute(
        """
        update access_review_entries
        set decision = :decision, note = :note, outcome = :outcome, detail = :detail,
          decided_by = :by, decided_at = now()
        where review_id = :number and user_id = :user_id and role = :role
        """,
        decision=decision.decision.value,
        note=decision.note,
        outcome=outcome.value,
        detail=detail,
        by=viewer.label,
        number=number,
        user_id=decision.user_id,
        role=decision.role.value,
    )


async def keep(db: Database, viewer: Viewer, number: int, kept: Sequence[Decision]) -> None:
    """Store that these roles are kept; those no longer held are gone."""
    await db.execute(
        """
        update access_review_entries e
        set decision = 'keep', note = d.note, detail = null, decided_by = :by, decided_at = now(),
          outcome = case when exists (
            select from user_roles r
            where r.user_id = e.user_id and r.role = e.role
              and (r.expires_at is null or r.expires_at > now())
          ) then 'kept' else 'gone' end
        from unnest(cast(:users as uuid[]), cast(:roles as text[]), cast(:notes as text[]))
          as d (user_id, role, note)
        where e.review_id = :number and e.user_id = d.user_id and e.role = d.role
          and (e.outcome is null or e.outcome in ('kept', 'refused'))
        """,
        by=viewer.label,
        number=number,
        users=[one.user_id for one in kept],
        roles=[one.role.value for one in kept],
        notes=[one.note for one in kept],
    )


def _review(row: Row) -> AccessReview:
    values = dict(row)
    number = values.pop("id")
    return AccessReview(**values, id=strawberry.ID(str(number)), number=number)


def _entry(row: Row) -> AccessReviewEntry:
    values = dict(row)
    user_id = values.pop("user_id")
    decision, outcome = values["decision"], values["outcome"]
    values |= {
        "status": UserStatus(values["status"]),
        "role": Role(values["role"]),
        "decision": None if decision is None else ReviewDecision(decision),
        "outcome": None if outcome is None else ReviewOutcome(outcome),
    }
    return AccessReviewEntry(**values, user_id=strawberry.ID(str(user_id)), user_key=user_id)
