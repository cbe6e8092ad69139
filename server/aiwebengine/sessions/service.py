"""Browser sessions: create, list and end them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.core.errors import NotFound
from aiwebengine.core.identity import Role, Scope, Viewer
from aiwebengine.core.recent_sign_in import SensitiveAction
from aiwebengine.database import Database
from aiwebengine.sessions import secrets, store
from aiwebengine.sessions.types import Session, SignedIn


class Sessions:
    """Sessions stored in the database: ending one takes effect at once on every instance.

    A session expires *lasts_secs* after its start, or *idle_secs* after its last use.
    """

    def __init__(
        self, db: Database, audit: AuditTrail, *, lasts_secs: float, idle_secs: float, most: int
    ) -> None:
        self._db = db
        self._audit = audit
        self._lasts_secs = lasts_secs
        self._idle_secs = idle_secs
        self._most = most

    async def authenticated_at(self, viewer: Viewer) -> datetime | None:
        """When the person behind the viewer's session signed in; None without a session."""
        if viewer.session_id is None:
            return None
        return await store.authenticated_at(self._db, viewer.session_id)

    async def begin(
        self,
        viewer: Viewer,
        user_id: UUID,
        email: str,
        provider: str,
        authenticated_at: datetime | None = None,
    ) -> SignedIn:
        """Create a session and end the user's oldest ones above the limit.

        *viewer* is the caller before the sign-in, for the audit trail. *authenticated_at* is when
        the person signed in at the provider, if it reports that: a sign-in is recent counted from
        then, otherwise from the start of the session.
        """
        secret = secrets.new_secret()
        async with self._db.transaction():
            session = await store.add_session(
                self._db,
                user_id=user_id,
                secret_hash=secrets.digest(secret),
                provider=provider,
                address=viewer.origin.address,
                user_agent=viewer.origin.user_agent,
                lasts_secs=self._lasts_secs,
                authenticated_at=authenticated_at,
            )
            person = replace(viewer, id=user_id, label=email, session_id=session.key)
            target = Target("user", user_id, email)
            await self._audit.record(
                person,
                AuditAction.SIGNED_IN,
                target,
                after={"session": str(session.key), "provider": provider},
            )
            for ended in await store.keep_newest_sessions(
                self._db, user_id, self._most, self._idle_secs
            ):
                await self._audit.record(
                    person,
                    AuditAction.SESSION_REVOKED,
                    target,
                    before={"session": str(ended.key), "provider": ended.provider},
                    reason=f"The limit of {self._most} sessions was reached.",
                )
        return SignedIn(session, secret)

    async def sign_out(self, viewer: Viewer) -> str | None:
        """End the viewer's own session and return its provider. Ending it again changes nothing."""
        if viewer.session_id is None or viewer.id is None:
            return None
        async with self._db.transaction():
            session = await store.session(self._db, viewer.session_id)
            if await store.remove_session(self._db, viewer.session_id):
                await self._audit.record(
                    viewer, AuditAction.SIGNED_OUT, Target("user", viewer.id, viewer.label)
                )
        return None if session is None else session.provider

    async def of_user(self, viewer: Viewer, user_id: UUID | None) -> list[Session]:
        """The active sessions of a user or of the viewer, newest first.

        Raises Unauthenticated, Forbidden.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        wanted = user_id or viewer.id
        return [] if wanted is None else (await self.of_users([wanted]))[0]

    async def newest(self, viewer: Viewer, limit: int) -> list[Session]:
        """The active sessions of all users, newest first. Raises Unauthenticated, Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await store.newest_sessions(self._db, limit, self._idle_secs)

    async def of_users(self, user_ids: Sequence[UUID]) -> list[list[Session]]:
        """The active sessions of each user, in the order of the ids; for loaders."""
        sessions = await store.sessions_of(self._db, user_ids, self._idle_secs)
        return [sessions[user_id] for user_id in user_ids]

    async def revoke(self, viewer: Viewer, session_id: UUID) -> Session:
        """End a session: the viewer's own, or any one as an administrator.

        Raises Unauthenticated, Forbidden, NotFound, ReauthenticationRequired for another user.
        """
        viewer.must_be_signed_in()
        async with self._db.transaction():
            session = await store.session(self._db, session_id)
            if session is None or session.user_key != viewer.id:
                viewer.must_be(Role.ADMINISTRATOR, Scope.USERS_WRITE)
            viewer.must_hold(Scope.USERS_WRITE)
            if session is not None and session.user_key != viewer.id:
                viewer.must_have_signed_in_recently(SensitiveAction.END_OTHERS_SESSIONS)
            if session is None or not await store.remove_session(self._db, session_id):
                raise NotFound(f"There is no session {session_id}.")
            await self._audit.record(
                viewer,
                AuditAction.SESSION_REVOKED,
                await self._target(session.user_key),
                before={"session": str(session_id), "provider": session.provider},
            )
        return session

    async def revoke_all(self, viewer: Viewer, user_id: UUID) -> int:
        """End all sessions of a user and return their number.

        Raises Unauthenticated, Forbidden, NotFound, ReauthenticationRequired for another user.
        """
        viewer.must_be_signed_in()
        if user_id != viewer.id:
            viewer.must_be(Role.ADMINISTRATOR, Scope.USERS_WRITE)
            viewer.must_have_signed_in_recently(SensitiveAction.END_OTHERS_SESSIONS)
        viewer.must_hold(Scope.USERS_WRITE)
        async with self._db.transaction():
            target = await self._target(user_id)
            ended = await self.end_all(user_id)
            if ended:
                await self._audit.record(
                    viewer, AuditAction.SESSIONS_REVOKED, target, before={"sessions": ended}
                )
        return ended

    async def end_all(self, user_id: UUID) -> int:
        """End all sessions of a user, as part of a change with its own audit event."""
        return await store.remove_sessions_of(self._db, user_id)

    async def revoke_tokens(self, viewer: Viewer, target: Target, reason: str) -> int:
        """Revoke all API tokens of a user for good and return their number.

        Part of a change that ends all access; each token gets its own audit event.
        """
        assert target.id is not None  # noqa: S101 - a user has an id
        tokens = await store.revoke_tokens_of(self._db, target.id)
        for token in tokens:
            await self._audit.record(
                viewer,
                AuditAction.TOKEN_REVOKED,
                target,
                before={"token": str(token.key), "name": token.name, "prefix": token.prefix},
                reason=reason,
            )
        return len(tokens)

    async def count_live(self) -> int:
        """Number of active sessions of all users."""
        return await store.count_live_sessions(self._db, self._idle_secs)

    async def remove_ended(self) -> None:
        """Delete expired sessions and links. Any instance may do this at any time."""
        await store.remove_ended(self._db, self._idle_secs)

    async def _target(self, user_id: UUID) -> Target:
        email = await store.email_of(self._db, user_id)
        if email is None:
            raise NotFound(f"There is no user {user_id}.")
        return Target("user", user_id, email)
