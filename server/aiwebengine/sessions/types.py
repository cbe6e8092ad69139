"""Sessions and API tokens."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Optional
from uuid import UUID

import strawberry

from aiwebengine.core.errors import NotFound
from aiwebengine.core.identity import Role
from aiwebengine.graphql.context import Info

if TYPE_CHECKING:
    from aiwebengine.users.types import User

Owner = Annotated["User", strawberry.lazy("aiwebengine.users.types")]


async def owner(info: Info, user_key: UUID) -> "User":
    """The user with this key. Raises NotFound when it was just deleted."""
    user = await info.context.loaders.users.load(user_key)
    if user is None:
        raise NotFound("This user was just deleted.")
    return user


@strawberry.type
class Session:
    """A signed-in browser.

    Attributes:
        id: id of the session; not the secret in the cookie.
        provider: the provider used to sign in, or `link`.
        address: network address of the sign-in.
        user_agent: the user agent that the browser reported.
        created_at: time of the sign-in.
        last_seen_at: latest use, to the minute.
        expires_at: when it expires even if it is in use.
    """

    id: strawberry.ID
    provider: str
    address: str | None
    user_agent: str | None
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    key: strawberry.Private[UUID]
    user_key: strawberry.Private[UUID]

    @strawberry.field
    async def user(self, info: Info) -> Owner:
        """User of the session."""
        return await owner(info, self.user_key)

    @strawberry.field
    def current(self, info: Info) -> bool:
        """Whether this request uses the session."""
        return info.context.viewer.session_id == self.key


@strawberry.type
class ApiToken:
    """A token that scripts send to act on behalf of its user.

    Attributes:
        id: id of the token; not the secret.
        name: name of the token.
        prefix: first characters of the secret, to identify the token.
        scopes: allowed uses: read, users:write, ops:write, scripts:write, scripts:call.
        created_at: creation time.
        made_by: who created it: an address or an operator on the command line; null when unknown.
        audience: the only address that accepts it, for a token of a connected program; null: all.
        expires_at: when it expires; null for never, possible for old tokens only.
        last_used_at: latest use, to the minute.
        last_used_address: network address of the latest use.
        revoked_at: when it was revoked; null when it was not.
    """

    id: strawberry.ID
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    made_by: str | None
    audience: str | None
    expires_at: datetime | None
    last_used_at: datetime | None
    last_used_address: str | None
    revoked_at: datetime | None
    key: strawberry.Private[UUID]
    user_key: strawberry.Private[UUID]
    role_ceiling: strawberry.Private[Role | None]
    parent_key: strawberry.Private[UUID | None]
    maker_key: strawberry.Private[UUID | None]

    @strawberry.field
    async def user(self, info: Info) -> Owner:
        """User that the token acts for."""
        return await owner(info, self.user_key)

    @strawberry.field
    async def parent(self, info: Info) -> Optional["ApiToken"]:
        """Token that created this one; revoking it revokes this one as well."""
        if self.parent_key is None:
            return None
        family = await info.context.loaders.api_tokens.load(self.user_key)
        return next((one for one in family if one.key == self.parent_key), None)

    @strawberry.field
    async def roles(self, info: Info) -> list[Role]:
        """Current roles of a request with this token: never more than its user's."""
        user = await owner(info, self.user_key)
        return [role for role in user.roles if role in roles_up_to(self.role_ceiling)]


@dataclass(frozen=True)
class SignedIn:
    """Result of a sign-in: the session, and the secret for the cookie, which is not stored."""

    session: Session
    secret: str


def highest(held: Iterable[Role]) -> Role:
    """The highest of these roles; AUTHENTICATED when there is none."""
    return max(held, key=list(Role).index, default=Role.AUTHENTICATED)


def roles_up_to(ceiling: Role | None) -> frozenset[Role]:
    """The roles that a token with this ceiling may have; None for all."""
    ranked = list(Role)
    return frozenset(ranked if ceiling is None else ranked[: ranked.index(ceiling) + 1])
