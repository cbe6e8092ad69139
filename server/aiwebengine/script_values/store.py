"""SQL statements about the values of scripts.

The holder of a value is a user of the script, or the script itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from aiwebengine.database import Database
from aiwebengine.script_values.types import LARGEST_NUMBER, KeyInfo, StoredValue

SHARED = UUID(int=0)
"""The holder of the values of the script itself."""

_IS_CURRENT = "(v.expires_at is null or v.expires_at > now())"
_IS_ONE = "v.script_id = :script_id and v.holder_id = :holder_id and v.key = :key"
_EXPIRY = "now() + make_interval(secs => cast(:ttl as double precision))"
_HOLDER_EXISTS = """
  (:holder_id = cast('00000000-0000-0000-0000-000000000000' as uuid)
    or exists (select from users u where u.id = :holder_id))
"""


@dataclass(frozen=True)
class Place:
    """Whose values: of a script, and of one of its users or `SHARED`."""

    script_id: UUID
    holder_id: UUID = SHARED


@dataclass(frozen=True)
class Total:
    """How much a holder has."""

    keys: int
    bytes: int


async def find(db: Database, place: Place, key: str) -> StoredValue | None:
    """The value, or None."""
    row = await db.one(
        f"""
        select v.key, v.value, v.version, v.expires_at
        from script_values v
        where {_IS_ONE} and {_IS_CURRENT}
        """,
        **vars(place),
        key=key,
    )
    return None if row is None else StoredValue(**dict(row))


async def put(db: Database, place: Place, key: str, value: str, ttl: float | None) -> int | None:
    """Set a value; its version, None if the holder is a user who does not exist."""
    version: int | None = await db.value(
        f"""
        insert into script_values as v (script_id, holder_id, key, value, version, expires_at)
        select :script_id, :holder_id, :key, :value, nextval('script_value_versions'), {_EXPIRY}
        where {_HOLDER_EXISTS}
        on conflict (script_id, holder_id, key) do update
        set value = excluded.value, version = excluded.version, expires_at = excluded.expires_at,
          updated_at = now()
        returning v.version
        """,
        **vars(place),
        key=key,
        value=value,
        ttl=ttl,
    )
    return version


async def add(db: Database, place: Place, key: str, value: str, ttl: float | None) -> int | None:
    """Set a value that is not there, or has expired; its version, None if it is there."""
    version: int | None = await db.value(
        f"""
        insert into script_values as v (script_id, holder_id, key, value, version, expires_at)
        select :script_id, :holder_id, :key, :value, nextval('script_value_versions'), {_EXPIRY}
        where {_HOLDER_EXISTS}
        on conflict (script_id, holder_id, key) do update
        set value = excluded.value, version = excluded.version, expires_at = excluded.expires_at,
          updated_at = now()
        where not {_IS_CURRENT}
        returning v.version
        """,
        **vars(place),
        key=key,
        value=value,
        ttl=ttl,
    )
    return version


async def replace(
    db: Database, place: Place, key: str, value: str, ttl: float | None, expected: int
) -> int | None:
    """Set a value that has the version *expected*; its new version, None if it has another one."""
    version: int | None = await db.value(
        f"""
        update script_values v
        set value = :value, version = nextval('script_value_versions'), expires_at = {_EXPIRY},
          updated_at = now()
        where {_IS_ONE} and {_IS_CURRENT} and v.version = :expected
        returning v.version
        """,
        **vars(place),
        key=key,
        value=value,
        ttl=ttl,
        expected=expected,
    )
    return version


async def increment(
    db: Database, place: Place, key: str, by: int, ttl: float | None
) -> tuple[int, int] | None:
    """Add *by* to an integer, 0 if there is none; the sum and its version.

    None if the value is no integer, or the sum is too large, or the user does not exist. The expiry
    of a value that is there stays.
    """
    # `case`: a condition may be evaluated before the one to its left.
    row = await db.one(
        f"""
        insert into script_values as v (script_id, holder_id, key, value, version, expires_at)
        select :script_id, :holder_id, :key, cast(cast(:by as bigint) as text),
          nextval('script_value_versions'), {_EXPIRY}
        where {_HOLDER_EXISTS}
        on conflict (script_id, holder_id, key) do update
        set value = case when {_IS_CURRENT}
              then cast(cast(v.value as bigint) + cast(:by as bigint) as text)
              else excluded.value end,
          version = excluded.version,
          expires_at = case when {_IS_CURRENT} then v.expires_at else excluded.expires_at end,
          updated_at = now()
        where case
          when not {_IS_CURRENT} then true
          when v.value ~ '^-?[0-9]{{1,16}}$'
            then abs(cast(v.value as bigint) + cast(:by as bigint)) <= {LARGEST_NUMBER}
          else false
        end
        returning cast(v.value as bigint) as sum, v.version
        """,
        **vars(place),
        key=key,
        by=by,
        ttl=ttl,
    )
    return None if row is None else (row["sum"], row["version"])


async def remove(db: Database, place: Place, key: str, expected: int | None) -> bool:
    """Remove a value, with *expected* only if it has this version; whether there was one."""
    return bool(
        await db.value(
            f"""
            delete from script_values v
            where {_IS_ONE} and {_IS_CURRENT}
              and (cast(:expected as bigint) is null or v.version = :expected)
            returning true
            """,
            **vars(place),
            key=key,
            expected=expected,
        )
    )


async def clear(db: Database, place: Place) -> int:
    """Remove all values of a holder; the number of those that had not expired."""
    return int(
        await db.value(
            f"""
            with gone as (
              delete from script_values v
              where v.script_id = :script_id and v.holder_id = :holder_id
              returning {_IS_CURRENT} as is_current
            )
            select count(*) from gone where is_current
            """,
            **vars(place),
        )
    )


async def page(
    db: Database, place: Place, first: str, end: str | None, after: str | None, limit: int
) -> list[KeyInfo]:
    """At most *limit* keys from *first* on and before *end*, that come after *after*."""
    rows = await db.all(
        f"""
        select v.key, v.size, v.version, v.expires_at, cast(null as text) as value
        from script_values v
        where v.script_id = :script_id and v.holder_id = :holder_id and {_IS_CURRENT}
          and v.key >= :first
          and (cast(:end as text) is null or v.key < :end)
          and (cast(:after as text) is null or v.key > :after)
        order by v.key
        limit :limit
        """,
        **vars(place),
        first=first,
        end=end,
        after=after,
        limit=limit,
    )
    return [KeyInfo(**dict(row)) for row in rows]


async def values(db: Database, place: Place, keys: list[str]) -> list[KeyInfo]:
    """These keys with their values, by key; without those that are gone meanwhile."""
    rows = await db.all(
        f"""
        select v.key, v.size, v.version, v.expires_at, v.value
        from script_values v
        where v.script_id = :script_id and v.holder_id = :holder_id and v.key = any(:keys)
          and {_IS_CURRENT}
        order by v.key
        """,
        **vars(place),
        keys=keys,
    )
    return [KeyInfo(**dict(row)) for row in rows]


async def total(db: Database, place: Place) -> Total:
    """How much a holder has. After a write in the same transaction, no other write changes it."""
    row = await db.one(
        """
        select keys, bytes from script_value_totals
        where script_id = :script_id and holder_id = :holder_id
        """,
        **vars(place),
    )
    return Total(0, 0) if row is None else Total(**dict(row))


async def counted(db: Database, place: Place) -> Total:
    """The same, counted from the values that the transaction sees."""
    row = await db.one(
        """
        select count(*) as keys, coalesce(sum(size), 0) as bytes from script_values
        where script_id = :script_id and holder_id = :holder_id
        """,
        **vars(place),
    )
    assert row is not None  # noqa: S101 - an aggregate has a row
    return Total(**dict(row))


async def begin_trial(db: Database) -> None:
    """Keep totals as they are until the end of the transaction, which is rolled back."""
    await db.execute("select set_config('aiwebengine.is_trial', 'on', true)")


async def remove_expired(db: Database, most: int) -> int:
    """Remove at most *most* values that have expired; their number."""
    rows = await db.all(
        """
        delete from script_values
        where (script_id, holder_id, key) in (
          select script_id, holder_id, key from script_values
          where expires_at <= now()
          order by expires_at
          limit :most
          for update skip locked
        )
        returning version
        """,
        most=most,
    )
    return len(rows)
