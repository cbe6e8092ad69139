"""SQL statements about audit events. The table refuses updates and deletes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import strawberry

from aiwebengine.audit import bounds
from aiwebengine.audit.types import AuditAction, AuditEvent, AuditFilter, Details, Target
from aiwebengine.core.identity import ActorKind, Viewer
from aiwebengine.database import PLANNED_FOR_ITS_VALUES, Database, Row

CHANNEL = "aiwebengine_events"

_COLUMNS = """
  e.id, e.at, e.action, e.actor_kind, e.actor_id, e.actor_label, e.target_type, e.target_id,
  e.target_label, e.before, e.after, e.reason, e.session_id, e.token_id, e.request_id, e.address,
  e.user_agent, e.door
"""

_WORDS = "audit_words(e.actor_label, e.target_label, e.reason, e.request_id)"
# Characters that never occur in an email address.
_BETWEEN = re.compile(r"[^\w.@-]+")
# Number of newest events that are searched for words before the index is used.
NEWEST = 5_000

Key = tuple[datetime, int]


async def append(
    db: Database,
    viewer: Viewer,
    action: AuditAction,
    target: Target,
    before: Details | None,
    after: Details | None,
    reason: str | None,
) -> int:
    """Insert an event and announce its number at commit.

    Every text is truncated to its column: see `bounds`.
    """
    row = await db.one(
        """
        with event as (
          insert into audit_events (
            action, actor_kind, actor_id, actor_label, target_type, target_id, target_label,
            before, after, reason, session_id, token_id, request_id, address, user_agent, door
          )
          values (
            :action, :actor_kind, :actor_id, :actor_label, :target_type, :target_id, :target_label,
            :before, :after, :reason, :session_id, :token_id, :request_id, :address, :user_agent,
            :door
          )
          returning id
        )
        select id, pg_notify(:channel, id || ' ' || :action) from event
        """,
        action=action.value,
        actor_kind=viewer.kind.value,
        actor_id=viewer.id,
        actor_label=bounds.text("actor_label", viewer.label),
        target_type=target.kind,
        target_id=target.id,
        target_label=bounds.text("target_label", target.label),
        before=bounds.details(before),
        after=bounds.details(after),
        reason=bounds.optional_text("reason", reason),
        session_id=viewer.session_id,
        token_id=viewer.token_id,
        request_id=bounds.optional_text("request_id", viewer.origin.request_id),
        address=bounds.optional_text("address", viewer.origin.address),
        user_agent=bounds.optional_text("user_agent", viewer.origin.user_agent),
        door=viewer.origin.door,
        channel=CHANNEL,
    )
    assert row is not None  # noqa: S101 - an insert without conflict clause always returns
    return int(row["id"])


async def announce(db: Database, action: AuditAction) -> None:
    """Announce *action* at commit without recording an event.

    It is announced as number 0, which no event has.
    """
    await db.execute(
        "select pg_notify(:channel, '0 ' || :action)", channel=CHANNEL, action=action.value
    )


def announced(message: str) -> tuple[int, AuditAction | None]:
    """The number and action of an announcement; None for an action of another version."""
    number, _, action = message.partition(" ")
    known = {known.value: known for known in AuditAction}
    return int(number), known.get(action)


def append_at_once(connection: Any, viewer: Viewer, action: AuditAction, target: Target) -> int:
    """`append` for a blocking psycopg connection; the viewer is the engine or an operator."""
    row = connection.execute(
        """
        with event as (
          insert into audit_events
            (action, actor_kind, actor_label, target_type, target_label, door)
          values (%s, %s, %s, %s, %s, %s)
          returning id
        )
        select id, pg_notify(%s, id || ' ' || %s) from event
        """,
        (
            action.value,
            viewer.kind.value,
            bounds.text("actor_label", viewer.label),
            target.kind,
            bounds.text("target_label", target.label),
            viewer.origin.door,
            CHANNEL,
            action.value,
        ),
    ).fetchone()
    return int(row[0])


async def page(
    db: Database, wanted: AuditFilter, after: Key | None, limit: int
) -> list[AuditEvent]:
    """At most *limit* events, newest first, that come after the key *after*."""
    conditions, words, values = _conditions(wanted)
    if after is not None:
        conditions.append("(e.at, e.id) < (:after_at, :after_id)")
        values |= {"after_at": after[0], "after_id": after[1]}
    if wanted.user_id is None:
        statement = _select(conditions, words)
    else:
        # Each half scans its own index; with `or` PostgreSQL would sort all events of a busy
        # administrator. `union` (not `union all`) removes events by and about the same user.
        statement = " union ".join(
            f"({_select([*conditions, f'e.{column} = :user_id'], words)})"
            for column in ("target_id", "actor_id")
        )
        statement = f"select * from ({statement}) as e order by e.at desc, e.id desc limit :limit"
    rows = await db.all(statement, **values, limit=limit)
    return [_event(row) for row in rows]


async def count(db: Database, wanted: AuditFilter) -> int:
    """Number of events."""
    conditions, words, values = _conditions(wanted)
    if wanted.user_id is not None:
        conditions.append("(e.target_id = :user_id or e.actor_id = :user_id)")
    where = _all([*conditions, *words])
    return int(await db.value(f"select count(*) from audit_events e where {where}", **values))


async def by_numbers(db: Database, numbers: Sequence[int]) -> list[AuditEvent]:
    """The events with these numbers, oldest first."""
    rows = await db.all(
        f"select {_COLUMNS} from audit_events e where e.id = any(:numbers) order by e.id",
        numbers=list(numbers),
    )
    return [_event(row) for row in rows]


async def newest_number(db: Database) -> int:
    """The highest number; 0 for an empty trail."""
    return int(await db.value("select coalesce(max(id), 0) from audit_events"))


async def numbers_after(db: Database, number: int) -> list[int]:
    """The numbers greater than *number*, oldest first."""
    rows = await db.all("select id from audit_events where id > :number order by id", number=number)
    return [row["id"] for row in rows]


async def role_changes_by_day(db: Database, since: datetime) -> list[tuple[date, str, int]]:
    """Day (UTC), role, and the change of its number of holders, without changed expiry times."""
    rows = await db.all(
        """
        select cast(at at time zone 'UTC' as date) as day,
          coalesce(after ->> 'role', before ->> 'role') as role,
          sum(case when before is null then 1 else -1 end) as gained
        from audit_events
        where action in ('role.granted', 'role.revoked', 'role.expired') and at >= :since
          and (before is null or after is null)
        group by 1, 2
        """,
        since=since,
    )
    return [(row["day"], row["role"], int(row["gained"])) for row in rows]


def _select(conditions: list[str], words: list[str]) -> str:
    """The newest `:limit` events under these conditions, including that for words."""
    if words:
        return _search(conditions, words)
    return (
        f"select {_COLUMNS} from audit_events e where {_all(conditions)}"
        " order by e.at desc, e.id desc limit :limit"
    )


def _search(conditions: list[str], words: list[str]) -> str:
    """The same for words, whether they are frequent or rare.

    PostgreSQL can't estimate how many events have a word with a prefix. It assumes that all are
    frequent and scans the trail, to its end for a rare one. So only the newest events are scanned;
    if they do not fill the page, the words are rare enough for their index, which the expression in
    `order by` forces PostgreSQL to use.
    """
    return f"""
        with newest as materialized (
          select {_COLUMNS}
          from (
            select {_COLUMNS} from audit_events e where {_all(conditions)}
            order by e.at desc, e.id desc limit {NEWEST}
          ) as e
          where {_all(words)}
          order by e.at desc, e.id desc limit :limit
        )
        select * from newest where (select count(*) from newest) = :limit
        union all
        select * from (
          select {_COLUMNS} from audit_events e
          where {_all([*conditions, *words])} and (select count(*) from newest) < :limit
          order by e.at + interval '0' desc, e.id desc limit :limit
        ) as indexed
        order by at desc, id desc"""


def _all(conditions: list[str]) -> str:
    return " and ".join(conditions) or "true"


def _conditions(wanted: AuditFilter) -> tuple[list[str], list[str], dict[str, Any]]:
    """The conditions of a filter, the separate one for its words, and their values.

    The condition for `user_id` is not included: each statement has its own.
    """
    conditions: list[str] = []
    values: dict[str, Any] = {}

    def require(condition: str, name: str, value: object) -> None:
        if value is not None:
            conditions.append(condition)
            values[name] = value

    if wanted.actions is not None and AuditAction.OTHER in wanted.actions:
        # OTHER matches all unknown actions: exclude the known ones that were not requested.
        unwanted = [action.value for action in AuditAction if action not in wanted.actions]
        require("e.action <> all(:unwanted)", "unwanted", unwanted)
    elif wanted.actions is not None:
        require("e.action = any(:actions)", "actions", [action.value for action in wanted.actions])
    require("e.actor_id = :actor_id", "actor_id", _uuid(wanted.actor_id))
    require("e.target_id = :target_id", "target_id", _uuid(wanted.target_id))
    require("e.request_id = :request_id", "request_id", wanted.request_id)
    require("e.at >= :since", "since", wanted.since)
    require("e.at < :until", "until", wanted.until)
    words = _words_of(wanted.search or "")
    for number, word in enumerate(words):
        values[f"word_{number}"] = _prefix(word)
        values[f"pieces_{number}"] = " & ".join(map(_prefix, _pieces(word)))
    if wanted.user_id is not None:
        values["user_id"] = _uuid(wanted.user_id)
    if values:
        conditions.append(PLANNED_FOR_ITS_VALUES)
        values["values_are_known"] = True
    return conditions, _word_condition(len(words)), values


def _words_of(search: str) -> list[str]:
    """The words to search for. Punctuation is ignored, unless there is nothing else."""
    words = search.split()
    return [word for word in words if any(map(str.isalnum, word))] or words


def _word_condition(number: int) -> list[str]:
    """The condition that an event contains all *number* words; empty for 0.

    PostgreSQL splits indexed text: `admin@localhost` and `20e57f44` (a number and a rest) become
    two words each, so search words are split too. The parts may occur anywhere in the event,
    because a phrase search would have to check each event, as the index has no word positions.
    The unsplit word is searched as well: the prefix of an address, `ada@exam`, would be split, but
    the complete address is not.
    """
    each = [
        f"(cast(lower(:pieces_{n}) as tsquery) || cast(regexp_replace("
        f"cast(to_tsquery('simple', :word_{n}) as text), '<(-|[0-9]+)>', '&', 'g') as tsquery))"
        for n in range(number)
    ]
    return [f"{_WORDS} @@ ({' && '.join(each)})"] if each else []


def _pieces(word: str) -> list[str]:
    return [piece for piece in _BETWEEN.split(word) if piece] or [word]


def _prefix(word: str) -> str:
    """A tsquery for words with this prefix, quoted so that it has no operators."""
    quoted = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{quoted}':*"


def _uuid(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


def _event(row: Row) -> AuditEvent:
    values = dict(row)
    for name in ("id", "actor_id", "target_id", "session_id", "token_id"):
        values[name] = None if values[name] is None else strawberry.ID(str(values[name]))
    values["action"] = AuditAction(values["action"])
    values["actor_kind"] = ActorKind(values["actor_kind"])
    return AuditEvent(**values)
