"""Keys that all instances share, so that what one signed another can check.

Sessions and API tokens need none: they are random, and only their hashes are stored. So whoever is
signed in stays signed in whatever becomes of the keys.
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
# Every instance looks this often, and a new key is told this long before it signs: nobody is ever
# shown a signature by a key that it has not heard of.
LOOK_EVERY_SECS = 3.0
NOTICE_SECS = 10.0


class KeyRing:
    """The keys of one purpose as this process knows them. `refresh` before the first use."""

    def __init__(self, db: Database, purpose: Purpose) -> None:
        self._db = db
        self._purpose = purpose
        self._secrets: dict[int, bytes] = {}
        self._signing = 0

    async def refresh(self) -> None:
        """Read the keys anew; the first is made by whoever asks first. Raises Unavailable."""
        found, signing = await store.valid(self._db, self._purpose.name)
        if not found:
            await store.add_first(self._db, self._purpose.name, secrets.token_bytes(SECRET_BYTES))
            found, signing = await store.valid(self._db, self._purpose.name)
        self._secrets, self._signing = found, signing

    @property
    def signing(self) -> tuple[int, bytes]:
        """The number and the secret of the key that signs now."""
        return self._signing, self._secrets[self._signing]

    def secret(self, number: int) -> bytes | None:
        """The secret of this key; None when it is unknown or has ended."""
        return self._secrets.get(number)


class Keys:
    """Makes new keys and lets old ones end."""

    def __init__(
        self, db: Database, audit: AuditTrail, *, notice_secs: float = NOTICE_SECS
    ) -> None:
        self._db = db
        self._audit = audit
        self._notice_secs = notice_secs

    async def list(self, viewer: Viewer) -> list[SigningKey]:
        """Every key, newest first for each purpose. Raises Unauthenticated, Forbidden."""
        viewer.must_be(Role.ADMINISTRATOR)
        return await store.all_keys(self._db)

    async def rotate(self, viewer: Viewer, purpose: str | None) -> Sequence[SigningKey]:
        """Make a new key for a purpose, or for each; old ones go on to verify for their time.

        Each call makes new keys. Raises Unauthenticated, Forbidden, NotFound,
        ReauthenticationRequired.
        """
        viewer.must_be(Role.ADMINISTRATOR, Scope.OPS_WRITE)
        viewer.must_have_signed_in_recently(SensitiveAction.ROTATE_KEYS)
        if purpose is not None and purpose not in PURPOSES:
            raise NotFound(
                f"There are no keys for {purpose[:50]!r}; there are: {', '.join(PURPOSES)}."
            )
        made: dict[str, int] = {}
        async with self._db.transaction():
            for name in PURPOSES if purpose is None else [purpose]:
                made[name] = await self._rotate(viewer, PURPOSES[name])
            await store.remove_ended(self._db)
        return [
            key for key in await store.all_keys(self._db) if made.get(key.purpose) == key.number
        ]

    async def has_replaced(self, purpose: Purpose, number: int) -> None:
        """Hear from a purpose's user that nothing of the keys before *number* is left."""
        await store.end_older(self._db, purpose.name, number, 0)

    async def remove_ended(self) -> int:
        """Forget keys that verify nothing any more; how many. Any instance may do this."""
        return await store.remove_ended(self._db)

    async def oldest_signing(self) -> datetime | None:
        """When the oldest key that still signs was made; for evidence."""
        return await store.oldest_signing(self._db)

    async def _rotate(self, viewer: Viewer, purpose: Purpose) -> int:
        await store.add_first(self._db, purpose.name, secrets.token_bytes(SECRET_BYTES))
        await store.lock(self._db, purpose.name)
        number = await store.add_next(
            self._db, purpose.name, secrets.token_bytes(SECRET_BYTES), self._notice_secs
        )
        if purpose.grace_secs is not None:
            await store.end_older(
                self._db, purpose.name, number, self._notice_secs + purpose.grace_secs
            )
        await self._audit.record(
            viewer,
            AuditAction.SECRET_ROTATED,
            Target("signing key", None, purpose.name),
            before={"number": number - 1},
            after={"number": number},
        )
        return number
