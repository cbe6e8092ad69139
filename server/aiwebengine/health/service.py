"""The verbs of this room."""

from __future__ import annotations

import asyncio

from aiwebengine.database import Database
from aiwebengine.errors import Unavailable
from aiwebengine.health import store

# Whoever asks /health (a load balancer, a container engine) gives up after a few seconds: a
# frozen database must be told of before that.
HEALTH_TIMEOUT_SECS = 1.5


class Health:
    """Whether all is well."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def trouble(self) -> str | None:
        """What keeps the engine from working, in words; None when it is well."""
        try:
            async with asyncio.timeout(HEALTH_TIMEOUT_SECS):
                await store.answers(self._db)
        except TimeoutError:
            return f"no answer within {HEALTH_TIMEOUT_SECS} s"
        except Unavailable as error:
            return error.message
        return None
