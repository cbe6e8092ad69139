"""The viewer, sign-in attempts and their proof."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import strawberry

from aiwebengine.core.errors import Unauthenticated
from aiwebengine.core.identity import Profile, Role, Scope
from aiwebengine.core.identity import Viewer as Caller
from aiwebengine.core.rights import needs_scope
from aiwebengine.graphql.context import Info
from aiwebengine.sessions.types import ApiToken, Session, owner
from aiwebengine.users.types import User


@strawberry.type
class Viewer:
    """The caller.

    Attributes:
        id: the user's id.
        email: the user's address.
        name: the user's display name.
        roles: roles of this request; a token may have fewer than its user.
    """

    id: strawberry.ID
    email: str
    name: str
    roles: list[Role]
    key: strawberry.Private[UUID]
    caller: strawberry.Private[Caller]

    @strawberry.field
    @needs_scope(Scope.READ)
    async def user(self, info: Info) -> User:
        """The user of the caller."""
        self.caller.must_read()
        return await owner(info, self.key)

    @strawberry.field
    def recent_sign_in_until(self) -> datetime | None:
        """When the session's sign-in stops counting as recent; null for an API token."""
        return self.caller.fresh_until

    @strawberry.field
    async def session(self, info: Info) -> Session | None:
        """The session of the request; null for an API token."""
        if self.caller.session_id is None:
            return None
        mine = await info.context.loaders.sessions.load(self.key)
        return next((one for one in mine if one.key == self.caller.session_id), None)

    @strawberry.field
    async def api_token(self, info: Info) -> ApiToken | None:
        """The API token of the request; null for a session."""
        if self.caller.token_id is None:
            return None
        mine = await info.context.loaders.api_tokens.load(self.key)
        return next((one for one in mine if one.key == self.caller.token_id), None)


@dataclass(frozen=True)
class Attempt:
    """A pending sign-in with a provider, which its answer must match.

    Attributes:
        again_as: the user who has to sign in again; None for an ordinary sign-in.
        begun_at: when the browser was sent to the provider.
    """

    provider: str
    nonce: str
    verifier: str
    redirect: str
    again_as: UUID | None = None
    begun_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class Proof:
    """Result of a provider's answer.

    Attributes:
        profile: the person who signed in.
        authenticated_at: when, if the provider reports it.
    """

    profile: Profile
    authenticated_at: datetime | None = None


class SignInRefused(Unauthenticated):
    """The provider or its answer does not allow the sign-in; the message says why."""
