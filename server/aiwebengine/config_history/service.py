"""The verbs of this room."""

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

# Each instance has its own of these, or none could be compared without the same database.
_OWN = {
    "server.host",
    "server.port",
    "repository.data_dir",
    "repository.database_url",
    "logging.file",
}


class ConfigHistory:
    """Records what an operator changed in the configuration, which no door of ours sees."""

    def __init__(self, db: Database, audit: AuditTrail, keys: SigningKeys) -> None:
        self._db = db
        self._audit = audit
        self._keys = keys

    async def note_changes(self, config: Config) -> None:
        """Record each setting that differs from the last start; at the first, from its default.

        Raises Unavailable.
        """
        ring = KeyRing(self._db, SETTINGS)
        await ring.refresh()
        values = _flat(config)
        async with self._db.transaction():
            await store.lock(self._db)
            known = await store.in_force(self._db)
            before = known or {name: _kept(value, ring) for name, value in _flat(Config()).items()}
            for name in sorted(values.keys() | before.keys()):
                then = before.get(name)
                now = _kept(values[name], ring) if name in values else None
                is_change = name not in values or not _is_same(then, values[name], ring)
                if is_change:
                    await self._audit.record(
                        engine(),
                        AuditAction.SETTING_CHANGED,
                        Target("setting", None, name),
                        before=_told(then),
                        after=_told(now),
                    )
                if now is not None and now != known.get(name):
                    await store.put(self._db, name, now, is_change=is_change)
            await store.remove(self._db, sorted(known.keys() - values.keys()))
            # Every digest is one of the newest key now; the older ones have nothing left to check.
            await self._keys.retire_before(SETTINGS, ring.signing[0])

    async def secrets(self) -> list[tuple[str, datetime]]:
        """Each secret of the configuration that is set, and since when it is what it is.

        The oldest first; for evidence.
        """
        return await store.secrets(self._db)


def _flat(section: BaseModel, above: str = "") -> dict[str, Any]:
    """Every setting below *section* under its path, such as `auth.providers.google.client_id`.

    What is not set is left out.
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


def _kept(value: Any, ring: KeyRing) -> Any:
    """The value as it is stored: wrapped, so that none is a null of the table's."""
    if isinstance(value, SecretStr):
        number, key = ring.signing
        return {"secret": _digest(value, key), "key": number}
    return {"value": to_jsonable_python(value)}


def _is_same(kept: Any, value: Any, ring: KeyRing) -> bool:
    """Whether *kept* was made of *value*, perhaps with an older key."""
    if kept is None or not isinstance(value, SecretStr) or "secret" not in kept:
        return bool(kept == _kept(value, ring))
    if kept["secret"] is None or not value.get_secret_value():
        return kept["secret"] is None and not value.get_secret_value()
    # Digests from before keys had numbers were made with the first.
    key = ring.secret(kept.get("key", 1))
    # Without its key nobody can tell; a change that nobody made must not be recorded.
    return key is None or kept["secret"] == _digest(value, key)


def _digest(value: SecretStr, key: bytes) -> str | None:
    text = value.get_secret_value()
    if not text:
        return None
    # Slow on purpose: who reads the table must not find short secrets by trying.
    return hashlib.scrypt(text.encode(), salt=key, n=2**14, r=8, p=1, dklen=16).hex()


def _told(kept: dict[str, Any] | None) -> Details | None:
    if kept is None:
        return None
    if "secret" in kept:
        return {"value": "(not set)" if kept["secret"] is None else "(secret)"}
    return kept
