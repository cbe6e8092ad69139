"""GraphQL operations on users and roles."""

from collections.abc import AsyncIterator
from datetime import datetime

import strawberry

from aiwebengine.audit.types import AuditAction
from aiwebengine.core.identity import Role, Scope
from aiwebengine.core.rights import ALWAYS, needs
from aiwebengine.graphql.connection import Connection, connect, page_size
from aiwebengine.graphql.context import Info
from aiwebengine.graphql.selection import selected
from aiwebengine.users import checks
from aiwebengine.users.paging import LIST, binding, key, key_of
from aiwebengine.users.service import Change
from aiwebengine.users.types import (
    RoleInfo,
    Shown,
    User,
    UserChange,
    UserChangeKind,
    UserFilter,
    UserOrder,
    UserStatus,
)


@strawberry.input
class GrantRoleInput:
    """Role to grant to a user.

    Attributes:
        user_id: the user.
        role: EDITOR or ADMINISTRATOR.
        expires_at: when the role expires; omit for a permanent grant.
        reason: reason for the audit trail; at most 500 characters.
        expected_version: the user's `version` as last read; CONFLICT when it has changed.
        confirm_unverified: true to grant the role although the user's address is not verified
          (`emailVerified`); CONFLICT otherwise.
    """

    user_id: strawberry.ID
    role: Role
    expires_at: datetime | None = None
    reason: str | None = None
    expected_version: int | None = None
    confirm_unverified: bool = False


@strawberry.input
class RevokeRoleInput:
    """Role to revoke from a user.

    Attributes:
        user_id: the user.
        role: EDITOR or ADMINISTRATOR.
        reason: reason for the audit trail; at most 500 characters.
        expected_version: the user's `version` as last read; CONFLICT when it has changed.
    """

    user_id: strawberry.ID
    role: Role
    reason: str | None = None
    expected_version: int | None = None


@strawberry.input
class InviteUserInput:
    """User to invite.

    Attributes:
        email: the address that the user will sign in with.
        name: the display name until a provider sends another one.
        roles: roles of the user from the first sign-in on.
    """

    email: str
    name: str | None = None
    roles: list[Role] | None = None


@strawberry.input
class SuspendUserInput:
    """User to suspend.

    Attributes:
        user_id: the user.
        reason: reason for the audit trail; at most 500 characters.
        expected_version: the user's `version` as last read; CONFLICT when it has changed.
    """

    user_id: strawberry.ID
    reason: str | None = None
    expected_version: int | None = None


@strawberry.input
class ReinstateUserInput:
    """User to reinstate.

    Attributes:
        user_id: the user.
        expected_version: the user's `version` as last read; CONFLICT when it has changed.
    """

    user_id: strawberry.ID
    expected_version: int | None = None


@strawberry.input
class DeleteUserInput:
    """User to delete.

    Attributes:
        user_id: the user.
        expected_version: the user's `version` as last read; CONFLICT when it has changed.
    """

    user_id: strawberry.ID
    expected_version: int | None = None


@strawberry.type
class RoleChange:
    """Result of granting or revoking a role.

    Attributes:
        user: the user as it is now.
        role: the requested role.
        changed: false when the user already had the role, or did not have it.
    """

    user: User
    role: Role
    changed: bool


@strawberry.type
class UserPayload:
    """Result of a change to a user.

    Attributes:
        user: the user after the change; a deleted user before it.
        changed: false when nothing had to be changed.
    """

    user: User
    changed: bool


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def user(info: Info, id: strawberry.ID) -> User | None:
    """One user; null when no user has this id.

    Args:
        id: the user's id.
    """
    info.context.viewer.must_be(Role.ADMINISTRATOR)
    known = checks.id_or_none(id)
    if known is None:
        return None
    return await info.context.services.users.find(info.context.viewer, known)


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def users(
    info: Info,
    first: int = 50,
    after: str | None = None,
    search: str | None = None,
    role: Role | None = None,
    provider: str | None = None,
    status: UserStatus | None = None,
    order_by: UserOrder | None = None,
) -> Connection[User]:
    """Users, newest first by default.

    Args:
        first: maximum number of items, 1 to 200.
        after: the `endCursor` of the previous page.
        search: text in the name or address, case-insensitive.
        role: only holders of this role.
        provider: only users who have signed in with this provider.
        status: only users with this status.
        order_by: sort order.
    """
    viewer, service = info.context.viewer, info.context.services.users
    viewer.must_be(Role.ADMINISTRATOR)
    first, order = page_size(first), order_by or UserOrder()
    wanted = UserFilter(checks.search(search), role, provider, status)
    bound, cursors = binding(wanted, order), info.context.cursors
    looked_at = selected(info, "User", "Identity")
    shown = Shown(frozenset(looked_at["User"]), frozenset(looked_at["Identity"]))
    found = await service.page(
        viewer, wanted, order, key_of(cursors.decode(LIST, bound, after)), first, shown
    )
    return connect(
        found,
        first,
        after=after,
        cursor=lambda user: cursors.encode(LIST, bound, key(user)),
        count=lambda: service.count(viewer, wanted),
    )


