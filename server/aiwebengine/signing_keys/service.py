"""Signing keys shared by all instances, so that each can verify the signatures of the others.

Sessions and API tokens are random and stored as hashes, so a key rotation signs nobody out.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.core.errors import NotFound
from aiwebengine.core.identity import Role, Scope, Viewer
from aiwebengine.core.recent_sign_in import SensitiveAction
from aiwebengine.database import Database
from aiwebengine.signing_keys import store
from aiwebengine.signing_keys.types import PURPOSES, Purpose, SigningKey

SECRET_BYTES = 32
# Instances reload the keys every REFRESH_SECS. A new key signs only after ACTIVATION_SECS, so that
# every instance has loaded it before it sees a signature of that key.
REFRESH_SECS = 3.0
ACTIVATION_SECS = 10.0


class KeyRing:
    """The keys of one purpose, cached in this process. Call `refresh` before the first use."""

    def __init__(self, db: Database, purpose: Purpose) -> None:
        self._db = db
        self._purpose = purpose
        self._secrets: dict[int, bytes] = {}
        self._signing = 0

    async def refresh(self, *, begins: bool = True) -> None:
        """Reload the keys; create the first key if there is none, unless *begins* is false.

        Raises Unavailable.
        """
        found, signing = await store.valid(self._db, self._purpose.name)
        if not found and begins:
            await store.add_first(self._db, self._purpose.name, secrets.token_bytes(SECRET_BYTES))
            found, signing = await store.valid(self._db, self._purpose.name)
        self._secrets, self._signing = found, signing

    @property
    def signing(self) -> tuple[int, bytes]:
        """The number and the secret of the active signing key."""
        return self._signing, self._secrets[self._signing]

    @property
    def numbers(self) -> set[int]:
        """The numbers of all keys that are not expired."""
        return set(self._secrets)

    def secret(self, number: int) -> bytes | None:
        """The secret of key *number*; None if it is unknown or expired."""
        return self._secrets.get(number)


class SigningKeys:
    """Lists, rotates and expires signing keys."""

    def __init__(
        self, db: Database, audit: AuditTrail, *, activation_secs: float = ACTIVATION_SECS
    ) -> None:
        self._db = db
        self._audit = audit
        self._activation_secs = activation_secs

    async def list(self, viewer: Viewer) -> list[SigningKey]:
        """List all keys by purpose, newest first. Raises Unauthenticated, Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await store.all_keys(self._db)

    async def rotate(self, viewer: Viewer, purpose: str | None) -> Sequence[SigningKey]:
        """Create a new key for *purpose*, or for every purpose. Old keys verify until they expire.

        Each call creates new keys. Raises Unauthenticated, Forbidden, NotFound,
        ReauthenticationRequired.
        """
        viewer.must_be(Role.ADMINISTRATOR, Scope.OPS_WRITE)
        viewer.must_have_signed_in_recently(SensitiveAction.ROTATE_KEYS)
        if purpose is not None and purpose not in PURPOSES:
            raise NotFound(
                f"There is no purpose {purpose[:50]!r}. Purposes: {', '.join(PURPOSES)}."
            )
        created: dict[str, int] = {}
        async with self._db.transaction():
            for name in PURPOSES if purpose is None else [purpose]:
                created[name] = await self._rotate(viewer, PURPOSES[name])
            await store.remove_ended(self._db)
        return [
            key for key in await store.all_keys(self._db) if created.get(key.purpose) == key.number
        ]

    async def hold(self, purpose: Purpose, number: int) -> bool:
        """Keep the key from expiring until the transaction ends; False if it has expired."""
        return await store.hold(self._db, purpose.name, number)

    async def lock(self, purpose: Purpose) -> None:
        """Wait for transactions that hold a key of *purpose*; those that begin later wait."""
        await store.lock(self._db, purpose.name)

    async def retire_before(self, purpose: Purpose, number: int) -> None:
        """Expire the keys before *number*, because no signature of theirs is in use."""
        await store.end_older(self._db, purpose.name, number, 0)

    async def remove_ended(self) -> int:
        """Delete expired keys; return how many. Any instance may do this."""
        return await store.remove_ended(self._db)

    async def oldest_signing(self) -> datetime | None:
        """When the oldest active signing key was created; None before the first."""
        return await store.oldest_signing(self._db)

    async def _rotate(self, viewer: Viewer, purpose: Purpose) -> int:
        await store.add_first(self._db, purpose.name, secrets.token_bytes(SECRET_BYTES))
        await store.lock(self._db, purpose.name)
        number = await store.add_next(
            self._db, purpose.name, secrets.token_bytes(SECRET_BYTES), self._activation_secs
        )
        if purpose.grace_secs is not None:
            await store.end_older(
                self._db, purpose.name, number, self._activation_secs + purpose.grace_secs
            )
        await self._audit.record(
            viewer,
            AuditAction.SECRET_ROTATED,
            Target("signing key", None, purpose.name),
            before={"number": number - 1},
            after={"number": number},
        )
        return number
