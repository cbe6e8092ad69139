"""GraphQL operations on the viewer, sessions and API tokens."""

from datetime import datetime

import strawberry

from aiwebengine.auth.types import Viewer
from aiwebengine.core.errors import NotFound
from aiwebengine.core.identity import Role, Scope, in_order
from aiwebengine.core.rights import ALWAYS, needs, open_to_all
from aiwebengine.graphql.context import Info
from aiwebengine.sessions.types import ApiToken, Session
from aiwebengine.users import checks
from aiwebengine.users.types import User


@strawberry.input
class RevokeSessionInput:
    """Session to end.

    Attributes:
        session_id: id of the session.
    """

    session_id: strawberry.ID


@strawberry.input
class RevokeAllSessionsInput:
    """User to sign out everywhere.

    Attributes:
        user_id: id of the user.
    """

    user_id: strawberry.ID


@strawberry.input
class CreateApiTokenInput:
    """API token to create.

    Attributes:
        name: name of the token, 1 to 100 characters.
        user_id: the user that it acts for (default: you); not another administrator.
        scopes: any of read, users:write, ops:write, scripts:write, scripts:call (default: all).
        expires_at: when it expires, at most `auth.max_token_lifetime` from now (default: after
          `auth.token_lifetime`).
    """

    name: str
    user_id: strawberry.ID | None = None
    scopes: list[str] | None = None
    expires_at: datetime | None = None


@strawberry.input
class RevokeApiTokenInput:
    """API token to revoke.

    Attributes:
        token_id: id of the token.
    """

    token_id: strawberry.ID


@strawberry.type
class SessionPayload:
    """Result of ending sessions.

    Attributes:
        user: user of the sessions.
        session: the ended session, when one was named.
        revoked_count: number of ended sessions.
    """

    user: User
    session: Session | None
    revoked_count: int


@strawberry.type
class ApiTokenPayload:
    """Result of creating or revoking an API token.

    Attributes:
        api_token: the token.
        secret: the secret to send as `Authorization: Bearer …`; only returned by the creation.
    """

    api_token: ApiToken
    secret: str | None


@strawberry.field
@open_to_all
def viewer(info: Info) -> Viewer | None:
    """The caller; null when not signed in."""
    caller = info.context.viewer
    if caller.id is None:
        return None
    return Viewer(
        id=strawberry.ID(str(caller.id)),
        email=caller.email or caller.label,
        name=caller.name,
        roles=list(in_order(caller.roles)),
        key=caller.id,
        caller=caller,
    )


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def sessions(info: Info, user_id: strawberry.ID | None = None) -> list[Session]:
    """Active sessions, newest first.

    Args:
        user_id: id of the user (default: you).
    """
    return await info.context.services.sessions.of_user(
        info.context.viewer, checks.optional_user_id(user_id)
    )


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def api_tokens(info: Info, user_id: strawberry.ID | None = None) -> list[ApiToken]:
    """API tokens that are not revoked, newest first.

    Args:
        user_id: id of the user (default: you).
    """
    return await info.context.services.tokens.of_user(
        info.context.viewer, checks.optional_user_id(user_id)
    )


@strawberry.mutation
@needs(
    Role.ADMINISTRATOR,
    Scope.USERS_WRITE,
    role_when="for the session of another user",
    recent_sign_in="for the session of another user",
)
async def revoke_session(info: Info, input: RevokeSessionInput) -> SessionPayload:
    """End a session.

    Args:
        input: the session.
    """
    info.context.viewer.must_be_signed_in()
    known = checks.id_or_none(input.session_id)
    if known is None:
        raise NotFound(f"There is no session {input.session_id[:50]}.")
    ended = await info.context.services.sessions.revoke(info.context.viewer, known)
    owner = await info.context.loaders.users.load(ended.user_key)
    if owner is None:
        raise NotFound("The session's user was just deleted.")
    return SessionPayload(user=owner, session=ended, revoked_count=1)


@strawberry.mutation
@needs(
    Role.ADMINISTRATOR,
    Scope.USERS_WRITE,
    role_when="for another user",
    recent_sign_in="for another user",
)
async def revoke_all_sessions(info: Info, input: RevokeAllSessionsInput) -> SessionPayload:
    """Sign a user out everywhere.

    Args:
        input: the user.
    """
    info.context.viewer.must_be_signed_in()
    known = checks.user_id(input.user_id)
    ended = await info.context.services.sessions.revoke_all(info.context.viewer, known)
    owner = await info.context.loaders.users.load(known)
    if owner is None:
        raise NotFound("The user was just deleted.")
    return SessionPayload(user=owner, session=None, revoked_count=ended)


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.USERS_WRITE, recent_sign_in=ALWAYS)
async def create_api_token(info: Info, input: CreateApiTokenInput) -> ApiTokenPayload:
    """Create an API token.

    Args:
        input: the token to create.
    """
    made = await info.context.services.tokens.create(
        info.context.viewer,
        checks.optional_user_id(input.user_id),
        input.name,
        scopes=input.scopes,
        expires_at=input.expires_at,
    )
    return ApiTokenPayload(api_token=made.token, secret=made.secret)


@strawberry.mutation
@needs(
    Role.ADMINISTRATOR,
    Scope.USERS_WRITE,
    role_when="for the token of another user",
    recent_sign_in="for the token of another user",
)
async def revoke_api_token(info: Info, input: RevokeApiTokenInput) -> ApiTokenPayload:
    """Revoke an API token and the tokens it created.

    Args:
        input: the token.
    """
    info.context.viewer.must_be_signed_in()
    known = checks.id_or_none(input.token_id)
    if known is None:
        raise NotFound(f"There is no token {input.token_id[:50]}.")
    revoked = await info.context.services.tokens.revoke(info.context.viewer, known)
    return ApiTokenPayload(api_token=revoked, secret=None)


queries = [viewer, sessions, api_tokens]
mutations = [revoke_session, revoke_all_sessions, create_api_token, revoke_api_token]
