"""Detects and records changes of the configuration."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic_core import to_jsonable_python

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Details, Target
from aiwebengine.config_history import store
from aiwebengine.core.config import Config
from aiwebengine.core.identity import engine
from aiwebengine.database import Database
from aiwebengine.signing_keys.service import KeyRing, SigningKeys
from aiwebengine.signing_keys.types import SETTINGS

# These settings differ between instances that share a database, so they are not compared.
_OWN = {
    "server.host",
    "server.port",
    "repository.data_dir",
    "repository.database_url",
    "logging.file",
}


class ConfigHistory:
    """Records changes of the configuration in the audit trail.

    Operators edit files and environment variables, so a change is only visible at the next start.
    """

    def __init__(self, db: Database, audit: AuditTrail, keys: SigningKeys) -> None:
        self._db = db
        self._audit = audit
        self._keys = keys

    async def note_changes(self, config: Config) -> None:
        """Record an audit event for each setting that differs from the last start.

        At the first start settings are compared with their defaults. Raises Unavailable.
        """
        ring = KeyRing(self._db, SETTINGS)
        await ring.refresh()
        values = _flat(config)
        async with self._db.transaction():
            await store.lock(self._db)
            known = await store.in_force(self._db)
            before = known or {
                name: _stored(value, ring) for name, value in _flat(Config()).items()
            }
            for name in sorted(values.keys() | before.keys()):
                then = before.get(name)
                now = _stored(values[name], ring) if name in values else None
                is_change = name not in values or not _is_same(then, values[name], ring)
                if is_change:
                    await self._audit.record(
                        engine(),
                        AuditAction.SETTING_CHANGED,
                        Target("setting", None, name),
                        before=_audit_details(then),
                        after=_audit_details(now),
                    )
                if now is not None and now != known.get(name):
                    await store.put(self._db, name, now, is_change=is_change)
            await store.remove(self._db, sorted(known.keys() - values.keys()))
            # All digests were made with the newest key now, so the older keys can expire.
            await self._keys.retire_before(SETTINGS, ring.signing[0])

    async def secrets(self) -> list[tuple[str, datetime]]:
        """The configured secrets: path, and since when it has its value. Oldest first."""
        return await store.secrets(self._db)


def _flat(section: BaseModel, above: str = "") -> dict[str, Any]:
    """All settings below *section* by path, such as `auth.providers.google.client_id`.

    Settings without a value, and those of one instance only, are left out.
    """
    flat: dict[str, Any] = {}
    for name, value in section:
        path = f"{above}{name}"
        inner = value if isinstance(value, dict) else {"": value}
        for part, each in inner.items():
            place = f"{path}.{part}" if part else path
            if isinstance(each, BaseModel):
                flat |= _flat(each, f"{place}.")
            elif each is not None and place not in _OWN:
                flat[place] = each
    return flat


def _stored(value: Any, ring: KeyRing) -> Any:
    """The value as it is stored: in an object, so that it is never an SQL null.

    Of a secret, only a digest with the signing key is stored.
    """
    if isinstance(value, SecretStr):
        number, key = ring.signing
        return {"secret": _digest(value, key), "key": number}
    return {"value": to_jsonable_python(value)}


def _is_same(stored: Any, value: Any, ring: KeyRing) -> bool:
    """Whether *stored* represents *value*; its digest may have been made with an older key."""
    if stored is None or not isinstance(value, SecretStr) or "secret" not in stored:
        return bool(stored == _stored(value, ring))
    if stored["secret"] is None or not value.get_secret_value():
        return stored["secret"] is None and not value.get_secret_value()
    # A digest without the number of its key was made with the first key.
    key = ring.secret(stored.get("key", 1))
    # If the key is gone the digest can't be checked: assume no change rather than record a false
    # one.
    return key is None or stored["secret"] == _digest(value, key)


def _digest(value: SecretStr, key: bytes) -> str | None:
    text = value.get_secret_value()
    if not text:
        return None
    # A slow hash, so that a reader of the table can't find short secrets by brute force.
    return hashlib.scrypt(text.encode(), salt=key, n=2**14, r=8, p=1, dklen=16).hex()


def _audit_details(stored: dict[str, Any] | None) -> Details | None:
    """The value for an audit event, without secrets."""
    if stored is None:
        return None
    if "secret" in stored:
        return {"value": "(not set)" if stored["secret"] is None else "(secret)"}
    return stored
