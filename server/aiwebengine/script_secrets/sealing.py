"""Encrypts secrets with AES-256-GCM, bound to their script, visitor, name and hosts.

A row that is moved to another script, or whose hosts are changed in the database, can't be
decrypted.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from uuid import UUID

from aiwebengine.database import Database
from aiwebengine.script_secrets.types import Opened, Sealed, SecretUnreadable
from aiwebengine.signing_keys.service import KeyRing
from aiwebengine.signing_keys.types import SCRIPT_SECRETS

_NONCE_BYTES = 12


class Sealing:
    """Encrypts with the active key, decrypts with every key that is left."""

    def __init__(self, db: Database) -> None:
        self._ring = KeyRing(db, SCRIPT_SECRETS)

    async def refresh(self, *, begins: bool = True) -> int:
        """Read the keys; the number of the one to encrypt with.

        Without any, one is created, or with *begins* false 0 returned. Raises Unavailable.
        """
        await self._ring.refresh(begins=begins)
        return self._ring.signing[0] if self._ring.numbers else 0

    @property
    def readable(self) -> set[int]:
        """The numbers of the keys that this process knows."""
        return self._ring.numbers

    def seal(
        self, script_id: UUID, user_id: UUID | None, name: str, hosts: Sequence[str], value: str
    ) -> tuple[int, bytes]:
        """The number of the key and the ciphertext. Call `refresh` before."""
        # Imported here because it takes 9 MB in every worker, and many scripts have no secret.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        number, key = self._ring.signing
        nonce = os.urandom(_NONCE_BYTES)
        bound = _bound(script_id, user_id, name, hosts)
        return number, nonce + AESGCM(key).encrypt(nonce, value.encode(), bound)

    async def open(self, sealed: Sealed) -> Opened:
        """The secret. Raises SecretUnreadable, Unavailable."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._ring.secret(sealed.key_number)
        if key is None:
            # It is newer than what this process knows, or gone.
            await self._ring.refresh(begins=False)
            key = self._ring.secret(sealed.key_number)
        if key is None:
            raise SecretUnreadable(
                f"The secret {sealed.name} can't be decrypted: the key {sealed.key_number} of"
                f" {SCRIPT_SECRETS.name} is missing. Restore the keys, or set the secret again."
            )
        nonce, content = sealed.ciphertext[:_NONCE_BYTES], sealed.ciphertext[_NONCE_BYTES:]
        bound = _bound(sealed.script_id, sealed.user_id, sealed.name, sealed.hosts)
        try:
            value = AESGCM(key).decrypt(nonce, content, bound)
        except (InvalidTag, ValueError):
            raise SecretUnreadable(
                f"The secret {sealed.name} can't be decrypted: it was encrypted with another key"
                f" than the key {sealed.key_number} of {SCRIPT_SECRETS.name}, or its row was"
                " changed. Restore the keys, or set the secret again."
            ) from None
        return Opened(sealed.name, value.decode(), sealed.hosts)


def _bound(script_id: UUID, user_id: UUID | None, name: str, hosts: Sequence[str]) -> bytes:
    user = None if user_id is None else str(user_id)
    return json.dumps([str(script_id), user, name, list(hosts)]).encode()
