"""SQL statements about the roles that scripts define for their users."""

from __future__ import annotations

from uuid import UUID

from aiwebengine.database import Database
from aiwebengine.scripts.role_types import ScriptUserRole

Key = tuple[str, UUID]


async def of_user(db: Database, script_id: UUID, user_id: UUID) -> list[str]:
    """The roles of a user, by name."""
    rows = await db.all(
        """
        select role from script_user_roles
        where script_id = :script_id and user_id = :user_id
        order by role
        """,
        script_id=script_id,
        user_id=user_id,
    )
    return [row["role"] for row in rows]


async def grant(db: Database, script_id: UUID, user_id: UUID, role: str, granted_by: str) -> bool:
    """Grant a role; False when the user has it."""
    return bool(
        await db.value(
            """
            insert into script_user_roles (script_id, user_id, role, granted_by)
            values (:script_id, :user_id, :role, :granted_by)
            on conflict do nothing
            returning true
            """,
            script_id=script_id,
            user_id=user_id,
            role=role,
            granted_by=granted_by,
        )
    )


async def revoke(db: Database, script_id: UUID, user_id: UUID, role: str) -> bool:
    """Revoke a role; False when the user does not have it."""
    return bool(
        await db.value(
            """
            delete from script_user_roles
            where script_id = :script_id and user_id = :user_id and role = :role
            returning true
            """,
            script_id=script_id,
            user_id=user_id,
            role=role,
        )
    )


async def page(
    db: Database, script_id: UUID, role: str | None, after: Key | None, limit: int
) -> list[ScriptUserRole]:
    """At most *limit* roles of users, by role, that come after *after*; only *role* if given."""
    rows = await db.all(
        """
        select r.user_id, u.email, u.name, r.role, r.granted_at, r.granted_by
        from script_user_roles r join users u on u.id = r.user_id
        where r.script_id = :script_id
          and (cast(:role as text) is null or r.role = :role)
          and (
            cast(:after_role as text) is null
            or (r.role, r.user_id) > (:after_role, cast(:after_user as uuid))
          )
        order by r.role, r.user_id
        limit :limit
        """,
        script_id=script_id,
        role=role,
        after_role=None if after is None else after[0],
        after_user=None if after is None else after[1],
        limit=limit,
    )
    return [ScriptUserRole(**dict(row)) for row in rows]


async def count(db: Database, script_id: UUID, role: str | None) -> int:
    """Number of roles of users; only of *role* if given."""
    return int(
        await db.value(
            """
            select count(*) from script_user_roles
            where script_id = :script_id and (cast(:role as text) is null or role = :role)
            """,
            script_id=script_id,
            role=role,
        )
    )
