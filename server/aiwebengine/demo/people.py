"""Generates demo users."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

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
    """One demo user."""

    id: UUID
    email: str
    name: str
    created_at: datetime
    provider: str
    roles: tuple[str, ...]

    @property
    def last_signed_in_at(self) -> datetime | None:
        """None for administrators, so that the first sign-in link goes to a real one."""
        return None if "Administrator" in self.roles else self.created_at


def people(first: int, end: int) -> Iterator[Person]:
    """Generate the users numbered *first* to *end* - 1."""
    # The same users every time, so that measurements can be repeated.
    chance = random.Random(first)  # noqa: S311 - no secret  # nosec B311
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
