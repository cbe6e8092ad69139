"""When the newest good backup was made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from aiwebengine.backups.service import Backups
from aiwebengine.backups.storage import StorageFailed


def newest_backup(backups: Backups) -> Callable[[], Awaitable[datetime | None]]:
    """When the newest good backup on this machine was made; None before the first."""

    async def look() -> datetime | None:
        newest = await backups.newest()
        return None if newest is None else newest.created_at

    return look


def backup_age(backups: Backups) -> Callable[[], Awaitable[float | None]]:
    """The seconds since then."""

    async def look() -> float | None:
        try:
            made = await newest_backup(backups)()
        except StorageFailed:
            # A health check says so; the other metrics are there all the same.
            return None
        return None if made is None else (datetime.now(UTC) - made).total_seconds()

    return look
