"""SQL statements about users and roles."""

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

# A search with fewer results is counted through the index.
FEW = 2_000

COUNTS_NOW = "(r.expires_at is null or r.expires_at > now())"
"""Condition: the grant `r` of `user_roles` has not expired."""

ROLES = f"array(select r.role from user_roles r where r.user_id = u.id and {COUNTS_NOW})"
"""The roles of the user `u`."""

IS_VERIFIED = (
    "exists (select from user_addresses a where a.user_id = {} and a.email_verified_at is not null)"
)
"""Condition: a provider verified the address of the user with this id."""


def columns_of(roles: str) -> str:
    """The columns of a user `u`; *roles* is the expression for the roles."""
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
    """The users that exist, by id."""
    rows = await db.all(
        f"select {COLUMNS} from users u where u.id = any(:user_ids)", user_ids=list(user_ids)
    )
    return {row["id"]: user_of(row) for row in rows}


async def count(db: Database, wanted: UserFilter) -> int:
    """Number of users that match the filter."""
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
    # With this many results a sequential scan is faster than the index, and the planner does not
    # know it.
    conditions, values = conditions_of(wanted, through_index=False)
    return await _count(db, conditions, values)


async def _count(db: Database, conditions: list[str], values: dict[str, Any]) -> int:
    where = " and ".join(conditions) or "true"
    return int(await db.value(f"select count(*) from users u where {where}", **values))


async def grant_of(db: Database, user_id: UUID, role: Role) -> RoleGrant | None:
    """The current grant, or None."""
    grants = await grants_of(db, [user_id])
    return next((grant for grant in grants[user_id] if grant.role is role), None)


async def grants_of(db: Database, user_ids: Sequence[UUID]) -> dict[UUID, list[RoleGrant]]:
    """The current grants of each user."""
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
    """Delete a user with identities, roles, sessions and tokens."""
    await db.execute("delete from users where id = :user_id", user_id=user_id)


async def mark_signed_in(db: Database, user_id: UUID) -> None:
    """Record a sign-in now; an invited user becomes active."""
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
    """Check whether any active administrator has ever signed in."""
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


async def newest_administrators(db: Database, limit: int) -> list[str]:
    """Addresses of at most *limit* active administrators who have signed in, latest first."""
    rows = await db.all(
        f"""
        select u.email
        from user_roles r join users u on u.id = r.user_id
        where r.role = 'Administrator' and {COUNTS_NOW}
          and u.status = 'active' and u.last_signed_in_at is not null
        order by u.last_signed_in_at desc, u.id
        limit :limit
        """,
        limit=limit,
    )
    return [row["email"] for row in rows]


async def refresh_profile(
    db: Database, user_id: UUID, name: str, picture_url: str | None, *, replace: bool
) -> str:
    """Store the name and picture that a provider sent; return the name that is stored now.

    A missing value keeps the previous one, or empties it with *replace*.
    """
    kept: str = await db.value(
        """
        update users
        set name = coalesce(nullif(:name, ''), case when :replace then '' else name end),
            picture_url = coalesce(:picture_url, case when :replace then null else picture_url end)
        where id = :user_id
        returning name
        """,
        name=name,
        picture_url=picture_url,
        replace=replace,
        user_id=user_id,
    )
    return kept


async def holders(db: Database) -> dict[Role, tuple[int, int]]:
    """Number of holders of each grantable role, and of active ones."""
    # Inactive users are found by an index: subtracting them avoids reading all other users.
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
    """Numbers of users: total, suspended, invited, new in 24 hours and in 30 days."""
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
    """Number of users created on each day (UTC) since *since*; days without any are missing."""
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

    Role and status are in the text, not in parameters: they have few values with very different
    frequencies, and each value needs its own plan.
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
            # The index on grams finds candidates; the pattern decides.
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
    """The user of a row with these columns."""
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
    """The stored roles in order, with the role that every user has."""
    return list(_in_order(tuple(held)))


@lru_cache(64)
def _in_order(held: tuple[str, ...]) -> tuple[Role, ...]:
    # Cached: iterating over an enumeration takes longer than the rest of a row.
    return tuple(role for role in Role if role is Role.AUTHENTICATED or role.value in held)
