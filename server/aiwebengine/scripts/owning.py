"""Owners of scripts."""

from __future__ import annotations

from typing import Protocol

from aiwebengine.audit.types import AuditAction
from aiwebengine.core.errors import Conflict, NotFound
from aiwebengine.core.identity import Role, Viewer, engine
from aiwebengine.scripts import store
from aiwebengine.scripts.access import ScriptAccess, label_of, target_of
from aiwebengine.scripts.errors import LastOwner
from aiwebengine.scripts.rights import Act, must_be_allowed
from aiwebengine.scripts.types import ScriptOwner
from aiwebengine.users.types import User


class FindsUsers(Protocol):
    """Finds users by address; `Users` does."""

    async def find_by_email(self, viewer: Viewer, email: str) -> User:
        """The user. Raises NotFound."""


class ScriptOwners(ScriptAccess):
    """The operations that change owners."""

    users: FindsUsers
    """Set by the subclass."""

    async def add_owner(self, viewer: Viewer, slug: str, email: str) -> list[ScriptOwner]:
        """Add an owner; the owners after it. Adding an owner again changes nothing.

        Raises Unauthenticated, Forbidden, NotFound, Conflict for a user who is not an editor.
        """
        must_be_allowed(viewer, Act.CHANGE_OWNERS)
        async with self._changing(viewer, slug, Act.CHANGE_OWNERS) as script:
            # Editors may not list users; whom they can name may become an owner.
            user = await self.users.find_by_email(engine(), email)
            if not {Role.EDITOR, Role.ADMINISTRATOR} & set(user.roles):
                raise Conflict(
                    f"{user.email} is not an editor. Only a user with the role"
                    f" {Role.EDITOR.value} or {Role.ADMINISTRATOR.value} can own a script."
                )
            if await store.add_owner(self._db, script.key, user.key, label_of(viewer)):
                await self._audit.record(
                    viewer,
                    AuditAction.SCRIPT_OWNER_ADDED,
                    target_of(script),
                    after={"owner": str(user.key), "email": user.email},
                )
            return (await store.owners(self._db, [script.key]))[script.key]

    async def remove_owner(self, viewer: Viewer, slug: str, email: str) -> list[ScriptOwner]:
        """Remove an owner; the owners after it.

        Raises Unauthenticated, Forbidden, NotFound for a user who is no owner, LastOwner.
        """
        must_be_allowed(viewer, Act.CHANGE_OWNERS)
        # The script is locked before its owners are counted: two owners who leave at the same time
        # must not both succeed.
        async with self._changing(viewer, slug, Act.CHANGE_OWNERS) as script:
            owners = (await store.owners(self._db, [script.key]))[script.key]
            wanted = email.strip().casefold()
            leaving = next((one for one in owners if one.email.casefold() == wanted), None)
            if leaving is None:
                raise NotFound(f"{email[:200]} is not an owner of {slug}.")
            if len(owners) == 1:
                raise LastOwner(
                    f"{leaving.email} is the last owner of {slug}. Add another owner first."
                )
            await store.remove_owner(self._db, script.key, leaving.user_id)
            await self._audit.record(
                viewer,
                AuditAction.SCRIPT_OWNER_REMOVED,
                target_of(script),
                before={"owner": str(leaving.user_id), "email": leaving.email},
            )
            return [one for one in owners if one is not leaving]
