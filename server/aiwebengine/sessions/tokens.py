"""API tokens for scripts: create, list and revoke them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol, TypedDict
from uuid import UUID

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.core.errors import BadUserInput, Forbidden, NotFound, Unauthenticated
from aiwebengine.core.identity import Role, Scope, Viewer
from aiwebengine.core.recent_sign_in import SensitiveAction
from aiwebengine.core.untrusted_text import must_show_all
from aiwebengine.database import Database
from aiwebengine.sessions import secrets, store
from aiwebengine.sessions.types import ApiToken, highest

LONGEST_NAME = 100

if TYPE_CHECKING:
    from aiwebengine.users.types import RoleGrant

_RANKS = list(Role)


@dataclass(frozen=True)
class NewToken:
    """A new token and its secret, which is not stored."""

    token: ApiToken
    secret: str


class _Maker(TypedDict):
    made_by_id: UUID | None
    made_by: str


class RoleHolders(Protocol):
    """Reads the roles that users hold."""

    async def is_administrator(self, user_id: UUID) -> bool:
        """Check whether the user holds the role Administrator."""

    async def grants_of(self, user_ids: Sequence[UUID]) -> Sequence[Sequence[RoleGrant]]:
        """The grants of each user."""


class Tokens:
    """API tokens, with at most the roles of their user and of their creator.

    - A token that a token creates has no more scopes and no higher role than its parent, expires no
      later, is accepted nowhere else, and is revoked with it.
    - A token that an administrator creates for another user has that user's role at that time as
      its ceiling. On each call it is also limited to the creator's current role. It stops working
      while the creator is suspended, and for good when the creator is deleted. Administrators
      create their own tokens.
    - A token created by the operator on the command line depends on its user alone.
    - Every token expires: *lifetime* after its creation by default, after *longest* at most.
    """

    def __init__(
        self,
        db: Database,
        audit: AuditTrail,
        users: RoleHolders,
        *,
        lifetime: timedelta,
        longest: timedelta,
    ) -> None:
        self._db = db
        self._users = users
        self._audit = audit
        self._lifetime = min(lifetime, longest)
        self._longest = longest

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
        """Create a token for a user, or for the viewer.

        Without *scopes* it gets the scopes of the viewer, without *expires_at* the default
        lifetime.
        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, ReauthenticationRequired.
        """
        viewer.must_be(Role.ADMINISTRATOR, Scope.USERS_WRITE)
        viewer.must_have_signed_in_recently(SensitiveAction.CREATE_TOKEN)
        name = _checked_name(name)
        wanted = _checked_scopes(scopes, viewer)
        if viewer.token_id is not None and user_id not in (None, viewer.id):
            raise Forbidden("A token can create tokens for its own user only.")
        async with self._db.transaction():
            target = await self._target(user_id or viewer.id)
            owner = _known(target.id)
            await store.lock_tokens_of(self._db, owner)
            parent = await self._parent(viewer)
            secret = secrets.new_token()
            token = await store.add_token(
                self._db,
                user_id=owner,
                name=name,
                prefix=secret[: secrets.PREFIX_LENGTH],
                secret_hash=secrets.digest(secret),
                scopes=wanted,
                role_ceiling=await self._ceiling(viewer, target, role_ceiling, parent),
                expires_at=self._end(expires_at, parent),
                audience=None if parent is None else parent.audience,
                parent_id=None if parent is None else parent.key,
                **_maker(viewer, parent),
            )
            await self._audit.record(
                viewer, AuditAction.TOKEN_CREATED, target, after=details_of(token)
            )
        return NewToken(token, secret)

    async def of_user(self, viewer: Viewer, user_id: UUID | None) -> list[ApiToken]:
        """The tokens of a user or of the viewer that are not revoked, newest first.

        Raises Unauthenticated, Forbidden.
        """
        viewer.must_be(Role.ADMINISTRATOR)
        wanted = user_id or viewer.id
        return [] if wanted is None else (await self.of_users([wanted]))[0]

    async def of_users(self, user_ids: Sequence[UUID]) -> list[list[ApiToken]]:
        """The tokens of each user that are not revoked, in the order of the ids; for loaders."""
        tokens = await store.tokens_of(self._db, user_ids)
        return [tokens[user_id] for user_id in user_ids]

    async def all(self, viewer: Viewer) -> list[ApiToken]:
        """The tokens of all users that are not revoked, newest first. Raises Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await store.all_tokens(self._db)

    async def revoke(self, viewer: Viewer, token_id: UUID) -> ApiToken:
        """Revoke a token and its descendants: the viewer's own, or any one as an administrator.

        Revoking it again changes nothing.
        Raises Unauthenticated, Forbidden, NotFound, ReauthenticationRequired for the token of
        another user.
        """
        viewer.must_be_signed_in()
        async with self._db.transaction():
            token = await store.token(self._db, token_id)
            if token is None or token.user_key != viewer.id:
                viewer.must_be(Role.ADMINISTRATOR, Scope.USERS_WRITE)
            viewer.must_hold(Scope.USERS_WRITE)
            if token is None:
                raise NotFound(f"There is no token {token_id}.")
            if token.user_key != viewer.id:
                viewer.must_have_signed_in_recently(SensitiveAction.REVOKE_OTHERS_TOKEN)
            target = await self._target(token.user_key)
            await store.lock_tokens_of(self._db, token.user_key)
            for one in await store.revoke_token(self._db, token_id):
                await self._audit.record(
                    viewer,
                    AuditAction.TOKEN_REVOKED,
                    target,
                    before=details_of(one),
                    reason=None
                    if one.key == token_id
                    else f"Created by the token {token.name}, which was revoked.",
                )
            revoked = await store.token(self._db, token_id)
        return revoked or token

    async def count_endless(self) -> int:
        """Number of tokens that never expire; only old versions created such tokens."""
        return await store.count_endless_tokens(self._db)

    async def _parent(self, viewer: Viewer) -> ApiToken | None:
        """The token of the request, or None. Raises Unauthenticated when it was revoked."""
        if viewer.token_id is None:
            return None
        parent = await store.token(self._db, viewer.token_id)
        if parent is None or parent.revoked_at is not None:
            raise Unauthenticated("This API token was revoked.")
        return parent

    async def _ceiling(
        self, viewer: Viewer, owner: Target, wanted: Role | None, parent: ApiToken | None
    ) -> Role | None:
        """The highest role that the token may have; None for no limit. Raises Forbidden."""
        limits = [wanted, None if parent is None else parent.role_ceiling]
        if owner.id != viewer.id and not viewer.is_trusted:
            user_id = _known(owner.id)
            if await self._users.is_administrator(user_id):
                raise Forbidden(
                    f"{owner.label} is an administrator. Administrators create their own tokens."
                )
            held = (await self._users.grants_of([user_id]))[0]
            limits.append(highest([grant.role for grant in held]))
        return min((role for role in limits if role is not None), key=_RANKS.index, default=None)

    def _end(self, wanted: datetime | None, parent: ApiToken | None) -> datetime:
        """When the token expires. Raises BadUserInput."""
        now, parents_end = datetime.now(UTC), None if parent is None else parent.expires_at
        if wanted is None:
            default = now + self._lifetime
            return default if parents_end is None else min(default, parents_end)
        if wanted.tzinfo is None:
            raise BadUserInput(f"expiresAt: {wanted.isoformat()} lacks a time zone.")
        if wanted <= now:
            raise BadUserInput(f"expiresAt: {wanted.isoformat()} is in the past.")
        if wanted > now + self._longest:
            raise BadUserInput(
                f"expiresAt: found {_second(wanted)}; allowed: until {_second(now + self._longest)}"
                " (auth.max_token_lifetime)."
            )
        if parents_end is not None and wanted > parents_end:
            raise BadUserInput(
                f"expiresAt: found {_second(wanted)}; allowed: until {_second(parents_end)}, when"
                " the token that creates it expires."
            )
        return wanted

    async def _target(self, user_id: UUID | None) -> Target:
        email = None if user_id is None else await store.email_of(self._db, user_id)
        if email is None:
            raise NotFound("Unknown user: name an existing user for the token.")
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
            raise Forbidden(f"This token lacks the scope {name}, and can't grant it.")
    if not scopes:
        raise BadUserInput(f"scopes: none given; allowed: {', '.join(known)}.")
    return [name for name in known if name in scopes]


def _maker(viewer: Viewer, parent: ApiToken | None) -> _Maker:
    """The person who creates a token; of a token created by a token, the creator of the parent."""
    if parent is not None and parent.made_by is not None:
        return {"made_by_id": parent.maker_key, "made_by": parent.made_by}
    return {"made_by_id": viewer.id, "made_by": viewer.label}


def _second(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def details_of(token: ApiToken) -> dict[str, object]:
    """A token as audit events show it, with the first characters of the secret only."""
    limits = {
        "parent": token.parent_key and str(token.parent_key),
        "roleCeiling": token.role_ceiling and token.role_ceiling.value,
        "audience": token.audience,
    }
    return {
        "token": str(token.key),
        "name": token.name,
        "prefix": token.prefix,
        "scopes": token.scopes,
        "expiresAt": None if token.expires_at is None else token.expires_at.isoformat(),
        **{name: value for name, value in limits.items() if value is not None},
    }
