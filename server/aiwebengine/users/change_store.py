"""SQL statements that change roles and status; the callers hold the locks of the users."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from aiwebengine.core.identity import Role
from aiwebengine.database import Database
from aiwebengine.users.store import COLUMNS, COUNTS_NOW, ROLES, columns_of, user_of
from aiwebengine.users.types import User, UserStatus

_TOUCHED = """
        u as (
          update users set version = version + 1, updated_at = now()
          where id = :user_id returning *
        )
"""
# A statement does not see the changes of its own other parts.
_OTHER_ROLES = ROLES.removesuffix(")") + " and r.role <> :role)"


@dataclass(frozen=True)
class Held:
    """A current grant of a role."""

    expires_at: datetime | None


@dataclass(frozen=True)
class Standing:
    """State that a change depends on. *held* is the user's grant of the role in question."""

    user: User | None
    held: Held | None
    has_ended_roles: bool
    actor_status: UserStatus | None
    actor_is_administrator: bool


async def lock(db: Database, *user_ids: UUID) -> None:
    """Lock these users until the transaction ends, in id order to avoid deadlocks."""
    await db.all(
        "select u.id from users u where u.id = any(:user_ids) order by u.id for update",
        user_ids=list(user_ids),
    )


async def lock_with_actor(db: Database, user_id: UUID, actor_id: UUID | None) -> None:
    """Lock the user for update and the actor in share mode until the transaction ends.

    Several transactions may act for one actor at a time. In id order, as in `lock`.
    """
    modes = {user_id: "update"}
    if actor_id is not None:
        modes.setdefault(actor_id, "share")
    ids = sorted(modes)
    # The first row is locked before the second is requested.
    looks = [
        f"(select 1 from users where id = :id_{place} for {modes[one]})"
        for place, one in enumerate(ids)
    ]
    values = {f"id_{place}": one for place, one in enumerate(ids)}
    await db.all(f"select {', '.join(looks)}", **values)


async def standing(db: Database, user_id: UUID, actor_id: UUID | None, role: Role) -> Standing:
    """The current state of the locked user and of the actor."""
    row = await db.one(
        f"""
        select {COLUMNS}, held.role is not null as is_held, held.expires_at as held_until,
          exists (
            select from user_roles r where r.user_id = u.id and r.expires_at <= now()
          ) as has_ended_roles,
          actor.status as actor_status,
          exists (
            select from user_roles r
            where r.user_id = actor.id and r.role = 'Administrator' and {COUNTS_NOW}
          ) as actor_is_administrator
        from (select) as one
        left join users u on u.id = :user_id
        left join users actor on actor.id = :actor_id
        left join lateral (
          select r.role, r.expires_at from user_roles r
          where r.user_id = u.id and r.role = :role and {COUNTS_NOW}
        ) held on true
        """,
        user_id=user_id,
        actor_id=actor_id,
        role=role.value,
    )
    assert row is not None  # noqa: S101 - outer joins to one row
    return Standing(
        user=None if row["id"] is None else user_of(row),
        held=Held(row["held_until"]) if row["is_held"] else None,
        has_ended_roles=row["has_ended_roles"],
        actor_status=None if row["actor_status"] is None else UserStatus(row["actor_status"]),
        actor_is_administrator=row["actor_is_administrator"],
    )


async def lock_administrators(db: Database) -> None:
    """Lock the set of administrators until the transaction ends."""
    await db.all("select pg_advisory_xact_lock(hashtext('aiwebengine.administrators'))")


async def other_administrators(db: Database, user_id: UUID) -> tuple[int, int]:
    """Number of other active administrators, and of those whose role does not expire."""
    row = await db.one(
        f"""
        select count(*) as all_of_them, count(*) filter (where r.expires_at is null) as lasting
        from user_roles r join users u on u.id = r.user_id
        where r.role = 'Administrator' and {COUNTS_NOW}
          and u.status = 'active' and u.id <> :user_id
        """,
        user_id=user_id,
    )
    assert row is not None  # noqa: S101 - an aggregate always returns a row
    return row["all_of_them"], row["lasting"]


async def put_role(
    db: Database,
    user_id: UUID,
    role: Role,
    granted_by: str,
    reason: str | None,
    expires_at: datetime | None,
    confirmed_unverified: bool = False,
) -> User:
    """Grant the role or replace the end of the grant; return the user after it."""
    row = await db.one(
        f"""
        with given as (
          insert into user_roles (
            user_id, role, granted_by, reason, expires_at, confirmed_unverified
          )
          values (
            :user_id, :role, :granted_by, :reason, :expires_at, :confirmed_unverified
          )
          on conflict (user_id, role) do update
          set granted_at = now(), granted_by = :granted_by, reason = :reason,
            expires_at = :expires_at, confirmed_unverified = :confirmed_unverified
        ),
        {_TOUCHED}
        select {columns_of(f"{_OTHER_ROLES} || :role")} from u
        """,
        user_id=user_id,
        role=role.value,
        granted_by=granted_by,
        reason=reason,
        expires_at=expires_at,
        confirmed_unverified=confirmed_unverified,
    )
    assert row is not None  # noqa: S101 - the caller holds the row's lock
    return user_of(row)


async def remove_role(db: Database, user_id: UUID, role: Role) -> User:
    """Remove the role; return the user after it."""
    row = await db.one(
        f"""
        with taken as (delete from user_roles where user_id = :user_id and role = :role),
        {_TOUCHED}
        select {columns_of(_OTHER_ROLES)} from u
        """,
        user_id=user_id,
        role=role.value,
    )
    assert row is not None  # noqa: S101 - the caller holds the row's lock
    return user_of(row)


async def next_ended_holder(db: Database) -> UUID | None:
    """A user with an expired grant, or None; the earliest expiry first."""
    found: UUID | None = await db.value(
        "select user_id from user_roles where expires_at <= now() order by expires_at limit 1"
    )
    return found


async def remove_ended_roles(db: Database, user_id: UUID) -> list[tuple[Role, datetime]]:
    """Remove the user's expired roles; return each with its end."""
    rows = await db.all(
        """
        delete from user_roles
        where user_id = :user_id and expires_at <= now()
        returning role, expires_at
        """,
        user_id=user_id,
    )
    return [(Role(row["role"]), row["expires_at"]) for row in rows]


async def remove_unconfirmed_roles(
    db: Database, user_id: UUID
) -> list[tuple[Role, datetime | None]]:
    """Remove the user's roles that were granted to an unverified address without confirmation;
    return each with its end.
    """
    rows = await db.all(
        """
        delete from user_roles
        where user_id = :user_id and not confirmed_unverified
        returning role, expires_at
        """,
        user_id=user_id,
    )
    return [(Role(row["role"]), row["expires_at"]) for row in rows]


async def touch(db: Database, user_id: UUID) -> User:
    """Increment the version; return the user."""
    row = await db.one(
        f"""
        with {_TOUCHED}
        select {COLUMNS} from u
        """,
        user_id=user_id,
    )
    assert row is not None  # noqa: S101 - the caller holds the row's lock
    return user_of(row)


async def set_status(db: Database, user_id: UUID, status: UserStatus) -> None:
    """Set the user's status."""
    await db.execute(
        "update users set status = :status where id = :user_id",
        user_id=user_id,
        status=status.value,
    )
