"""SQL statements about messages that scripts send to those who listen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from aiwebengine.database import Database, Row
from aiwebengine.script_streams.types import CHANNEL

LARGEST_ANNOUNCED_BYTES = 7_900
"""A larger body is not announced but read: PostgreSQL allows 8,000 bytes with the rest."""

# Held from the choice of a number to the commit, so that messages are announced in the order of
# their numbers. An announcement takes a lock of PostgreSQL for its commit anyway.
_LOCK = 0x5C21_57EA


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message that has no number yet."""

    script_id: UUID
    channel: str
    own_id: str | None
    body: str


async def send(db: Database, messages: Sequence[Unsent]) -> list[int]:
    """Store and announce messages; their numbers."""
    rows = await db.all(
        """
        with turn as materialized (select pg_advisory_xact_lock(:lock)),
        sent as (
          insert into script_messages_sent (number, script_id, channel, own_id, body)
          select nextval('script_message_numbers'), one.script_id, one.channel, one.own_id, one.body
          from
            turn,
            unnest(:scripts::uuid[], :channels::text[], :own_ids::text[], :bodies::text[])
              with ordinality as one (script_id, channel, own_id, body, place)
          order by one.place
          returning number, script_id, body
        )
        select
          number,
          pg_notify(
            :listened,
            number || ' ' || script_id || ' '
              || case when octet_length(body) <= :largest then body else '' end
          )
        from sent
        order by number
        """,
        lock=_LOCK,
        scripts=[one.script_id for one in messages],
        channels=[one.channel for one in messages],
        own_ids=[one.own_id for one in messages],
        bodies=[one.body for one in messages],
        listened=CHANNEL,
        largest=LARGEST_ANNOUNCED_BYTES,
    )
    return [row["number"] for row in rows]


def announced(payload: str) -> tuple[int, UUID, str]:
    """Number, script and body of an announcement; the body is empty if it has to be read."""
    number, script_id, body = payload.split(" ", 2)
    return int(number), UUID(script_id), body


async def newest_number(db: Database) -> int:
    """The number of the newest message that was ever sent; 0 before the first.

    No message that is committed after this has a lower number.
    """
    async with db.transaction():
        # A number is taken before its message can be read: wait for those that are on their way.
        await db.execute("select pg_advisory_xact_lock_shared(:lock)", lock=_LOCK)
        return int(
            await db.value(
                "select case when is_called then last_value else 0 end from script_message_numbers"
            )
        )


async def body_of(db: Database, number: int) -> str | None:
    """The body of a message; None if it is no longer kept."""
    body: str | None = await db.value(
        "select body from script_messages_sent where number = :number", number=number
    )
    return body


async def after(db: Database, number: int, most: int) -> list[Row]:
    """The messages after *number* that are kept, of all scripts."""
    return await db.all(
        """
        select number, script_id, body from script_messages_sent
        where number > :number order by number limit :most
        """,
        number=number,
        most=most,
    )


async def of_channels_after(
    db: Database, script_id: UUID, channels: Sequence[str], number: int, most: int
) -> list[Row]:
    """The newest messages to these channels from *number* on, that one included; oldest first."""
    return await db.all(
        """
        select number, script_id, body from (
          select number, script_id, body from script_messages_sent
          where script_id = :script_id and channel = any(:channels) and number >= :number
          order by number desc limit :most
        ) as newest
        order by number
        """,
        script_id=script_id,
        channels=list(channels),
        number=number,
        most=most,
    )


async def number_of(
    db: Database, script_id: UUID, channels: Sequence[str], own_id: str
) -> int | None:
    """The number of the newest message that the script gave this id."""
    number: int | None = await db.value(
        """
        select max(number) from script_messages_sent
        where script_id = :script_id and channel = any(:channels) and own_id = :own_id
        """,
        script_id=script_id,
        channels=list(channels),
        own_id=own_id,
    )
    return number


async def newest_bodies(
    db: Database, script_id: UUID, prefix: str, within_secs: float
) -> list[str]:
    """The newest body of each channel whose name begins with *prefix*, of the last seconds."""
    rows = await db.all(
        """
        select distinct on (channel) body from script_messages_sent
        where script_id = :script_id
          and starts_with(channel, :prefix)
          and sent_at > clock_timestamp() - make_interval(secs => :within)
        order by channel, number desc
        """,
        script_id=script_id,
        prefix=prefix,
        within=within_secs,
    )
    return [row["body"] for row in rows]


async def remove_old(db: Database, kept_secs: float, newest_kept_secs: float) -> None:
    """Remove old messages; the newest of each channel stays for longer."""
    await db.execute(
        """
        delete from script_messages_sent as old
        where old.sent_at < clock_timestamp() - make_interval(secs => :kept)
          and (
            old.sent_at < clock_timestamp() - make_interval(secs => :newest_kept)
            or exists (
              select 1 from script_messages_sent as newer
              where newer.script_id = old.script_id
                and newer.channel = old.channel
                and newer.number > old.number
            )
          )
        """,
        kept=kept_secs,
        newest_kept=newest_kept_secs,
    )
