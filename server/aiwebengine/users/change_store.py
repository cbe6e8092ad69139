"""Every SQL statement that changes who may do what; all run while the users are held."""

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
# A statement does not see what another part of itself does to the roles.
_OTHER_ROLES = ROLES.removesuffix(")") + " and r.role <> :role)"


@dataclass(frozen=True)
class Held:
    """A grant of a role that counts now."""

    expires_at: datetime | None


@dataclass(frozen=True)
class Standing:
    """What a change depends on. *held* is the user's grant of the role that it concerns."""

    user: User | None
    held: Held | None
    has_ended_roles: bool
    actor_status: UserStatus | None
    actor_is_administrator: bool


async def lock(db: Database, *user_ids: UUID) -> None:
    """Hold these users until the transaction ends, in id order so that nobody waits in a ring."""
    await db.all(
        "select u.id from users u where u.id = any(:user_ids) order by u.id for update",
        user_ids=list(user_ids),
    )


async def hold(db: Database, user_id: UUID, actor_id: UUID | None) -> None:
    """Hold the user, and keep the actor from being changed, until the transaction ends.

    Several may act for one actor at a time. In id order, as in `lock`.
    """
    modes = {user_id: "update"}
    if actor_id is not None:
        modes.setdefault(actor_id, "share")
    ids = sorted(modes)
    # The first is waited for before the second is looked at.
    looks = [
        f"(select 1 from users where id = :id_{place} for {modes[one]})"
        for place, one in enumerate(ids)
    ]
    values = {f"id_{place}": one for place, one in enumerate(ids)}
    await db.all(f"select {', '.join(looks)}", **values)


async def standing(db: Database, user_id: UUID, actor_id: UUID | None, role: Role) -> Standing:
    """How the user, who is held, and the actor stand now."""
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
    """Let only one transaction at a time take from, or add to, the administrators."""
    await db.all("select pg_advisory_xact_lock(hashtext('aiwebengine.administrators'))")


async def other_administrators(db: Database, user_id: UUID) -> tuple[int, int]:
    """How many other active administrators there are, and how many of these hold it for good."""
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
    """Give the role, or move the end of the grant that is there; the user as it is then."""
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
    """Take the role away; the user as it is then."""
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
    """Somebody with a grant whose end has passed, or None; the longest ended first."""
    found: UUID | None = await db.value(
        "select user_id from user_roles where expires_at <= now() order by expires_at limit 1"
    )
    return found


async def remove_ended_roles(db: Database, user_id: UUID) -> list[tuple[Role, datetime]]:
    """Take away the user's roles whose end has passed; which, and when they ended."""
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
    """Take away the user's roles that nobody confirmed for a user without a verified address;
    which, and their ends.
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
    """Count a change; the user as it is now."""
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
    """Let in, or turn away."""
    await db.execute(
        "update users set status = :status where id = :user_id",
        user_id=user_id,
        status=status.value,
    )
