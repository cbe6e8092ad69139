"""The age of the newest good backup."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from aiwebengine.backups.service import Backups
from aiwebengine.backups.storage import StorageFailed


def newest_backup(backups: Backups) -> Callable[[], Awaitable[datetime | None]]:
    """Return a function for the creation time of the newest good local backup."""

    async def look() -> datetime | None:
        newest = await backups.newest()
        return None if newest is None else newest.created_at

    return look


def backup_age(backups: Backups) -> Callable[[], Awaitable[float | None]]:
    """Return a function for the age of that backup, in seconds."""

    async def look() -> float | None:
        try:
            created_at = await newest_backup(backups)()
        except StorageFailed:
            # A health check reports this; the other metrics stay available.
            return None
        return None if created_at is None else (datetime.now(UTC) - created_at).total_seconds()

    return look
