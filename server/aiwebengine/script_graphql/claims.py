"""Names that a script takes on its host. A field belongs to one script; a type may be shared by
scripts that define it alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiwebengine.script_graphql.types import Offer

TYPE = "type"
"""The kind of a claim on a type; that on a field is its operation."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A name that a script takes."""

    kind: str
    name: str
    digest: str
    """Of a type; empty for a field, which no other script may have."""

    @property
    def shown(self) -> str:
        """`Query.users`, `type User`."""
        if self.kind == TYPE:
            return f"type {self.name}"
        return f"{self.kind.capitalize()}.{self.name}"


@dataclass(frozen=True, slots=True)
class Clash:
    """A claim on a name that another script has."""

    claim: Claim
    slug: str

    @property
    def message(self) -> str:
        """What its author reads."""
        if self.claim.kind == TYPE:
            return (
                f"The type {self.claim.name} is defined differently in the script {self.slug}."
                " Define it alike, or use another name."
            )
        return f"The GraphQL field {self.claim.shown} belongs to the script {self.slug}."


def claims_of(offer: Offer) -> Sequence[Claim]:
    """All names that a script with this offer takes, in the order of the database's key."""
    fields = [Claim(field.kind.value, field.name, "") for field in offer.fields]
    reached = frozenset[str]().union(*(field.reaches for field in offer.fields))
    types = [Claim(TYPE, name, offer.types[name].digest) for name in reached]
    return sorted([*fields, *types], key=lambda claim: (claim.kind, claim.name))
