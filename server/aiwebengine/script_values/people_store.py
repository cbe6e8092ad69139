"""SQL statements that list values of scripts for people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from aiwebengine.database import Database
from aiwebengine.script_values.store import SHARED, Place

_IS_LISTED = """
  v.script_id = :script_id and v.holder_id = :holder_id
  and (v.expires_at is null or v.expires_at > now())
  and v.key >= :first and (cast(:end as text) is null or v.key < :end)
"""


@dataclass(frozen=True)
class Listed:
    """A value in a list, with the beginning of its content."""

    key: str
    size: int
    """Bytes of key and value together."""
    version: int
    expires_at: datetime | None
    updated_at: datetime
    beginning: str
    is_shortened: bool


@dataclass(frozen=True)
class Holder:
    """A user who has values in a script."""

    user_id: UUID
    email: str
    name: str
    keys: int
    bytes: int


async def page(
    db: Database,
    place: Place,
    first: str,
    end: str | None,
    after: str | None,
    limit: int,
    shown: int,
) -> list[Listed]:
    """At most *limit* values whose keys are from *first* on, before *end* and after *after*.

    With *shown* characters of each.
    """
    rows = await db.all(
        f"""
        select v.key, v.size, v.version, v.expires_at, v.updated_at,
          left(v.value, :shown) as beginning,
          v.size - octet_length(v.key) > octet_length(left(v.value, :shown)) as is_shortened
        from script_values v
        where {_IS_LISTED} and (cast(:after as text) is null or v.key > :after)
        order by v.key
        limit :limit
        """,
        **vars(place),
        first=first,
        end=end,
        after=after,
        limit=limit,
        shown=shown,
    )
    return [Listed(**dict(row)) for row in rows]


async def count(db: Database, place: Place, first: str, end: str | None) -> int:
    """Number of values whose keys are from *first* on and before *end*."""
    found: int = await db.value(
        f"select count(*) from script_values v where {_IS_LISTED}",
        **vars(place),
        first=first,
        end=end,
    )
    return found


async def holders(db: Database, script_id: UUID, after: UUID | None, limit: int) -> list[Holder]:
    """At most *limit* users with values, in the order of their IDs, that come after *after*."""
    rows = await db.all(
        """
        select t.holder_id as user_id, u.email, coalesce(u.name, '') as name, t.keys, t.bytes
        from script_value_totals t join users u on u.id = t.holder_id
        where t.script_id = :script_id and t.keys > 0 and t.holder_id > :after
        order by t.holder_id
        limit :limit
        """,
        script_id=script_id,
        after=after or SHARED,
        limit=limit,
    )
    return [Holder(**dict(row)) for row in rows]


async def count_holders(db: Database, script_id: UUID) -> int:
    """Number of users with values."""
    found: int = await db.value(
        """
        select count(*) from script_value_totals t
        where t.script_id = :script_id and t.keys > 0
          and t.holder_id in (select id from users)
        """,
        script_id=script_id,
    )
    return found
