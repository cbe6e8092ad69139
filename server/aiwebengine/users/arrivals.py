"""Who comes in by a provider: which user that is, and whether a new one is made."""

from __future__ import annotations

from uuid import UUID

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.database import Database
from aiwebengine.errors import BadUserInput, Forbidden
from aiwebengine.users import checks, store
from aiwebengine.users.service import Users
from aiwebengine.users.types import Admission, Profile, Role, User, UserStatus
from aiwebengine.viewer import ActorKind, Viewer


class Arrivals:
    """Finds or makes the user behind a provider's word."""

    def __init__(self, db: Database, audit: AuditTrail, users: Users, admission: Admission) -> None:
        self._db = db
        self._audit = audit
        self._users = users
        self._admission = admission

    async def welcome(self, viewer: Viewer, profile: Profile) -> User:
        """The user who has signed in with this profile, made or linked if need be.

        *viewer* is the stranger who asks. Raises Forbidden with a sentence for the person:
        suspended, not invited, address not verified.
        """
        async with self._db.transaction():
            # One at a time for an address: two sign-ins at once must not make two users.
            await store.lock_address(self._db, (profile.email or profile.subject).lower())
            user_id = await store.user_of_identity(self._db, profile.provider, profile.subject)
            if user_id is None:
                user_id = await self._newcomer(viewer, profile)
            before = await store.find(self._db, user_id)
            user = await self._users.signed_in(user_id)
            name = await store.refresh_profile(self._db, user_id, profile)
            if before is not None and before.name != name:
                await self._audit.record(
                    viewer,
                    AuditAction.USER_RENAMED,
                    Target("user", user_id, user.email),
                    before={"name": before.name},
                    after={"name": name},
                )
            if before is not None and before.last_signed_in_at is None:
                await self._appoint(viewer, user, profile)
            return user

    async def _newcomer(self, viewer: Viewer, profile: Profile) -> UUID:
        email = _address(profile)
        there = await store.find_by_email(self._db, email)
        if there is None:
            self._must_be_admitted(email)
            user_id = await store.add(self._db, email, _name(profile), UserStatus.ACTIVE)
            assert user_id is not None  # noqa: S101 - nobody else may add it while we hold the lock
            await self._record(viewer, AuditAction.USER_CREATED, user_id, email, profile)
        else:
            await self._must_be_provably(there, profile)
            user_id = there.key
            await self._record(viewer, AuditAction.IDENTITY_LINKED, user_id, email, profile)
        await store.add_identity(self._db, user_id, profile)
        return user_id

    def _must_be_admitted(self, email: str) -> None:
        if not self._admission.allow_sign_up:
            raise Forbidden("Sign-up is closed here. Ask an administrator for an invitation.")
        domain = email.rpartition("@")[2].lower()
        if self._admission.allowed_domains and domain not in self._admission.allowed_domains:
            raise Forbidden(f"Addresses at {domain} can't sign up here.")

    async def _must_be_provably(self, there: User, profile: Profile) -> None:
        """Refuse to hand a user to somebody who only claims its address.

        Nor is a proven address linked to a user who never proved it: that would hand the account
        of whoever claimed the address first a share in the owner's.
        """
        if not profile.email_verified:
            raise Forbidden(
                f"There is a user with this address already, and {profile.provider} does not say"
                " that the address is yours. Sign in the way you did before."
            )
        identities = (await store.identities_of(self._db, [there.key]))[there.key]
        if identities and not any(one.email_verified for one in identities):
            raise Forbidden(
                "Somebody uses this address without having proved that it is theirs."
                " Ask an administrator to remove that user."
            )

    async def _appoint(self, viewer: Viewer, user: User, profile: Profile) -> None:
        """Make administrators of those whom the configuration names."""
        if profile.email_verified and user.email.lower() in self._admission.bootstrap_admins:
            appointed_by = Viewer(ActorKind.SYSTEM, "bootstrap_admins", viewer.origin)
            await self._users.grant_role(appointed_by, user.key, Role.ADMINISTRATOR)

    async def _record(
        self, viewer: Viewer, action: AuditAction, user_id: UUID, email: str, profile: Profile
    ) -> None:
        said = {"provider": profile.provider, "emailVerified": profile.email_verified}
        await self._audit.record(viewer, action, Target("user", user_id, email), after=said)


def _address(profile: Profile) -> str:
    if not profile.email:
        raise Forbidden(
            f"{profile.provider} did not tell your e-mail address, which is needed here."
            " Allow it there and try again."
        )
    try:
        return checks.email(profile.email)
    except BadUserInput:
        raise Forbidden(f"{profile.provider} told an address that is none.") from None


def _name(profile: Profile) -> str:
    return profile.name.strip()[: checks.LONGEST_NAME]
