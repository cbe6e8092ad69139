"""Fills a development database with demo users."""

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
    """Adds demo users to a database without real users."""

    def __init__(self, db: Database, audit: AuditTrail) -> None:
        self._db = db
        self._audit = audit

    async def fill(self, number: int, report: Callable[[int], None]) -> tuple[int, int]:
        """Add demo users until there are *number*; return how many were added, and the total.

        Calls *report* with the number added so far after each batch. Raises Conflict if the
        database has real or invited users other than administrators who use sign-in links.
        """
        real = await store.real_users(self._db, DOMAIN)
        if real:
            engine = "APP_SERVER__PORT=3001 APP_REPOSITORY__DATA_DIR=demo-data aiwebengine"
            raise Conflict(
                f"This database has {count(real, 'real user')}, so `demo` does not change it."
                f" Use a second engine instead: {engine} demo --users {number} && {engine} serve"
            )
        existing = await store.demo_users(self._db, DOMAIN)
        new = people(existing, number)
        added = 0
        async with store.bulk(self._db, number - existing):
            while batch := list(islice(new, BATCH)):
                await store.add(self._db, batch)
                added += len(batch)
                report(added)
            if added:
                # There is no audit event per demo user, and engines cache totals until one is
                # announced.
                await self._audit.announce(AuditAction.USER_CREATED)
        await store.analyze(self._db)
        return added, existing + added
