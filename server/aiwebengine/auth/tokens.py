"""API tokens for scripts: make, list, revoke."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.auth import secrets, store
from aiwebengine.auth.types import ApiToken
from aiwebengine.database import Database
from aiwebengine.errors import BadUserInput, Forbidden, NotFound
from aiwebengine.untrusted_text import must_show_all
from aiwebengine.users.service import Users
from aiwebengine.users.types import Role
from aiwebengine.viewer import Scope, Viewer

LONGEST_NAME = 100


@dataclass(frozen=True)
class NewToken:
    """A token, and its secret, told this once."""

    token: ApiToken
    secret: str


class Tokens:
    """A token never has more than its user's roles at the time of the call."""

    def __init__(self, db: Database, audit: AuditTrail, users: Users) -> None:
        self._db = db
        self._users = users
        self._audit = audit

    async def create(
        self,
        viewer: Viewer,
        user_id: UUID | None,
        name: str,
        *,
        scopes: Sequence[str] | None = None,
        role_ceiling: Role | None = None,
        expires_at: datetime | None = None,
    ) -> NewToken:
        """Make a token for a user, or for the viewer.

        Without *scopes* it has all of them. A token can't make one that may do more than itself.
        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, ReauthenticationRequired.
        """
        viewer.must_be(Role.ADMINISTRATOR, Scope.USERS_WRITE)
        name = _checked_name(name)
        wanted = _checked_scopes(scopes, viewer)
        _check_end(expires_at)
        if viewer.token_id is not None and user_id not in (None, viewer.id):
            raise Forbidden("A token can make tokens for its own user only.")
        async with self._db.transaction():
            target = await self._target(user_id or viewer.id)
            if await self._users.is_administrator(_known(target.id)):
                viewer.must_have_signed_in_recently()
            if viewer.token_id is not None:
                mine = await store.token(self._db, viewer.token_id)
                role_ceiling = role_ceiling or (mine.role_ceiling if mine else None)
            secret = secrets.new_token()
            token = await store.add_token(
                self._db,
                user_id=_known(target.id),
                name=name,
                prefix=secret[: secrets.PREFIX_LENGTH],
                secret_hash=secrets.digest(secret),
                scopes=wanted,
                role_ceiling=role_ceiling,
                expires_at=expires_at,
            )
            await self._audit.record(viewer, AuditAction.TOKEN_CREATED, target, after=_told(token))
        return NewToken(token, secret)

    async def of_user(self, viewer: Viewer, user_id: UUID | None) -> list[ApiToken]:
        """The tokens of a user, or the viewer's own, that are not revoked, newest first.

        Raises Unauthenticated, Forbidden.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        wanted = user_id or viewer.id
        return [] if wanted is None else (await self.of_users([wanted]))[0]

    async def of_users(self, user_ids: Sequence[UUID]) -> list[list[ApiToken]]:
        """The tokens of each user that are not revoked, in the order asked; for loaders."""
        tokens = await store.tokens_of(self._db, user_ids)
        return [tokens[user_id] for user_id in user_ids]

    async def all(self, viewer: Viewer) -> list[ApiToken]:
        """Everybody's tokens that are not revoked, newest first. Raises Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await store.all_tokens(self._db)

    async def revoke(self, viewer: Viewer, token_id: UUID) -> ApiToken:
        """Revoke a token: one's own, or as an administrator anyone's. Twice is fine.

        Raises Unauthenticated, Forbidden, NotFound.
        """
        viewer.must_be_signed_in()
        async with self._db.transaction():
            token = await store.token(self._db, token_id)
            if token is None or token.user_key != viewer.id:
                viewer.must_be(Role.ADMINISTRATOR, Scope.USERS_WRITE)
            viewer.must_hold(Scope.USERS_WRITE)
            if token is None:
                raise NotFound(f"There is no token {token_id}.")
            if await store.revoke_token(self._db, token_id):
                target = await self._target(token.user_key)
                await self._audit.record(
                    viewer, AuditAction.TOKEN_REVOKED, target, before=_told(token)
                )
            revoked = await store.token(self._db, token_id)
        return revoked or token

    async def _target(self, user_id: UUID | None) -> Target:
        email = None if user_id is None else await store.email_of(self._db, user_id)
        if email is None:
            raise NotFound("Say for which user: there is no such user.")
        return Target("user", user_id, email)


def _known(user_id: UUID | None) -> UUID:
    assert user_id is not None  # noqa: S101 - `_target` raised otherwise
    return user_id


def _checked_name(name: str) -> str:
    kept = name.strip()
    if not 1 <= len(kept) <= LONGEST_NAME:
        raise BadUserInput(f"name: {len(kept)} characters; 1 to {LONGEST_NAME} are allowed.")
    must_show_all("name", kept)
    return kept


def _checked_scopes(scopes: Sequence[str] | None, viewer: Viewer) -> list[str]:
    known = {scope.value: scope for scope in Scope}
    if scopes is None:
        return [name for name, scope in known.items() if scope in viewer.scopes]
    for name in scopes:
        if name not in known:
            raise BadUserInput(
                f"scopes: {name[:40]!r} is not a scope; allowed: {', '.join(known)}."
            )
        if known[name] not in viewer.scopes:
            raise Forbidden(f"This token lacks the scope {name}, so it can't hand it on.")
    if not scopes:
        raise BadUserInput(f"scopes: none given; allowed: {', '.join(known)}.")
    return [name for name in known if name in scopes]


def _check_end(expires_at: datetime | None) -> None:
    if expires_at is not None and expires_at.tzinfo is None:
        raise BadUserInput(f"expiresAt: {expires_at.isoformat()} lacks a time zone.")
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise BadUserInput(f"expiresAt: {expires_at.isoformat()} has passed already.")


def _told(token: ApiToken) -> dict[str, object]:
    """A token as the trail shows it: nothing of the secret but its first characters."""
    return {
        "token": str(token.key),
        "name": token.name,
        "prefix": token.prefix,
        "scopes": token.scopes,
        "expiresAt": None if token.expires_at is None else token.expires_at.isoformat(),
    }
