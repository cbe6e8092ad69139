"""Changes of users and their roles, and every rule about who may hold which role."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.core import addresses
from aiwebengine.core.caching import Cache
from aiwebengine.core.errors import Conflict, Forbidden, NotFound
from aiwebengine.core.identity import GRANTABLE_ROLES, ActorKind, Role, Scope, Viewer, engine
from aiwebengine.core.recent_sign_in import SensitiveAction
from aiwebengine.database import Database
from aiwebengine.sessions.service import Sessions
from aiwebengine.users import address_store, change_store, checks, store
from aiwebengine.users.reading import UserReads
from aiwebengine.users.types import User, UserStatus


class LastAdministrator(Conflict):
    """The change would leave no active administrator."""


class Unverified(Conflict):
    """The user has signed in, but no provider verified that the address is theirs."""


class Outdated(Conflict):
    """Another change was made to the user since the caller read it."""


@dataclass(frozen=True)
class Change:
    """A user after an operation, and whether the operation changed anything."""

    user: User
    changed: bool


class Users(UserReads):
    """Users, their roles and their status."""

    def __init__(self, db: Database, audit: AuditTrail, sessions: Sessions, cache: Cache) -> None:
        super().__init__(db, cache)
        self._audit = audit
        self._sessions = sessions

    async def grant_role(
        self,
        viewer: Viewer,
        user_id: UUID,
        role: Role,
        *,
        expires_at: datetime | None = None,
        reason: str | None = None,
        expected_version: int | None = None,
        confirm_unverified: bool = False,
    ) -> Change:
        """Grant a role, for good or until *expires_at*.

        Granting it again changes nothing and records no event; another end replaces the end.
        *confirm_unverified* grants it although no provider verified the address.
        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, Outdated, LastAdministrator,
        Unverified, ReauthenticationRequired for the role Administrator.
        """
        viewer.must_be(Role.ADMINISTRATOR, Scope.USERS_WRITE)
        checks.grantable(role)
        checks.end(expires_at)
        if role is Role.ADMINISTRATOR:
            viewer.must_have_signed_in_recently(SensitiveAction.GRANT_ADMINISTRATOR)
        reason = checks.reason(reason)
        async with self._changing(viewer, user_id, expected_version, role) as (user, standing):
            if standing.has_ended_roles:
                await self._remove_ended_roles(user)
            held = standing.held
            if held is not None and held.expires_at == expires_at:
                return Change(user, changed=False)
            confirmed = _must_be_verified(user, role, confirm_unverified)
            if held is not None and expires_at is not None:
                await self._must_leave_an_administrator(user, role, held)
            user = await change_store.put_role(
                self._db, user_id, role, viewer.label, reason, expires_at, confirmed
            )
            await self._audit.record(
                viewer,
                AuditAction.ROLE_GRANTED,
                _target(user),
                before=None if held is None else _grant(role, held.expires_at),
                after=_grant(role, expires_at)
                | ({"confirmedUnverified": True} if confirmed else {}),
                reason=reason,
            )
            return Change(user, changed=True)

    async def revoke_role(
        self,
        viewer: Viewer,
        user_id: UUID,
        role: Role,
        *,
        reason: str | None = None,
        expected_version: int | None = None,
    ) -> Change:
        """Revoke a role. Revoking one that is not held changes nothing and records no event.

        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, Outdated, LastAdministrator,
        ReauthenticationRequired for the role Administrator of another user.
        """
        viewer.must_be(Role.ADMINISTRATOR, Scope.USERS_WRITE)
        checks.grantable(role)
        if role is Role.ADMINISTRATOR and user_id != viewer.id:
            viewer.must_have_signed_in_recently(SensitiveAction.REVOKE_ADMINISTRATOR)
        reason = checks.reason(reason)
        async with self._changing(viewer, user_id, expected_version, role) as (user, standing):
            held = standing.held
            if held is None:
                return Change(user, changed=False)
            await self._must_leave_an_administrator(user, role, held)
            user = await change_store.remove_role(self._db, user_id, role)
            await self._audit.record(
                viewer,
                AuditAction.ROLE_REVOKED,
                _target(user),
                before=_grant(role, held.expires_at),
                reason=reason,
            )
            return Change(user, changed=True)

    async def invite(
        self, viewer: Viewer, email: str, name: str = "", roles: Sequence[Role] = ()
    ) -> Change:
        """Create a user who becomes active at the first sign-in with this address.

        Raises Unauthenticated, Forbidden, BadUserInput, Conflict when the address is taken,
        ReauthenticationRequired for an invitation with roles.
        """
        viewer.must_be(Role.ADMINISTRATOR, Scope.USERS_WRITE)
        address, name = checks.email(email), checks.name(name)
        for role in roles:
            checks.grantable(role)
        if roles:
            viewer.must_have_signed_in_recently(SensitiveAction.INVITE_WITH_ROLE)
        async with self._db.transaction():
            await self._must_act_as_administrator(viewer)
            await address_store.lock(self._db, address.key)
            user_id = None
            if await address_store.owner(self._db, address) is None:
                user_id = await address_store.add_user(
                    self._db, address, name, UserStatus.INVITED, None
                )
            if user_id is None:
                raise Conflict(f"There is already a user with the address {address.text}.")
            await self._audit.record(
                viewer, AuditAction.USER_INVITED, Target("user", user_id, address.text)
            )
            for role in GRANTABLE_ROLES:
                if role in roles:
                    await self.grant_role(viewer, user_id, role)
            return Change(await self._existing(user_id), changed=True)

    async def suspend(
        self,
        viewer: Viewer,
        user_id: UUID,
        *,
        reason: str | None = None,
        expected_version: int | None = None,
    ) -> Change:
        """Suspend a user at once: sessions end, tokens are revoked, roles stop counting.

        Tokens are revoked for good and a reinstated user creates new ones, because a leaked secret
        may be the reason for the suspension.
        Raises Unauthenticated, Forbidden, NotFound, BadUserInput, Outdated, LastAdministrator,
        ReauthenticationRequired.
        """
        viewer.must_be(Role.ADMINISTRATOR, Scope.USERS_WRITE)
        viewer.must_have_signed_in_recently(SensitiveAction.SUSPEND_USER)
        reason = checks.reason(reason)
        async with self._changing(viewer, user_id, expected_version) as (user, standing):
            if user.status is UserStatus.SUSPENDED:
                return Change(user, changed=False)
            await self._must_leave_an_administrator(user, Role.ADMINISTRATOR, standing.held)
            await change_store.set_status(self._db, user_id, UserStatus.SUSPENDED)
            await self._sessions.end_all(user_id)
            await self._sessions.revoke_tokens(viewer, _target(user), "The user was suspended.")
            return await self._changed_status(viewer, user, AuditAction.USER_SUSPENDED, reason)

    async def reinstate(
        self, viewer: Viewer, user_id: UUID, *, expected_version: int | None = None
    ) -> Change:
        """Reinstate a suspended user, with the roles held before and without API tokens.

        Raises Unauthenticated, Forbidden, NotFound, Outdated, ReauthenticationRequired.
        """
        viewer.must_be(Role.ADMINISTRATOR, Scope.USERS_WRITE)
        viewer.must_have_signed_in_recently(SensitiveAction.REINSTATE_USER)
        async with self._changing(viewer, user_id, expected_version) as (user, _):
            if user.status is not UserStatus.SUSPENDED:
                return Change(user, changed=False)
            back = UserStatus.ACTIVE if user.last_signed_in_at else UserStatus.INVITED
            await change_store.set_status(self._db, user_id, back)
            return await self._changed_status(viewer, user, AuditAction.USER_REINSTATED, None)

    async def delete(
        self, viewer: Viewer, user_id: UUID, *, expected_version: int | None = None
    ) -> Change:
        """Delete a user for good and return the deleted user; the audit trail stays.

        Raises Unauthenticated, Forbidden, NotFound, Outdated, LastAdministrator,
        ReauthenticationRequired.
        """
        viewer.must_be(Role.ADMINISTRATOR, Scope.USERS_WRITE)
        viewer.must_have_signed_in_recently(SensitiveAction.DELETE_USER)
        async with self._changing(viewer, user_id, expected_version) as (user, standing):
            await self._must_leave_an_administrator(user, Role.ADMINISTRATOR, standing.held)
            if user.email_verified or Role.ADMINISTRATOR in user.roles:
                await self._never_appoint_again(user)
            await store.remove(self._db, user_id)
            await self._audit.record(
                viewer,
                AuditAction.USER_DELETED,
                _target(user),
                before={"roles": [role.value for role in user.roles], "status": user.status.value},
            )
            return Change(user, changed=True)

    async def end_expired_grants(self) -> int:
        """Remove expired roles, which no longer count, with an audit event each; their number."""
        ended = 0
        while (user_id := await change_store.next_ended_holder(self._db)) is not None:
            async with self._db.transaction():
                await change_store.lock(self._db, user_id)
                user = await store.find(self._db, user_id)
                if user is not None:
                    ended += await self._remove_ended_roles(user)
        return ended

    async def signed_in(self, user_id: UUID) -> User:
        """Record a sign-in; an invited user becomes active.

        Raises NotFound, Forbidden when the user is suspended.
        """
        async with self._db.transaction():
            await change_store.lock(self._db, user_id)
            user = await self._existing(user_id)
            if user.status is UserStatus.SUSPENDED:
                raise Forbidden("This account is suspended.")
            await store.mark_signed_in(self._db, user_id)
            if user.status is UserStatus.INVITED:
                # The audit event of a sign-in leaves the cached totals; they change here.
                await self._audit.announce(AuditAction.USER_REINSTATED)
            return await self._existing(user_id)

    async def revoke_unconfirmed_roles(self, viewer: Viewer, user: User) -> None:
        """Revoke the roles that were granted before the address was verified and not confirmed.

        Part of the sign-in in which the owner verifies the address. The last administrator's role
        is revoked as well: it was granted to another person. The command line can grant it again.
        """
        for role, expires_at in await change_store.remove_unconfirmed_roles(self._db, user.key):
            await self._audit.record(
                Viewer(ActorKind.SYSTEM, "address verification", viewer.origin),
                AuditAction.ROLE_REVOKED,
                _target(user),
                before=_grant(role, expires_at),
                reason="It was granted before the address was verified.",
            )
        await change_store.touch(self._db, user.key)

    async def _never_appoint_again(self, user: User) -> None:
        """Keep auth.bootstrap_admins from making a deleted user an administrator again."""
        key = addresses.key_of(user.email)
        if key is not None:
            await address_store.note_appointment(self._db, key)

    @asynccontextmanager
    async def _changing(
        self,
        viewer: Viewer,
        user_id: UUID,
        expected_version: int | None,
        role: Role = Role.ADMINISTRATOR,
    ) -> AsyncIterator[tuple[User, change_store.Standing]]:
        """Lock the user for a change that may concern *role*.

        The viewer's own role is read again under the lock: two administrators who remove each
        other at the same time must not both succeed.
        """
        viewer.must_be(Role.ADMINISTRATOR, Scope.USERS_WRITE)
        async with self._db.transaction():
            if role is Role.ADMINISTRATOR:
                await change_store.lock_administrators(self._db)
            await change_store.lock_with_actor(self._db, user_id, viewer.id)
            standing = await change_store.standing(self._db, user_id, viewer.id, role)
            _must_still_be_administrator(viewer, standing)
            user = standing.user
            if user is None:
                raise NotFound(f"There is no user {user_id}.")
            if expected_version not in (None, user.version):
                raise Outdated(
                    f"This user was changed in the meantime: expected version {expected_version},"
                    f" found {user.version}.",
                    version=user.version,
                )
            yield user, standing

    async def _existing(self, user_id: UUID) -> User:
        user = await store.find(self._db, user_id)
        if user is None:
            raise NotFound(f"There is no user {user_id}.")
        return user

    async def _must_act_as_administrator(self, viewer: Viewer) -> None:
        if viewer.id is not None:
            may = await change_store.standing(self._db, viewer.id, viewer.id, Role.ADMINISTRATOR)
            _must_still_be_administrator(viewer, may)

    async def _must_leave_an_administrator(
        self, user: User, role: Role, held: change_store.Held | None
    ) -> None:
        """Raise LastAdministrator. A grant that expires does not replace a permanent one."""
        if role is not Role.ADMINISTRATOR or Role.ADMINISTRATOR not in user.roles:
            return
        if user.status is not UserStatus.ACTIVE:
            return
        others, lasting = await change_store.other_administrators(self._db, user.key)
        is_lasting = held is not None and held.expires_at is None
        if others == 0 or (is_lasting and lasting == 0):
            raise LastAdministrator(
                f"{user.email} is the last active administrator"
                f"{' whose role does not expire' if others else ''}."
                " Make another user an administrator first."
            )

    async def _remove_ended_roles(self, user: User) -> int:
        ended = await change_store.remove_ended_roles(self._db, user.key)
        for role, at in ended:
            await self._audit.record(
                engine(), AuditAction.ROLE_EXPIRED, _target(user), before=_grant(role, at)
            )
        if ended:
            await change_store.touch(self._db, user.key)
        return len(ended)

    async def _changed_status(
        self, viewer: Viewer, before: User, action: AuditAction, reason: str | None
    ) -> Change:
        user = await change_store.touch(self._db, before.key)
        await self._audit.record(
            viewer,
            action,
            _target(user),
            before={"status": before.status.value},
            after={"status": user.status.value},
            reason=reason,
        )
        return Change(user, changed=True)


def _must_still_be_administrator(viewer: Viewer, standing: change_store.Standing) -> None:
    if viewer.is_trusted:
        return
    if standing.actor_status is not UserStatus.ACTIVE:
        raise Forbidden("Your account may no longer do this.")
    if not standing.actor_is_administrator:
        raise Forbidden(f"This needs the role {Role.ADMINISTRATOR.value}.")


def _must_be_verified(user: User, role: Role, confirmed: bool) -> bool:
    """Raise Unverified for an unverified address; return whether the caller *confirmed* it.

    Users who were invited or use a sign-in link have no identity: only a verified address or the
    operator of the machine lets them sign in.
    """
    if user.email_verified or not user.providers:
        return False
    if not confirmed:
        raise Unverified(
            f"{user.email} is not verified: no sign-in provider confirmed that the address belongs"
            f" to this user. To grant {role.value} anyway, check who it is and confirm it:"
            " confirmUnverified: true, or --confirm-unverified on the command line."
        )
    return True


def _target(user: User) -> Target:
    return Target("user", user.key, user.email)


def _grant(role: Role, expires_at: datetime | None) -> dict[str, object]:
    """A grant as the audit event shows it."""
    shown: dict[str, object] = {"role": role.value}
    if expires_at is not None:
        shown["expiresAt"] = expires_at.astimezone(UTC).isoformat()
    return shown
