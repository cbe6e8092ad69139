"""SQL statements about the seals of the hash chain."""

from __future__ import annotations

from collections.abc import Sequence

from aiwebengine.database import Database, Row

# The digest of a seal covers the whole event, in an order and format that no session setting and no
# later column changes.
_DIGEST = """
  sha256(convert_to(cast(jsonb_build_array(
    e.id, to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), e.action, e.actor_kind,
    e.actor_id, e.actor_label, e.target_type, e.target_id, e.target_label, e.before, e.after,
    e.reason, e.session_id, e.token_id, e.request_id, e.address, e.user_agent, e.door
  ) as text), 'UTF8'))
"""


async def anything_unsealed(db: Database) -> bool:
    """Check whether an event waits for its seal."""
    return bool(await db.value("select exists (select from audit_unsealed)"))


async def may_seal(db: Database) -> bool:
    """Try to lock sealing for this transaction; False in other instances until it ends."""
    return bool(
        await db.value("select pg_try_advisory_xact_lock(hashtext('aiwebengine.audit_chain'))")
    )


async def head(db: Database) -> tuple[int, bytes]:
    """Position and hash of the newest seal; 0 and empty if there is none."""
    row = await db.one("select position, hash from audit_chain order by position desc limit 1")
    return (0, b"") if row is None else (row["position"], row["hash"])


async def unsealed(db: Database, limit: int) -> list[tuple[int, bytes]]:
    """Number and digest of the waiting events, oldest first."""
    rows = await db.all(
        f"""
        select e.id, {_DIGEST} as digest
        from audit_unsealed q join audit_events e on e.id = q.event_id
        order by q.event_id
        limit :limit
        """,
        limit=limit,
    )
    return [(row["id"], row["digest"]) for row in rows]


async def add_seals(db: Database, first: int, ids: Sequence[int], hashes: Sequence[bytes]) -> None:
    """Add seals from the position *first* on and remove their events from the queue."""
    await db.execute(
        """
        insert into audit_chain (position, event_id, hash)
        select cast(:first as bigint) + new.number - 1, new.event_id, new.hash
        from unnest(cast(:ids as bigint[]), cast(:hashes as bytea[]))
          with ordinality as new (event_id, hash, number)
        """,
        first=first,
        ids=list(ids),
        hashes=list(hashes),
    )
    await db.execute("delete from audit_unsealed where event_id = any(:ids)", ids=list(ids))


async def sealed(db: Database, after: int, limit: int) -> list[Row]:
    """Seals after position *after*, each with the current digest of its event (null: removed)."""
    return await db.all(
        f"""
        select c.position, c.event_id, c.hash, {_DIGEST} as digest, e.id is null as is_gone
        from (
          select position, event_id, hash from audit_chain
          where position > :after order by position limit :limit
        ) c left join audit_events e on e.id = c.event_id
        order by c.position
        """,
        after=after,
        limit=limit,
    )


async def alarming(db: Database, after: int, role: str) -> tuple[int, list[int]]:
    """The newest position, and the numbers of later events that granted *role* to new holders, or
    in which the engine suspended a script.
    """
    row = await db.one(
        """
        with newest as (select coalesce(max(position), 0) as position from audit_chain)
        select newest.position, coalesce((
          select array_agg(e.id order by c.position)
          from audit_chain c join audit_events e on e.id = c.event_id
          where c.position > :after and c.position <= newest.position
            and (
              (e.action = 'role.granted' and e.before is null and e.after ->> 'role' = :role)
              or (e.action = 'script.suspended' and e.actor_kind = 'system')
            )
        ), '{}') as numbers
        from newest
        """,
        after=after,
        role=role,
    )
    assert row is not None  # noqa: S101 - an aggregate without groups always returns a row
    return row["position"], row["numbers"]


async def count(db: Database) -> int:
    """Number of seals."""
    return int(await db.value("select count(*) from audit_chain"))


async def waiting(db: Database) -> int:
    """Number of events that wait for their seal."""
    return int(await db.value("select count(*) from audit_unsealed"))


async def first_never_sealed(db: Database, after: int, limit: int) -> tuple[int | None, int | None]:
    """Among *limit* events after the number *after*: the first without a seal that does not wait
    for one either, and the last event checked (null when there was none).
    """
    row = await db.one(
        """
        with batch as (
          select id from audit_events where id > :after order by id limit :limit
        )
        select max(b.id) as last, min(b.id) filter (
          where c.event_id is null and q.event_id is null
        ) as found
        from batch b
        left join audit_chain c on c.event_id = b.id
        left join audit_unsealed q on q.event_id = b.id
        """,
        after=after,
        limit=limit,
    )
    return (None, None) if row is None else (row["found"], row["last"])


async def first_lost(db: Database) -> int | None:
    """The first event that waits for its seal but was removed."""
    number: int | None = await db.value(
        """
        select min(q.event_id) from audit_unsealed q
        where not exists (select from audit_events e where e.id = q.event_id)
        """
    )
    return number
