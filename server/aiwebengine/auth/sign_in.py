"""How somebody gets in. For now: one-use links; providers join them here."""

from __future__ import annotations

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.auth import secrets, store
from aiwebengine.auth.sessions import Sessions
from aiwebengine.auth.types import SignedIn
from aiwebengine.database import Database
from aiwebengine.errors import Forbidden, Unauthenticated
from aiwebengine.users.service import Users
from aiwebengine.users.types import Role, UserStatus
from aiwebengine.viewer import ActorKind, Scope, Viewer

LINK_LASTS_SECS = 15 * 60


class SignIn:
    """Turns proof of who somebody is into a session."""

    def __init__(self, db: Database, audit: AuditTrail, users: Users, sessions: Sessions) -> None:
        self._db = db
        self._audit = audit
        self._users = users
        self._sessions = sessions

    async def first_link(self, email: str) -> str | None:
        """The secret of a link for the first administrator; None once one has signed in.

        Earlier ones stop working.
        """
        async with self._db.transaction():
            await store.remove_first_links(self._db)
            if await self._users.an_administrator_has_signed_in():
                return None
            secret = secrets.new_secret()
            await store.add_link(self._db, secrets.digest(secret), email, True, LINK_LASTS_SECS)
        return secret

    async def link_for(self, viewer: Viewer, email: str) -> str:
        """The secret of a link that signs in an existing user.

        Raises Forbidden, NotFound.
        """
        viewer.must_be(Role.ADMINISTRATOR, Scope.USERS_WRITE)
        if not viewer.is_trusted:
            raise Forbidden("Sign-in links are made at the command line of the machine only.")
        user = await self._users.find_by_email(viewer, email)
        if user.status is UserStatus.SUSPENDED:
            raise Forbidden(f"{user.email} is suspended. Reinstate the user first.")
        secret = secrets.new_secret()
        async with self._db.transaction():
            await store.add_link(
                self._db, secrets.digest(secret), user.email, False, LINK_LASTS_SECS
            )
            await self._audit.record(
                viewer,
                AuditAction.SIGN_IN_LINK_CREATED,
                Target("user", user.key, user.email),
            )
        return secret

    async def by_link(self, viewer: Viewer, secret: str) -> SignedIn:
        """Use up a link and begin a session.

        Raises Unauthenticated when the link is unknown, used or too old, Forbidden when its user
        is suspended.
        """
        async with self._db.transaction():
            found = await store.use_link(self._db, secrets.digest(secret))
            if found is None:
                raise Unauthenticated(
                    "This sign-in link is not valid: it works once and for 15 minutes."
                )
            email, makes_administrator = found
            if makes_administrator:
                user_id = await self._users.welcome_first_administrator(_bearer(viewer), email)
            else:
                user_id = (await self._users.find_by_email(_bearer(viewer), email)).key
            user = await self._users.signed_in(user_id)
            return await self._sessions.begin(viewer, user.key, user.email, "link")


def _bearer(viewer: Viewer) -> Viewer:
    """Who shows a link acts with the right of the operator who made it."""
    return Viewer(ActorKind.OPERATOR, "sign-in link", viewer.origin)