@strawberry.field
@needs(Role.ADMINISTRATOR)
async def roles(info: Info) -> list[RoleInfo]:
    """Every role with its number of holders."""
    return await info.context.services.users.roles(info.context.viewer)


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.USERS_WRITE, recent_sign_in="for the role ADMINISTRATOR")
async def grant_role(info: Info, input: GrantRoleInput) -> RoleChange:
    """Grant a role to a user.

    Args:
        input: the user and the role.
    """
    done = await info.context.services.users.grant_role(
        info.context.viewer,
        checks.user_id(input.user_id),
        input.role,
        expires_at=input.expires_at,
        reason=input.reason,
        expected_version=input.expected_version,
        confirm_unverified=input.confirm_unverified,
    )
    return RoleChange(user=done.user, role=input.role, changed=done.changed)


@strawberry.mutation
@needs(
    Role.ADMINISTRATOR,
    Scope.USERS_WRITE,
    recent_sign_in="for the role ADMINISTRATOR of another user",
)
async def revoke_role(info: Info, input: RevokeRoleInput) -> RoleChange:
    """Revoke a role from a user.

    Args:
        input: the user and the role.
    """
    done = await info.context.services.users.revoke_role(
        info.context.viewer,
        checks.user_id(input.user_id),
        input.role,
        reason=input.reason,
        expected_version=input.expected_version,
    )
    return RoleChange(user=done.user, role=input.role, changed=done.changed)


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.USERS_WRITE, recent_sign_in="to invite with a role")
async def invite_user(info: Info, input: InviteUserInput) -> UserPayload:
    """Invite a user, who becomes active at the first sign-in.

    Args:
        input: the user to invite.
    """
    return _payload(
        await info.context.services.users.invite(
            info.context.viewer, input.email, input.name or "", input.roles or ()
        )
    )


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.USERS_WRITE, recent_sign_in=ALWAYS)
async def suspend_user(info: Info, input: SuspendUserInput) -> UserPayload:
    """Suspend a user: end all sessions, revoke all API tokens for good, and disable all roles.

    Args:
        input: the user to suspend.
    """
    return _payload(
        await info.context.services.users.suspend(
            info.context.viewer,
            checks.user_id(input.user_id),
            reason=input.reason,
            expected_version=input.expected_version,
        )
    )


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.USERS_WRITE, recent_sign_in=ALWAYS)
async def reinstate_user(info: Info, input: ReinstateUserInput) -> UserPayload:
    """Reinstate a suspended user, with the previous roles and without API tokens.

    Args:
        input: the user to reinstate.
    """
    return _payload(
        await info.context.services.users.reinstate(
            info.context.viewer,
            checks.user_id(input.user_id),
            expected_version=input.expected_version,
        )
    )


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.USERS_WRITE, recent_sign_in=ALWAYS)
async def delete_user(info: Info, input: DeleteUserInput) -> UserPayload:
    """Delete a user for good; the audit trail stays.

    Args:
        input: the user to delete.
    """
    return _payload(
        await info.context.services.users.delete(
            info.context.viewer,
            checks.user_id(input.user_id),
            expected_version=input.expected_version,
        )
    )


@strawberry.subscription
@needs(Role.ADMINISTRATOR)
async def user_changed(info: Info) -> AsyncIterator[UserChange]:
    """Every change to a user from now on."""
    async for event in info.context.services.following.events(info.context.viewer):
        kind = _KINDS.get(event.action)
        if kind is None or event.target_id is None:
            continue
        known = checks.user_id(event.target_id)
        # Not the request's loader, which returns what it read before.
        changed = await info.context.services.users.changed_by(str(event.id), known)
        yield UserChange(kind=kind, user_id=event.target_id, user=changed, event=event)


_KINDS = {
    AuditAction.USER_CREATED: UserChangeKind.CREATED,
    AuditAction.USER_INVITED: UserChangeKind.CREATED,
    AuditAction.ROLE_GRANTED: UserChangeKind.ROLES,
    AuditAction.ROLE_REVOKED: UserChangeKind.ROLES,
    AuditAction.ROLE_EXPIRED: UserChangeKind.ROLES,
    AuditAction.USER_SUSPENDED: UserChangeKind.STATUS,
    AuditAction.USER_REINSTATED: UserChangeKind.STATUS,
    AuditAction.USER_RENAMED: UserChangeKind.PROFILE,
    AuditAction.USER_DELETED: UserChangeKind.DELETED,
    AuditAction.IDENTITY_LINKED: UserChangeKind.ACCESS,
    AuditAction.IDENTITY_REMOVED: UserChangeKind.ACCESS,
    AuditAction.ADDRESS_VERIFIED: UserChangeKind.PROFILE,
    AuditAction.SIGNED_IN: UserChangeKind.ACCESS,
    AuditAction.SIGNED_OUT: UserChangeKind.ACCESS,
    AuditAction.SESSION_REVOKED: UserChangeKind.ACCESS,
    AuditAction.SESSIONS_REVOKED: UserChangeKind.ACCESS,
    AuditAction.TOKEN_CREATED: UserChangeKind.ACCESS,
    AuditAction.TOKEN_REVOKED: UserChangeKind.ACCESS,
}


def _payload(done: Change) -> UserPayload:
    return UserPayload(user=done.user, changed=done.changed)


queries = [user, users, roles]
mutations = [grant_role, revoke_role, invite_user, suspend_user, reinstate_user, delete_user]
subscriptions = [user_changed]
