"""The verbs of this room."""

from __future__ import annotations

import hashlib
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic_core import to_jsonable_python

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Details, Target
from aiwebengine.config import Config
from aiwebengine.database import Database
from aiwebengine.keys.service import signing_key
from aiwebengine.settings import store
from aiwebengine.viewer import engine

# Each instance has its own of these, or none could be compared without the same database.
_OWN = {
    "server.host",
    "server.port",
    "repository.data_dir",
    "repository.database_url",
    "logging.file",
}


class Settings:
    """Records what an operator changed in the configuration, which no door of ours sees."""

    def __init__(self, db: Database, audit: AuditTrail) -> None:
        self._db = db
        self._audit = audit

    async def note_changes(self, config: Config) -> None:
        """Record each setting that differs from the last start; at the first, from its default.

        Raises Unavailable.
        """
        key = await signing_key(self._db, "settings")
        now = _flat(config, key)
        async with self._db.transaction():
            await store.lock(self._db)
            before = await store.in_force(self._db) or _flat(Config(), key)
            changed = sorted(
                name for name in now.keys() | before.keys() if now.get(name) != before.get(name)
            )
            for name in changed:
                await self._audit.record(
                    engine(),
                    AuditAction.SETTING_CHANGED,
                    Target("setting", None, name),
                    before=_told(before.get(name)),
                    after=_told(now.get(name)),
                )
            if changed or not await store.in_force(self._db):
                await store.replace(self._db, now)


def _flat(section: BaseModel, key: bytes, above: str = "") -> dict[str, Any]:
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
                flat |= _flat(each, key, f"{place}.")
            elif each is not None and place not in _OWN:
                flat[place] = _kept(each, key)
    return flat


def _kept(value: Any, key: bytes) -> Any:
    """The value as it is stored: wrapped, so that none is a null of the table's."""
    if isinstance(value, SecretStr):
        text = value.get_secret_value()
        # Slow on purpose: who reads the table must not find short secrets by trying.
        digest = hashlib.scrypt(text.encode(), salt=key, n=2**14, r=8, p=1, dklen=16)
        return {"secret": digest.hex() if text else None}
    return {"value": to_jsonable_python(value)}


def _told(kept: dict[str, Any] | None) -> Details | None:
    if kept is None:
        return None
    if "secret" in kept:
        return {"value": "(not set)" if kept["secret"] is None else "(secret)"}
    return kept
