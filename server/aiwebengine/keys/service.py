"""Keys that all instances share, so that what one signed another can check."""

from __future__ import annotations

import secrets

from aiwebengine.database import Database


async def signing_key(db: Database, purpose: str) -> bytes:
    """The key for one purpose, made by whoever asks first."""
    await db.execute(
        """
        insert into signing_keys (purpose, secret)
        values (:purpose, :secret)
        on conflict (purpose) do nothing
        """,
        purpose=purpose,
        secret=secrets.token_bytes(32),
    )
    return bytes(
        await db.value("select secret from signing_keys where purpose = :purpose", purpose=purpose)
    )
