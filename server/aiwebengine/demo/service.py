"""Fills a development database with made-up users."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction
from aiwebengine.core.errors import Conflict
from aiwebengine.core.formats import count
from aiwebengine.database import Database
from aiwebengine.demo import store
from aiwebengine.demo.people import DOMAIN, people

BATCH = 20_000


class Demo:
    """Made-up users for a database that holds nobody real."""

    def __init__(self, db: Database, audit: AuditTrail) -> None:
        self._db = db
        self._audit = audit

    async def fill(self, number: int, told: Callable[[int], None]) -> tuple[int, int]:
        """Add users until there are *number* made-up ones; how many were added, and are there.

        *told* hears the number added so far after each batch. Raises Conflict when the database
        has users who are not made up, invited ones included, apart from administrators who came in
        by a sign-in link.
        """
        real = await store.real_users(self._db, DOMAIN)
        if real:
            engine = "APP_SERVER__PORT=3001 APP_REPOSITORY__DATA_DIR=demo-data aiwebengine"
            raise Conflict(
                f"This database has {count(real, 'real user')}, so demo does not change it."
                f" Fill and start a second engine instead: {engine} demo --users {number}"
                f" && {engine} serve"
            )
        there = await store.made_up_users(self._db, DOMAIN)
        coming = people(there, number)
        added = 0
        async with store.bulk(self._db, number - there):
            while batch := list(islice(coming, BATCH)):
                await store.add(self._db, batch)
                added += len(batch)
                told(added)
            if added:
                # No event tells of them, and engines keep totals until they hear of a change.
                await self._audit.announce(AuditAction.USER_CREATED)
        await store.analyze(self._db)
        return added, there + added
