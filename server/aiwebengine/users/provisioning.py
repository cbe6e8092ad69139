"""Provisioning: find or create the user of a sign-in, and hand claimed accounts to their owner.

An address belongs to the person who verifies it (`proof.proves`). A person who only claims an
address may have an account as long as no one verifies the address. When the owner verifies it, the
account becomes the owner's, and the identities, sessions and tokens of the other person end.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.core.addresses import Address, NotAnAddress, key_of, parse
from aiwebengine.core.errors import Forbidden
from aiwebengine.core.identity import ActorKind, Profile, Role, Viewer
from aiwebengine.database import Database
from aiwebengine.sessions.service import Sessions
from aiwebengine.users import address_store, change_store, checks, store
from aiwebengine.users.address_store import KnownIdentity, Owned
from aiwebengine.users.proof import Vouching, proves
from aiwebengine.users.service import Users
from aiwebengine.users.types import Admission, User, UserStatus

_NOBODY = Vouching()


class Provisioning:
    """Finds or creates the user of a provider's profile.

    *vouching* maps a provider's name to the trust in the addresses that it verifies.
    """

    def __init__(
        self,
        db: Database,
        audit: AuditTrail,
        users: Users,
        sessions: Sessions,
        admission: Admission,
        vouching: Mapping[str, Vouching],
    ) -> None:
        self._db = db
        self._audit = audit
        self._users = users
        self._sessions = sessions
        self._admission = admission
        self._vouching = vouching

    async def provision(self, viewer: Viewer, profile: Profile) -> User:
        """The user who signed in with this profile, created or linked if necessary.

        *viewer* is the caller before the sign-in. Raises Forbidden with a message for the person:
        suspended, not invited, or address not verified.
        """
        proof = proves(profile, self._vouching.get(profile.provider, _NOBODY))
        async with self._db.transaction():
            # Two sign-ins with one address at the same time must not create two users.
            await address_store.lock(self._db, _lock_key(profile))
            known = await self._lock_identity(profile)
            if known is None:
                user_id, is_first_proof = await self._first_sign_in(viewer, profile, proof)
            else:
                user_id = known.user_id
                is_first_proof = await self._repeated_sign_in(viewer, profile, proof, known)
            user = await self._users.signed_in(user_id)
            if proof is not None and is_first_proof:
                await self._appoint(viewer, user, proof)
            return user

    async def provision_first_administrator(self, viewer: Viewer, email: str) -> UUID:
        """The user with this address as an administrator, created if necessary.

        Only for the link in the start banner, which proves that its user runs this machine: an
        account that only claimed the address becomes theirs.
        """
        address = checks.email(email)
        async with self._db.transaction():
            await address_store.lock(self._db, address.key)
            await change_store.lock_administrators(self._db)
            user_id = await self._lock_owner(address)
            if user_id is None:
                user_id = await self._add(address, "", None)
                await self._audit.record(
                    viewer, AuditAction.USER_CREATED, Target("user", user_id, address.text)
                )
            elif not (await self._owned(user_id)).is_verified:
                user = await self._existing(user_id)
                if await self._drop_claimants(viewer, user):
                    await self._users.revoke_unconfirmed_roles(viewer, user)
                    await store.refresh_profile(self._db, user_id, "", None, replace=True)
            await address_store.note_appointment(self._db, address.key)
            await self._users.grant_role(viewer, user_id, Role.ADMINISTRATOR)
            return user_id

    async def _lock_identity(self, profile: Profile) -> KnownIdentity | None:
        """The identity, with its user locked."""
        known = await address_store.known_identity(self._db, profile.provider, profile.subject)
        if known is None:
            return None
        if not known.has_proved:
            # Roles may change; this lock is always taken before that of the user.
            await change_store.lock_administrators(self._db)
        await change_store.lock(self._db, known.user_id)
        # Read again: the owner of the address may have removed it while this waited for the lock.
        return await address_store.known_identity(self._db, profile.provider, profile.subject)

    async def _lock_owner(self, address: Address) -> UUID | None:
        """The user with this address, locked."""
        user_id = await address_store.owner(self._db, address)
        if user_id is None:
            return None
        await change_store.lock(self._db, user_id)
        return await address_store.owner(self._db, address)

    async def _first_sign_in(
        self, viewer: Viewer, profile: Profile, proof: Address | None
    ) -> tuple[UUID, bool]:
        """The user for a new identity, and whether it is the first to verify the address."""
        address = _address(profile)
        await change_store.lock_administrators(self._db)
        user_id = await self._lock_owner(address)
        if user_id is None:
            self._must_be_admitted(profile, address, proof)
            verified_by = None if proof is None else profile.provider
            user_id = await self._add(address, checks.provider_name(profile.name), verified_by)
            await self._record(viewer, AuditAction.USER_CREATED, user_id, address, profile, proof)
            await address_store.put_identity(
                self._db, user_id, profile, has_proved=proof is not None
            )
            await store.refresh_profile(self._db, user_id, "", profile.picture_url, replace=False)
            return user_id, proof is not None
        if proof is None:
            raise Forbidden(
                f"A user with this address already exists, and {profile.provider} does not confirm"
                " that the address is yours. Sign in with the provider you used before."
            )
        is_first_proof = not (await self._owned(user_id)).is_verified
        dropped = await self._confirm_owner(viewer, user_id, profile)
        await self._record(viewer, AuditAction.IDENTITY_LINKED, user_id, address, profile, proof)
        await address_store.put_identity(self._db, user_id, profile, has_proved=True)
        await self._show(viewer, user_id, profile, replace=is_first_proof and dropped)
        return user_id, is_first_proof

    async def _repeated_sign_in(
        self, viewer: Viewer, profile: Profile, proof: Address | None, known: KnownIdentity
    ) -> bool:
        """Check a known identity; return whether it verifies the address for the first time."""
        user_id = known.user_id
        owned = await address_store.owned(self._db, user_id)
        is_proof = proof is not None and owned is not None and proof.key == owned.key
        if owned is not None and owned.is_verified and not (known.has_proved or is_proof):
            raise Forbidden(
                "The owner of this account's address has verified it, and"
                f" {profile.provider} does not confirm that the address is yours."
            )
        is_first_proof = is_proof and owned is not None and not owned.is_verified
        if is_proof:
            await self._confirm_owner(viewer, user_id, profile)
        may_be_shown = known.has_proved or is_proof
        if not may_be_shown:
            may_be_shown = await address_store.count_identities(self._db, user_id) == 1
        await address_store.put_identity(self._db, user_id, profile, has_proved=is_proof)
        if may_be_shown:
            await self._show(viewer, user_id, profile, replace=False)
        return is_first_proof

    def _must_be_admitted(self, profile: Profile, address: Address, proof: Address | None) -> None:
        if not self._admission.allow_sign_up:
            raise Forbidden("Sign-up is closed here. Ask an administrator for an invitation.")
        if not self._admission.allowed_domains:
            return
        if address.domain not in self._admission.allowed_domains:
            raise Forbidden(f"Addresses at {address.domain} can't sign up here.")
        if proof is None:
            raise Forbidden(
                "Only verified addresses can sign up here, and"
                f" {profile.provider} does not confirm that {address.text} is yours."
            )

    async def _add(self, address: Address, name: str, verified_by: str | None) -> UUID:
        user_id = await address_store.add_user(
            self._db, address, name, UserStatus.ACTIVE, verified_by
        )
        if user_id is None:
            raise Forbidden(
                f"A user has an address that looks like {address.text} and is no longer accepted."
                " Ask an administrator to delete that user."
            )
        return user_id

    async def _confirm_owner(self, viewer: Viewer, user_id: UUID, profile: Profile) -> bool:
        """Make the user the owner of the address; return whether others had claimed it."""
        owned, user = await self._owned(user_id), await self._existing(user_id)
        dropped = await self._drop_claimants(viewer, user, (profile.provider, profile.subject))
        if owned.is_verified:
            # The roles, name and picture are newer than the first verification.
            return dropped
        await address_store.mark_verified(self._db, user_id, profile.provider)
        if dropped:
            await self._users.revoke_unconfirmed_roles(viewer, user)
        if user.providers:
            await self._audit.record(
                viewer,
                AuditAction.ADDRESS_VERIFIED,
                Target("user", user_id, user.email),
                after={"provider": profile.provider},
            )
        return dropped

    async def _drop_claimants(
        self, viewer: Viewer, user: User, but: tuple[str, str] | None = None
    ) -> bool:
        """Remove identities that never verified the address, except *but*; return whether any.

        Sessions and tokens do not record their identity, so all of them end.
        """
        removed = await address_store.remove_unproved_identities(self._db, user.key, but)
        if not removed:
            return False
        target = Target("user", user.key, user.email)
        reason = "It never verified the address, which its owner has now verified."
        sessions = await self._sessions.end_all(user.key)
        tokens = await self._sessions.revoke_tokens(viewer, target, reason)
        for identity in removed:
            await self._audit.record(
                viewer,
                AuditAction.IDENTITY_REMOVED,
                target,
                before={
                    "provider": identity.provider,
                    "subject": identity.subject,
                    "email": identity.email,
                },
                after={"sessionsEnded": sessions, "tokensRevoked": tokens},
                reason=reason,
            )
        return True

    async def _show(
        self, viewer: Viewer, user_id: UUID, profile: Profile, *, replace: bool
    ) -> None:
        """Store the provider's name and picture; *replace* removes the previous ones."""
        before = await self._existing(user_id)
        name = await store.refresh_profile(
            self._db,
            user_id,
            checks.provider_name(profile.name),
            profile.picture_url,
            replace=replace,
        )
        if before.name != name:
            await self._audit.record(
                viewer,
                AuditAction.USER_RENAMED,
                Target("user", user_id, before.email),
                before={"name": before.name},
                after={"name": name},
            )

    async def _appoint(self, viewer: Viewer, user: User, proof: Address) -> None:
        """Make a user of auth.bootstrap_admins an administrator, once for each address."""
        if proof.key not in self._admission.bootstrap_admins:
            return
        if await address_store.note_appointment(self._db, proof.key):
            appointed_by = Viewer(ActorKind.SYSTEM, "bootstrap_admins", viewer.origin)
            await self._users.grant_role(appointed_by, user.key, Role.ADMINISTRATOR)

    async def _owned(self, user_id: UUID) -> Owned:
        owned = await address_store.owned(self._db, user_id)
        assert owned is not None  # noqa: S101 - it was found by its address
        return owned

    async def _existing(self, user_id: UUID) -> User:
        user = await store.find(self._db, user_id)
        assert user is not None  # noqa: S101 - it is held
        return user

    async def _record(
        self,
        viewer: Viewer,
        action: AuditAction,
        user_id: UUID,
        address: Address,
        profile: Profile,
        proof: Address | None,
    ) -> None:
        said = {"provider": profile.provider, "emailVerified": proof is not None}
        await self._audit.record(viewer, action, Target("user", user_id, address.text), after=said)


def _lock_key(profile: Profile) -> str:
    return (key_of(profile.email) if profile.email else None) or profile.subject


def _address(profile: Profile) -> Address:
    if not profile.email:
        raise Forbidden(
            f"{profile.provider} did not send your e-mail address, which is required."
            " Allow it there and try again."
        )
    try:
        return parse(profile.email)
    except NotAnAddress as error:
        raise Forbidden(
            f"{profile.provider} sent an address that is not accepted: {error}."
        ) from None
