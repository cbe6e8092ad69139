"""Every SQL statement about addresses, what proved them, and identities."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from aiwebengine.core.addresses import Address, key_of
from aiwebengine.core.identity import Profile
from aiwebengine.database import Database
from aiwebengine.users.types import Identity, UserStatus


@dataclass(frozen=True)
class Owned:
    """The address of a user: its key, and whether a provider proved it."""

    key: str
    is_verified: bool


@dataclass(frozen=True)
class KnownIdentity:
    """An identity that has signed in before: whose it is, and whether it proved the address."""

    user_id: UUID
    has_proved: bool


async def lock(db: Database, key: str) -> None:
    """Lock the address until the transaction ends."""
    await db.all(
        "select pg_advisory_xact_lock(hashtext('aiwebengine.address'), hashtext(:key))", key=key
    )


async def owner(db: Database, address: Address) -> UUID | None:
    """The user with this address, or None."""
    found: UUID | None = await db.value(
        "select user_id from user_addresses where email_key = :key", key=address.key
    )
    if found is not None:
        return found
    return await _owner_without_key(db, address)


async def _owner_without_key(db: Database, address: Address) -> UUID | None:
    """The user with this address that has no key yet, or None.

    The migration writes keys for ASCII addresses only, and an engine of the previous version, which
    may still run, writes none.
    """
    spellings = [address.text, unicodedata.normalize("NFD", address.text)]
    rows = await db.all(
        """
        select u.id, u.email
        from users u
        where lower(u.email) in (lower(:composed), lower(:decomposed))
          and not exists (select from user_addresses a where a.user_id = u.id)
        order by u.created_at, u.id
        """,
        composed=spellings[0],
        decomposed=spellings[1],
    )
    for row in rows:
        if key_of(row["email"]) == address.key:
            return await _give_key(db, row["id"], address.key)
    return None


async def _give_key(db: Database, user_id: UUID, key: str) -> UUID | None:
    given: UUID | None = await db.value(
        """
        insert into user_addresses (email_key, user_id) values (:key, :user_id)
        on conflict do nothing
        returning user_id
        """,
        key=key,
        user_id=user_id,
    )
    return given


async def find_by_spelling(db: Database, email: str) -> UUID | None:
    """The user whose address is stored in exactly this spelling, or None.

    The address may no longer be accepted, or its key may belong to another user.
    """
    found: UUID | None = await db.value(
        "select id from users where lower(email) = lower(:email) and email = :email", email=email
    )
    return found


async def add_user(
    db: Database, address: Address, name: str, status: UserStatus, verified_by: str | None
) -> UUID | None:
    """Create a user with an address without an owner, while `lock` holds it; return the id.

    None when another spelling is taken that `owner` does not find: that of a user whose address
    would no longer be accepted.
    """
    made: UUID | None = await db.value(
        """
        with made as (
          insert into users (email, name, status)
          values (:email, :name, :status)
          on conflict (lower(email)) do nothing
          returning id
        )
        insert into user_addresses (email_key, user_id, email_verified_at, email_verified_by)
        select :key, id, case when cast(:verified_by as text) is not null then now() end,
          :verified_by
        from made
        returning user_id
        """,
        email=address.text,
        key=address.key,
        name=name,
        status=status.value,
        verified_by=verified_by,
    )
    return made


async def owned(db: Database, user_id: UUID) -> Owned | None:
    """The user's address; None when it is no longer accepted or belongs to another user."""
    row = await db.one(
        """
        select u.email, a.email_key, a.email_verified_at is not null as is_verified
        from users u left join user_addresses a on a.user_id = u.id
        where u.id = :user_id
        """,
        user_id=user_id,
    )
    if row is None:
        return None
    if row["email_key"] is not None:
        return Owned(row["email_key"], row["is_verified"])
    key = key_of(row["email"])
    if key is None or await _give_key(db, user_id, key) is None:
        return None
    return Owned(key, False)


async def mark_verified(db: Database, user_id: UUID, provider: str) -> None:
    """Mark the user's address as verified by a provider; an earlier mark stays."""
    await db.execute(
        """
        update user_addresses set email_verified_at = now(), email_verified_by = :provider
        where user_id = :user_id and email_verified_at is null
        """,
        user_id=user_id,
        provider=provider,
    )


async def known_identity(db: Database, provider: str, subject: str) -> KnownIdentity | None:
    """The identity with this id at the provider, or None."""
    row = await db.one(
        """
        select user_id, address_proved_at is not null as has_proved
        from identities where provider = :provider and subject = :subject
        """,
        provider=provider,
        subject=subject,
    )
    return None if row is None else KnownIdentity(row["user_id"], row["has_proved"])


async def identities_of(db: Database, user_ids: Sequence[UUID]) -> dict[UUID, list[Identity]]:
    """The identities of each user."""
    rows = await db.all(
        """
        select i.user_id, i.provider, i.subject, i.email, i.email_verified, i.created_at,
          i.last_used_at
        from identities i
        where i.user_id = any(:user_ids)
        order by i.created_at, i.provider
        """,
        user_ids=list(user_ids),
    )
    identities: dict[UUID, list[Identity]] = {user_id: [] for user_id in user_ids}
    for row in rows:
        values = dict(row)
        identities[values.pop("user_id")].append(Identity(**values))
    return identities


async def put_identity(db: Database, user_id: UUID, profile: Profile, *, has_proved: bool) -> None:
    """Store the user's identity at a provider, and whether it has ever verified the address."""
    await db.execute(
        """
        insert into identities as i (
          provider, subject, user_id, email, email_verified, last_used_at, address_proved_at
        )
        values (
          :provider, :subject, :user_id, :email, :email_verified, now(),
          case when :has_proved then now() end
        )
        on conflict (provider, subject) do update
        set email = excluded.email, email_verified = excluded.email_verified, last_used_at = now(),
          address_proved_at = coalesce(i.address_proved_at, excluded.address_proved_at)
        """,
        provider=profile.provider,
        subject=profile.subject,
        user_id=user_id,
        email=profile.email,
        email_verified=profile.email_verified,
        has_proved=has_proved,
    )


async def remove_unproved_identities(
    db: Database, user_id: UUID, but: tuple[str, str] | None
) -> list[Identity]:
    """Remove and return the user's identities that never verified the address.

    *but* is the provider and subject of one to keep.
    """
    provider, subject = but or ("", "")
    rows = await db.all(
        """
        delete from identities
        where user_id = :user_id and address_proved_at is null
          and (provider, subject) <> (:provider, :subject)
        returning provider, subject, email, email_verified, created_at, last_used_at
        """,
        user_id=user_id,
        provider=provider,
        subject=subject,
    )
    return [Identity(**row) for row in rows]


async def count_identities(db: Database, user_id: UUID) -> int:
    """Number of identities of the user."""
    number: int = await db.value(
        "select count(*) from identities where user_id = :user_id", user_id=user_id
    )
    return number


async def note_appointment(db: Database, key: str) -> bool:
    """Record that this address was made administrator; return whether it was the first time."""
    noted = await db.value(
        """
        insert into bootstrap_appointments (email_key) values (:key)
        on conflict do nothing
        returning email_key
        """,
        key=key,
    )
    return noted is not None
