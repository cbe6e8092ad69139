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
    """The user with this key. Raises NotFound when it was deleted meanwhile."""
    user = await info.context.loaders.users.load(user_key)
    if user is None:
        raise NotFound("This user was deleted a moment ago.")
    return user


@strawberry.type
class Session:
    """A browser that is signed in.

    Attributes:
        id: names the session; it is not the secret in the cookie.
        provider: how its user signed in.
        address: where the sign-in came from.
        user_agent: what the browser said it was.
        created_at: when it began.
        last_seen_at: when it was last used, to the minute.
        expires_at: when it ends even if it is used all the time.
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
        """Whose session it is."""
        return await owner(info, self.user_key)

    @strawberry.field
    def current(self, info: Info) -> bool:
        """Whether this very request was made with it."""
        return info.context.viewer.session_id == self.key


@strawberry.type
class ApiToken:
    """What a script signs its requests with, on behalf of its user.

    Attributes:
        id: names the token; it is not the secret.
        name: what it is for.
        prefix: the first characters of the secret, to tell tokens apart.
        scopes: what it may be used for: read, users:write, ops:write, scripts:write.
        created_at: when it was made.
        made_by: who made it, an address or an operator at the command line; null when unknown.
        expires_at: when it stops working; null for never, as only old tokens have it.
        last_used_at: when it was last used, to the minute.
        last_used_address: where it was last used from.
        revoked_at: when it was revoked; null while it works.
    """

    id: strawberry.ID
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    made_by: str | None
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
        """On whose behalf it acts."""
        return await owner(info, self.user_key)

    @strawberry.field
    async def parent(self, info: Info) -> Optional["ApiToken"]:
        """The token that made this one; revoking it revokes this one as well."""
        if self.parent_key is None:
            return None
        family = await info.context.loaders.api_tokens.load(self.user_key)
        return next((one for one in family if one.key == self.parent_key), None)

    @strawberry.field
    async def roles(self, info: Info) -> list[Role]:
        """The roles that a request with it has now: never more than its user's."""
        user = await owner(info, self.user_key)
        return [role for role in user.roles if role in roles_up_to(self.role_ceiling)]


@dataclass(frozen=True)
class SignedIn:
    """What a sign-in yields: the session, and the secret for the cookie, told this once."""

    session: Session
    secret: str


def highest(held: Iterable[Role]) -> Role:
    """The highest of these roles; AUTHENTICATED, which everybody has, for none."""
    return max(held, key=list(Role).index, default=Role.AUTHENTICATED)


def roles_up_to(ceiling: Role | None) -> frozenset[Role]:
    """The roles that a token with this ceiling may use; None: all."""
    ranked = list(Role)
    return frozenset(ranked if ceiling is None else ranked[: ranked.index(ceiling) + 1])
