"""Who comes in: which user that is, whether a new one is made, and who gives way to the owner.

An address belongs to whoever proves it (`addresses.proves`). Somebody who only claims one may have
an account while nobody else does, but keeps nobody out by it and shares it with nobody: when the
owner proves the address, the account is the owner's, and everything of the other ends.
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
    """Finds or makes the user behind a provider's word.

    *vouching* says, by the provider's name, what its word about addresses counts for.
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

    async def welcome(self, viewer: Viewer, profile: Profile) -> User:
        """The user who has signed in with this profile, made or linked if need be.

        *viewer* is the stranger who asks. Raises Forbidden with a sentence for the person:
        suspended, not invited, address not verified.
        """
        proof = proves(profile, self._vouching.get(profile.provider, _NOBODY))
        async with self._db.transaction():
            # One at a time for an address: two sign-ins at once must not make two users.
            await address_store.lock(self._db, _lock_key(profile))
            known = await self._held_identity(profile)
            if known is None:
                user_id, is_first_proof = await self._newcomer(viewer, profile, proof)
            else:
                user_id = known.user_id
                is_first_proof = await self._returning(viewer, profile, proof, known)
            user = await self._users.signed_in(user_id)
            if proof is not None and is_first_proof:
                await self._appoint(viewer, user, proof)
            return user

    async def welcome_first_administrator(self, viewer: Viewer, email: str) -> UUID:
        """The user with this address as an administrator, made if need be.

        Only for the start banner's link, which proves that its bearer runs this machine: somebody
        who signed up with the address and did not prove it gives way.
        """
        address = checks.email(email)
        async with self._db.transaction():
            await address_store.lock(self._db, address.key)
            await change_store.lock_administrators(self._db)
            user_id = await self._held_owner(address)
            if user_id is None:
                user_id = await self._add(address, "", None)
                await self._audit.record(
                    viewer, AuditAction.USER_CREATED, Target("user", user_id, address.text)
                )
            elif not (await self._owned(user_id)).is_verified:
                user = await self._existing(user_id)
                if await self._drop_claimants(viewer, user):
                    await self._users.take_back_unconfirmed_roles(viewer, user)
                    await store.refresh_profile(self._db, user_id, "", None, anew=True)
            await address_store.note_appointment(self._db, address.key)
            await self._users.grant_role(viewer, user_id, Role.ADMINISTRATOR)
            return user_id

    async def _held_identity(self, profile: Profile) -> KnownIdentity | None:
        """The identity, whose user is held from here on."""
        known = await address_store.known_identity(self._db, profile.provider, profile.subject)
        if known is None:
            return None
        if not known.has_proved:
            # Roles may be taken or given; as everywhere, held before the user.
            await change_store.lock_administrators(self._db)
        await change_store.lock(self._db, known.user_id)
        # Read again: the owner of the address may have ended it while we waited.
        return await address_store.known_identity(self._db, profile.provider, profile.subject)

    async def _held_owner(self, address: Address) -> UUID | None:
        """The user whose address this is, who is held from here on."""
        user_id = await address_store.owner(self._db, address)
        if user_id is None:
            return None
        await change_store.lock(self._db, user_id)
        return await address_store.owner(self._db, address)

    async def _newcomer(
        self, viewer: Viewer, profile: Profile, proof: Address | None
    ) -> tuple[UUID, bool]:
        """The user for an identity that is new here, and whether it is the first to prove."""
        address = _address(profile)
        await change_store.lock_administrators(self._db)
        user_id = await self._held_owner(address)
        if user_id is None:
            self._must_be_admitted(profile, address, proof)
            verified_by = None if proof is None else profile.provider
            user_id = await self._add(address, checks.told_name(profile.name), verified_by)
            await self._record(viewer, AuditAction.USER_CREATED, user_id, address, profile, proof)
            await address_store.put_identity(
                self._db, user_id, profile, has_proved=proof is not None
            )
            await store.refresh_profile(self._db, user_id, "", profile.picture_url, anew=False)
            return user_id, proof is not None
        if proof is None:
            raise Forbidden(
                f"There is a user with this address already, and {profile.provider} does not say"
                " that the address is yours. Sign in the way you did before."
            )
        is_first_proof = not (await self._owned(user_id)).is_verified
        dropped = await self._settle(viewer, user_id, profile)
        await self._record(viewer, AuditAction.IDENTITY_LINKED, user_id, address, profile, proof)
        await address_store.put_identity(self._db, user_id, profile, has_proved=True)
        await self._show(viewer, user_id, profile, anew=is_first_proof and dropped)
        return user_id, is_first_proof

    async def _returning(
        self, viewer: Viewer, profile: Profile, proof: Address | None, known: KnownIdentity
    ) -> bool:
        """Somebody who has signed in before; whether the address is proved by it at last."""
        user_id = known.user_id
        owned = await address_store.owned(self._db, user_id)
        is_proof = proof is not None and owned is not None and proof.key == owned.key
        if owned is not None and owned.is_verified and not (known.has_proved or is_proof):
            raise Forbidden(
                "The owner of this account's address has proved that it is theirs, and"
                f" {profile.provider} does not say that the address is yours."
            )
        is_first_proof = is_proof and owned is not None and not owned.is_verified
        if is_proof:
            await self._settle(viewer, user_id, profile)
        may_be_shown = known.has_proved or is_proof
        if not may_be_shown:
            may_be_shown = await address_store.count_identities(self._db, user_id) == 1
        await address_store.put_identity(self._db, user_id, profile, has_proved=is_proof)
        if may_be_shown:
            await self._show(viewer, user_id, profile, anew=False)
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
                f" {profile.provider} does not say that {address.text} is yours."
            )

    async def _add(self, address: Address, name: str, verified_by: str | None) -> UUID:
        user_id = await address_store.add_user(
            self._db, address, name, UserStatus.ACTIVE, verified_by
        )
        if user_id is None:
            raise Forbidden(
                f"There is a user whose address looks like {address.text}, which is not accepted"
                " any more. Ask an administrator to delete that user."
            )
        return user_id

    async def _settle(self, viewer: Viewer, user_id: UUID, profile: Profile) -> bool:
        """Whoever proves the address is its owner; whether others had claimed it."""
        owned, user = await self._owned(user_id), await self._existing(user_id)
        dropped = await self._drop_claimants(viewer, user, (profile.provider, profile.subject))
        if owned.is_verified:
            # The roles, and what is shown, came later than the first proof.
            return dropped
        await address_store.mark_verified(self._db, user_id, profile.provider)
        if dropped:
            await self._users.take_back_unconfirmed_roles(viewer, user)
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
        """End what never proved the user's address, but for this identity; whether anything was.

        Sessions and tokens do not say which identity they came by, so all of them end.
        """
        removed = await address_store.remove_unproved_identities(self._db, user.key, but)
        if not removed:
            return False
        target = Target("user", user.key, user.email)
        reason = "It never proved the address, which its owner has proved now."
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

    async def _show(self, viewer: Viewer, user_id: UUID, profile: Profile, *, anew: bool) -> None:
        """Keep the name and picture that the provider says; *anew* forgets those of before."""
        before = await self._existing(user_id)
        name = await store.refresh_profile(
            self._db, user_id, checks.told_name(profile.name), profile.picture_url, anew=anew
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
        """Make administrators of those whom the configuration names: once for each address."""
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
            f"{profile.provider} did not tell your e-mail address, which is needed here."
            " Allow it there and try again."
        )
    try:
        return parse(profile.email)
    except NotAnAddress as error:
        raise Forbidden(
            f"{profile.provider} gave an address that is not accepted: {error}."
        ) from None
