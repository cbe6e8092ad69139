"""SQL statements that send messages, and list, retry and discard what is not delivered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import strawberry

from aiwebengine.core.errors import Conflict
from aiwebengine.database import Database, Row
from aiwebengine.script_messages.queue_store import status_of
from aiwebengine.script_messages.types import (
    MOST_PENDING,
    SHOWN_CHARACTERS,
    NewMessage,
    ScriptMessage,
    ScriptMessageState,
    Sent,
)

# --- receivers


async def set_listeners(db: Database, script_id: UUID, handlers: Mapping[str, str]) -> None:
    """Replace what a script receives: handlers by type."""
    await db.execute(
        """
        with gone as (
          delete from script_listeners
          where script_id = :script_id and type <> all(cast(:types as text[]))
        )
        insert into script_listeners (script_id, type, handler)
        select :script_id, l.type, l.handler
        from unnest(cast(:types as text[]), cast(:handlers as text[])) as l (type, handler)
        on conflict (type, script_id) do update set handler = excluded.handler
        """,
        script_id=script_id,
        types=list(handlers),
        handlers=list(handlers.values()),
    )


# --- sending


async def send(db: Database, message: NewMessage) -> Sent:
    """Store a message for each script that listens. Nothing is stored if nobody does."""
    row = await db.one(
        """
        with receivers as (
          select l.script_id
          from script_listeners l join scripts s on s.id = l.script_id
          where l.type = :type and s.deleted_at is null
            and (cast(:to as text) is null or s.slug = :to)
        ),
        message as (
          insert into script_messages (sender_id, sender, type, data, hops, request_id)
          select :sender_id, :sender, :type, :data, :hops, :request_id
          where exists (select from receivers)
          returning id
        ),
        deliveries as (
          insert into script_deliveries (message_id, script_id, sender_id, next_at, held_by)
          select message.id, receivers.script_id, :sender_id,
            clock_timestamp() + make_interval(secs => cast(:delay_secs as double precision)),
            cast(cast(:held_by as text) as xid8)
          from message, receivers
          returning message_id
        )
        select max(message_id) as number, count(*) as receivers from deliveries
        """,
        sender_id=message.sender_id,
        sender=message.sender,
        type=message.type,
        data=message.data,
        hops=message.hops,
        request_id=message.request_id,
        to=message.to,
        delay_secs=message.delay_ms / 1_000,
        held_by=message.held_by,
    )
    assert row is not None  # noqa: S101 - an aggregate always has a row
    return Sent(row["number"], row["receivers"])


async def take_key(db: Database, sender_id: UUID, key: str, held_by: str | None) -> Sent | None:
    """Take a key for a message that is sent next; what was sent with it before, or None.

    The key of a message whose transaction was rolled back is free. Another sender with the same key
    waits for the end of this transaction. Raises Conflict while another transaction with a message
    of this key is open.
    """
    taken = await db.value(
        f"""
        insert into script_message_keys as k (sender_id, key, message_id, receivers, held_by)
        values (:sender_id, :key, 0, 0, cast(cast(:held_by as text) as xid8))
        on conflict (sender_id, key) do update
        set message_id = 0, receivers = 0, held_by = excluded.held_by, sent_at = now()
        where {status_of("k.held_by")} = 'aborted'
        returning true
        """,
        sender_id=sender_id,
        key=key,
        held_by=held_by,
    )
    if taken:
        return None
    row = await db.one(
        f"""
        select message_id, receivers, held_by::text as held_by,
          {status_of("held_by")} = 'in progress' as is_open
        from script_message_keys
        where sender_id = :sender_id and key = :key
        """,
        sender_id=sender_id,
        key=key,
    )
    if row is None:
        # Removed since, because it is old: its message is sent without it.
        return None
    if row["is_open"] and row["held_by"] != held_by:
        raise Conflict(
            f"A message with the key {key[:100]!r} was sent in a transaction that is still open."
            " Try again when that has ended."
        )
    return Sent(row["message_id"], row["receivers"], is_duplicate=True)


async def keep_key(db: Database, sender_id: UUID, key: str, sent: Sent) -> None:
    """Record what was sent with a key; a message that nobody receives leaves it free."""
    if sent.number is None:
        await db.execute(
            "delete from script_message_keys where sender_id = :sender_id and key = :key",
            sender_id=sender_id,
            key=key,
        )
        return
    await db.execute(
        """
        update script_message_keys set message_id = :number, receivers = :receivers
        where sender_id = :sender_id and key = :key
        """,
        sender_id=sender_id,
        key=key,
        number=sent.number,
        receivers=sent.receivers,
    )


async def has_too_many(db: Database, sender_id: UUID) -> bool:
    """Whether no more deliveries of this sender may wait."""
    return bool(
        await db.value(
            """
            select count(*) >= :most from (
              select from script_deliveries
              where sender_id = :sender_id and state = 'pending'
              limit :most
            ) as pending
            """,
            sender_id=sender_id,
            most=MOST_PENDING,
        )
    )


# --- what is not delivered


async def page(
    db: Database,
    script_id: UUID,
    state: ScriptMessageState | None,
    before: int | None,
    limit: int,
) -> list[ScriptMessage]:
    """At most *limit* messages for a script, newest first, with a number below *before*."""
    rows = await db.all(
        """
        select m.id as number, m.type, m.sender, left(m.data, :shown) as data,
          octet_length(m.data) as data_size, d.state, d.attempt, d.runner, d.next_at, d.problem,
          m.sent_at, d.died_at
        from script_deliveries d join script_messages m on m.id = d.message_id
        where d.script_id = :script_id
          and d.state = any(cast(:states as text[]))
          and (cast(:before as bigint) is null or d.message_id < :before)
        order by d.message_id desc
        limit :limit
        """,
        script_id=script_id,
        states=[state.value] if state else [one.value for one in ScriptMessageState],
        before=before,
        limit=limit,
        shown=SHOWN_CHARACTERS,
    )
    return [_message(row) for row in rows]


async def count(db: Database, script_id: UUID, state: ScriptMessageState | None) -> int:
    """Number of messages for a script that it has not received."""
    return int(
        await db.value(
            """
            select count(*) from script_deliveries
            where script_id = :script_id and state = any(cast(:states as text[]))
            """,
            script_id=script_id,
            states=[state.value] if state else [one.value for one in ScriptMessageState],
        )
    )


async def retry(db: Database, script_id: UUID, numbers: Sequence[int] | None) -> int:
    """Deliver dead letters again, all without *numbers*; how many."""
    return int(
        await db.value(
            """
            with retried as (
              update script_deliveries
              set state = 'pending', next_at = now(), attempt = 0, died_at = null
              where script_id = :script_id and state = 'dead'
                and (cast(:numbers as bigint[]) is null or message_id = any(:numbers))
              returning 1
            )
            select count(*) from retried
            """,
            script_id=script_id,
            numbers=None if numbers is None else list(numbers),
        )
    )


async def discard(db: Database, script_id: UUID, numbers: Sequence[int] | None) -> int:
    """Remove dead letters, all without *numbers*; how many."""
    return int(
        await db.value(
            """
            with discarded as (
              delete from script_deliveries
              where script_id = :script_id and state = 'dead'
                and (cast(:numbers as bigint[]) is null or message_id = any(:numbers))
              returning 1
            )
            select count(*) from discarded
            """,
            script_id=script_id,
            numbers=None if numbers is None else list(numbers),
        )
    )


def _message(row: Row) -> ScriptMessage:
    state = ScriptMessageState(row["state"])
    return ScriptMessage(
        id=strawberry.ID(str(row["number"])),
        type=row["type"],
        sender=row["sender"],
        data=row["data"],
        data_size=row["data_size"],
        state=state,
        attempt=row["attempt"],
        is_running=row["runner"] is not None,
        next_attempt_at=row["next_at"] if state is ScriptMessageState.PENDING else None,
        problem=row["problem"],
        sent_at=row["sent_at"],
        died_at=row["died_at"],
        number=row["number"],
    )
