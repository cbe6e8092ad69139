"""Fields and types that scripts offer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

import orjson
from graphql import FieldDefinitionNode, TypeDefinitionNode


class Kind(StrEnum):
    """The operation whose root has a field."""

    QUERY = "query"
    MUTATION = "mutation"
    SUBSCRIPTION = "subscription"

    @property
    def root(self) -> str:
        """The name of the root type."""
        return self.value.capitalize()


class Visibility(StrEnum):
    """Who may use a field.

    Attributes:
        INTERNAL: scripts only, by `env.graphql.execute` and `executeGraphQL`.
        ENGINE: also users who are signed in.
        EXTERNAL: everyone.
    """

    INTERNAL = "internal"
    ENGINE = "engine"
    EXTERNAL = "external"


class Audience(StrEnum):
    """Who sees a schema. Each audience has a schema of its own, without what it may not know.

    Attributes:
        SCRIPTS: all fields.
        CLIENTS: those that are not internal.
    """

    SCRIPTS = "scripts"
    CLIENTS = "clients"


@dataclass(frozen=True, slots=True)
class RootField:
    """A field of a root type, and what the script calls for it."""

    kind: Kind
    name: str
    visibility: Visibility
    handler: str | None
    """Resolves a query or mutation. Of a subscription: decides what a connection gets; None lets it
    get everything."""
    on_event: str | None
    """Of a subscription: resolves each event; None takes what was published."""
    node: FieldDefinitionNode
    reaches: frozenset[str]
    """The types of the script that its arguments and results are made of."""

    @property
    def path(self) -> str:
        """Its name with that of its root type: `Query.users`."""
        return f"{self.kind.root}.{self.name}"


@dataclass(frozen=True)
class TypeDefinition:
    """A type that a script defines."""

    name: str
    node: TypeDefinitionNode

    @cached_property
    def digest(self) -> str:
        """The same for all definitions of the same type: descriptions and order do not matter."""
        return digest_of(self.node)


@dataclass(frozen=True)
class Offer:
    """What one version of a script offers: valid on its own."""

    fields: tuple[RootField, ...] = ()
    types: Mapping[str, TypeDefinition] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.fields)


NOTHING = Offer()


@dataclass(frozen=True, slots=True)
class Origin:
    """Which script a field comes from. Resolvers pass it on."""

    script: Any
    """The key by which the script is called."""
    slug: str
    is_classic: bool


_UNORDERED = frozenset(("interfaces", "directives", "fields", "values", "types", "arguments"))


def digest_of(node: TypeDefinitionNode) -> str:
    """See `TypeDefinition.digest`."""
    plain = orjson.dumps(_plain(node.to_dict()), option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(plain).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        plain = {name: _plain(one) for name, one in value.items() if name != "description"}
        for name in _UNORDERED & plain.keys():
            plain[name] = sorted(plain[name] or (), key=orjson.dumps)
        return plain
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
