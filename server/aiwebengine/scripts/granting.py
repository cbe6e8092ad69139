"""Roles that a script defines for its users, and that its owners grant."""

from __future__ import annotations

import re
from typing import Protocol
from uuid import UUID

from aiwebengine.audit.types import AuditAction
from aiwebengine.core.errors import BadUserInput, LimitExceeded
from aiwebengine.core.identity import Viewer, engine
from aiwebengine.scripts import role_store
from aiwebengine.scripts.access import ScriptAccess, label_of, target_of
from aiwebengine.scripts.rights import Act, must_be_allowed
from aiwebengine.scripts.role_types import (
    LONGEST_ROLE,
    MOST_ROLES_OF_USER,
    RolesChange,
    ScriptUserRole,
)
from aiwebengine.users.types import User

_ROLE = re.compile(rf"[A-Za-z][A-Za-z0-9_.:-]{{0,{LONGEST_ROLE - 1}}}")


class FindsUsers(Protocol):
    """Finds users by address; `Users` does."""

    async def find_by_email(self, viewer: Viewer, email: str) -> User:
        """The user. Raises NotFound."""


class ScriptRoles(ScriptAccess):
    """The operations on roles of users. They mean nothing outside of their script."""

    users: FindsUsers
    """Set by the subclass."""

    async def grant_role(self, viewer: Viewer, slug: str, email: str, role: str) -> RolesChange:
        """Grant a user a role; it counts at the user's next request. Granting it again changes
        nothing.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, LimitExceeded.
        """
        role = _checked(role)
        must_be_allowed(viewer, Act.GRANT_ROLES)
        async with self._changing(viewer, slug, Act.GRANT_ROLES) as script:
            # Editors may not list users; whom they can name may have a role.
            user = await self.users.find_by_email(engine(), email)
            changed = await role_store.grant(self._db, script.key, user.key, role, label_of(viewer))
            roles = await role_store.of_user(self._db, script.key, user.key)
            if len(roles) > MOST_ROLES_OF_USER:
                raise LimitExceeded(
                    f"{user.email} has {MOST_ROLES_OF_USER} roles in {slug}, which is the most."
                )
            if changed:
                await self._audit.record(
                    viewer,
                    AuditAction.SCRIPT_ROLE_GRANTED,
                    target_of(script),
                    after=_told(user, role),
                )
            return RolesChange(roles, changed)

    async def revoke_role(self, viewer: Viewer, slug: str, email: str, role: str) -> RolesChange:
        """Revoke a role of a user. Revoking one that the user does not have changes nothing.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput.
        """
        role = _checked(role)
        must_be_allowed(viewer, Act.GRANT_ROLES)
        async with self._changing(viewer, slug, Act.GRANT_ROLES) as script:
            user = await self.users.find_by_email(engine(), email)
            changed = await role_store.revoke(self._db, script.key, user.key, role)
            if changed:
                await self._audit.record(
                    viewer,
                    AuditAction.SCRIPT_ROLE_REVOKED,
                    target_of(script),
                    before=_told(user, role),
                )
            return RolesChange(await role_store.of_user(self._db, script.key, user.key), changed)

    async def user_roles(
        self,
        viewer: Viewer,
        slug: str,
        role: str | None,
        after: role_store.Key | None,
        first: int,
    ) -> list[ScriptUserRole]:
        """Roles of users, by role; one more than *first* when another page follows.

        Raises Unauthenticated, Forbidden, NotFound.
        """
        script = await self._found(viewer, slug, Act.READ_ROLES)
        return await role_store.page(self._db, script.key, role, after, first + 1)

    async def count_user_roles(self, viewer: Viewer, slug: str, role: str | None) -> int:
        """Number of roles of users. Raises as `user_roles` does."""
        script = await self._found(viewer, slug, Act.READ_ROLES)
        return await role_store.count(self._db, script.key, role)

    async def roles_of_user(self, script_id: UUID, user_id: UUID) -> list[str]:
        """The roles of a user in a script. For internal use."""
        return await role_store.of_user(self._db, script_id, user_id)


def _checked(role: str) -> str:
    if not _ROLE.fullmatch(role):
        raise BadUserInput(
            f"role: found {role[: LONGEST_ROLE + 10]!r}; allowed: a letter, then up to"
            f" {LONGEST_ROLE - 1} letters, digits or _ . : -"
        )
    return role


def _told(user: User, role: str) -> dict[str, str]:
    return {"user": str(user.key), "email": user.email, "role": role}
