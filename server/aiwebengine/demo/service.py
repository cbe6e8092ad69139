"""Fills a development database with made-up users."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from uuid import UUID, uuid4

from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction
from aiwebengine.database import Database
from aiwebengine.demo import store
from aiwebengine.errors import Conflict

BATCH = 20_000
DOMAIN = "demo.example.com"
YEARS = 2
EDITOR_SHARE = 0.1
ADMINISTRATORS = 4

_GIVEN = (
    "Ada Alan Anita Barbara Bjarne Carol Dennis Donald Edith Edsger Evelyn Frances Grace Guido Hedy"
    " Ivan Jean Joan John Katherine Ken Leslie Linus Margaret Mary Niklaus Radia Sophie Yukihiro"
).split()
_FAMILY = (
    "Adeyemi Allen Berg Borg Chen Clarke Duarte Eriksen Fischer Garcia Hamilton Hopper Ito Jackson"
    " Kovac Lamarr Lind Lovelace Marino Nguyen Okafor Park Perlman Rossi Sato Silva Visser Wilson"
).split()
_PROVIDERS = ("google", "google", "google", "microsoft", "github", "apple")


@dataclass(frozen=True)
class Person:
    """One made-up user."""

    id: UUID
    email: str
    name: str
    created_at: datetime
    provider: str
    roles: tuple[str, ...]

    @property
    def last_signed_in_at(self) -> datetime | None:
        """Made-up administrators never did: the first sign-in link is for a real one."""
        return None if "Administrator" in self.roles else self.created_at


class Demo:
    """Made-up users for a database that holds nobody real."""

    def __init__(self, db: Database, audit: AuditTrail) -> None:
        self._db = db
        self._audit = audit

    async def fill(self, number: int, told: Callable[[int], None]) -> int:
        """Add users until there are *number* made-up ones; how many were added.

        *told* hears the number added so far after each batch. Raises Conflict when the database
        has users who are not made up, apart from administrators who came in by a sign-in link.
        """
        real = await store.real_users(self._db, DOMAIN)
        if real:
            raise Conflict(
                f"This database has {real} real users. Made-up ones belong into a database of"
                " their own: choose another with APP_REPOSITORY__DATA_DIR."
            )
        there = await store.made_up_users(self._db, DOMAIN)
        people = _people(there, number)
        added = 0
        async with store.bulk(self._db, number - there):
            while batch := list(islice(people, BATCH)):
                await store.add(self._db, batch)
                added += len(batch)
                told(added)
            if added:
                # No event tells of them, and engines keep totals until they hear of a change.
                await self._audit.announce(AuditAction.USER_CREATED)
        await store.analyze(self._db)
        return added


def _people(first: int, end: int) -> Iterator[Person]:
    # The same people every time, so that what was measured can be measured again.
    chance = random.Random(first)  # noqa: S311 - no secret
    now = datetime.now(UTC)
    for number in range(first, end):
        given, family = chance.choice(_GIVEN), chance.choice(_FAMILY)
        age = timedelta(days=365 * YEARS * chance.random())
        roles = ["Editor"] if chance.random() < EDITOR_SHARE else []
        if number < ADMINISTRATORS:
            roles.append("Administrator")
        yield Person(
            id=uuid4(),
            email=f"{given}.{family}.{number}@{DOMAIN}".lower(),
            name=f"{given} {family}",
            created_at=now - age,
            provider=chance.choice(_PROVIDERS),
            roles=tuple(roles),
        )
