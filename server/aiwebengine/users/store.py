"""Every SQL statement about users and roles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import strawberry

from aiwebengine.core.identity import Role
from aiwebengine.database import PLANNED_FOR_ITS_VALUES, Database, Row
from aiwebengine.users.types import RoleGrant, User, UserFilter, UserStatus

# A search that finds fewer is counted through the index.
FEW = 2_000

COUNTS_NOW = "(r.expires_at is null or r.expires_at > now())"
"""Whether the grant `r` of `user_roles` counts."""

ROLES = f"array(select r.role from user_roles r where r.user_id = u.id and {COUNTS_NOW})"
"""The roles of the user `u`."""

IS_VERIFIED = (
    "exists (select from user_addresses a where a.user_id = {} and a.email_verified_at is not null)"
)
"""Whether a provider proved the address of the user with this id."""


def columns_of(roles: str) -> str:
    """What makes a user of the row `u`, whose roles this expression tells."""
    return f"""
  u.id, u.email, u.name, u.picture_url, u.status, u.version,
  u.created_at, u.updated_at, u.last_signed_in_at, {roles} as roles,
  array(
    select distinct i.provider from identities i where i.user_id = u.id order by i.provider
  ) as providers,
  {IS_VERIFIED.format("u.id")} as email_verified
"""


COLUMNS = columns_of(ROLES)


async def find(db: Database, user_id: UUID) -> User | None:
    """The user, or None."""
    row = await db.one(f"select {COLUMNS} from users u where u.id = :user_id", user_id=user_id)
    return None if row is None else user_of(row)


async def find_many(db: Database, user_ids: Sequence[UUID]) -> dict[UUID, User]:
    """Those of the users that exist, by id."""
    rows = await db.all(
        f"select {COLUMNS} from users u where u.id = any(:user_ids)", user_ids=list(user_ids)
    )
    return {row["id"]: user_of(row) for row in rows}


async def count(db: Database, wanted: UserFilter) -> int:
    """How many users the filter lets through."""
    conditions, values = conditions_of(wanted)
    if wanted.search is None:
        return await _count(db, conditions, values)
    some = await db.value(
        f"select count(*) from (select from users u where {' and '.join(conditions)} limit {FEW})"
        " as found",
        **values,
    )
    if some < FEW:
        return int(some)
    # What is found so often is counted sooner by reading every row than through the index, and the
    # planner does not know it.
    conditions, values = conditions_of(wanted, through_index=False)
    return await _count(db, conditions, values)


async def _count(db: Database, conditions: list[str], values: dict[str, Any]) -> int:
    where = " and ".join(conditions) or "true"
    return int(await db.value(f"select count(*) from users u where {where}", **values))


async def grant_of(db: Database, user_id: UUID, role: Role) -> RoleGrant | None:
    """The grant that counts now, or None."""
    grants = await grants_of(db, [user_id])
    return next((grant for grant in grants[user_id] if grant.role is role), None)


async def grants_of(db: Database, user_ids: Sequence[UUID]) -> dict[UUID, list[RoleGrant]]:
    """The grants that count now, for each of the users."""
    rows = await db.all(
        f"""
        select r.user_id, r.role, r.granted_at, r.granted_by, r.reason, r.expires_at
        from user_roles r
        where r.user_id = any(:user_ids) and {COUNTS_NOW}
        order by r.granted_at
        """,
        user_ids=list(user_ids),
    )
    grants: dict[UUID, list[RoleGrant]] = {user_id: [] for user_id in user_ids}
    for row in rows:
        values = dict(row)
        grants[values.pop("user_id")].append(RoleGrant(**{**values, "role": Role(row["role"])}))
    return grants


async def remove(db: Database, user_id: UUID) -> None:
    """Remove a user with identities, roles, sessions and tokens."""
    await db.execute("delete from users where id = :user_id", user_id=user_id)


async def mark_signed_in(db: Database, user_id: UUID) -> None:
    """Note that the user signed in now; an invited one becomes active."""
    await db.execute(
        """
        update users
        set last_signed_in_at = now(),
            status = case status when 'invited' then 'active' else status end
        where id = :user_id
        """,
        user_id=user_id,
    )


async def an_administrator_has_signed_in(db: Database) -> bool:
    """Whether any active administrator ever did."""
    return bool(
        await db.value(
            f"""
            select exists (
              select from user_roles r join users u on u.id = r.user_id
              where r.role = 'Administrator' and {COUNTS_NOW}
                and u.status = 'active' and u.last_signed_in_at is not null
            )
            """
        )
    )


async def refresh_profile(
    db: Database, user_id: UUID, name: str, picture_url: str | None, *, anew: bool
) -> str:
    """Keep the name and picture that a provider says now; the name that it is now.

    What it does not say stays, unless *anew*: then it is emptied.
    """
    kept: str = await db.value(
        """
        update users
        set name = coalesce(nullif(:name, ''), case when :anew then '' else name end),
            picture_url = coalesce(:picture_url, case when :anew then null else picture_url end)
        where id = :user_id
        returning name
        """,
        name=name,
        picture_url=picture_url,
        anew=anew,
        user_id=user_id,
    )
    return kept


async def holders(db: Database) -> dict[Role, tuple[int, int]]:
    """For each role that can be granted: how many hold it, and how many of these are active."""
    # Who is not active is found by an index: taking these off saves reading every other user.
    rows = await db.all(
        f"""
        with held as (
          select r.role, count(*) as number from user_roles r where {COUNTS_NOW} group by r.role
        ), held_by_inactive as (
          select r.role, count(*) as number
          from users u join user_roles r on r.user_id = u.id
          where u.status <> 'active' and {COUNTS_NOW}
          group by r.role
        )
        select role, held.number as all_of_them,
          held.number - coalesce(held_by_inactive.number, 0) as active
        from held left join held_by_inactive using (role)
        """
    )
    return {Role(row["role"]): (row["all_of_them"], row["active"]) for row in rows}


async def totals(db: Database) -> dict[str, int]:
    """How many users there are: total, suspended, invited, new in 24 hours and in 30 days."""
    row = await db.one(
        """
        select
          (select count(*) from users) as total,
          (select count(*) from users where status = 'suspended') as suspended,
          (select count(*) from users where status = 'invited') as invited,
          (select count(*) from users where created_at > now() - interval '24 hours') as new_in_24_hours,
          (select count(*) from users where created_at > now() - interval '30 days') as new_in_30_days
        """  # noqa: E501
    )
    assert row is not None  # noqa: S101 - a select without from always returns a row
    return dict(row)


async def created_by_day(db: Database, since: datetime) -> dict[date, int]:
    """How many users came on each day (UTC) from *since* on; days without any are left out."""
    rows = await db.all(
        """
        select cast(created_at at time zone 'UTC' as date) as day, count(*) as users
        from users
        where created_at >= :since
        group by 1
        """,
        since=since,
    )
    return {row["day"]: row["users"] for row in rows}


def conditions_of(
    wanted: UserFilter, *, through_index: bool = True
) -> tuple[list[str], dict[str, Any]]:
    """The conditions of a filter on `users u`, and their values.

    Roles and status stand in the text, not in parameters: they are few, and their frequencies
    differ a thousandfold, so that each deserves its own plan.
    """
    conditions: list[str] = []
    values: dict[str, Any] = {}
    if wanted.search or wanted.provider is not None:
        conditions.append(PLANNED_FOR_ITS_VALUES)
        values["values_are_known"] = True
    if wanted.search:
        conditions.append("u.search_text like '%' || lower(:pattern) || '%'")
        values["pattern"] = _escaped(wanted.search)
        if through_index:
            # The grams find candidates by index, the pattern decides.
            conditions.append(
                "search_grams(u.search_text, 1)"
                " @> search_grams(lower(:search), least(3, length(lower(:search))))"
            )
            values["search"] = wanted.search
    if wanted.role is not None and wanted.role is not Role.AUTHENTICATED:
        conditions.append(
            "exists (select from user_roles r where r.user_id = u.id"
            f" and r.role = '{wanted.role.value}' and {COUNTS_NOW})"
        )
    if wanted.provider is not None:
        conditions.append(
            "exists (select from identities i where i.user_id = u.id and i.provider = :provider)"
        )
        values["provider"] = wanted.provider
    if wanted.status is not None:
        conditions.append(f"u.status = '{wanted.status.value}'")
    return conditions, values


def _escaped(text: str) -> str:
    """The text as a pattern that matches only itself."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def user_of(row: Row) -> User:
    """The user that a row of these columns tells."""
    return User(
        id=strawberry.ID(str(row["id"])),
        key=row["id"],
        email=row["email"],
        name=row["name"],
        picture_url=row["picture_url"],
        status=UserStatus(row["status"]),
        roles=roles_of(row["roles"]),
        providers=row["providers"],
        email_verified=row["email_verified"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        last_signed_in_at=row["last_signed_in_at"],
        version=row["version"],
    )


def roles_of(held: Sequence[str]) -> list[Role]:
    """The roles that are held, as stored, in their order and with the one that everybody has."""
    return list(_in_order(tuple(held)))


@lru_cache(64)
def _in_order(held: tuple[str, ...]) -> tuple[Role, ...]:
    # Kept, because going through an enumeration takes longer than the rest of a row.
    return tuple(role for role in Role if role is Role.AUTHENTICATED or role.value in held)
