"""The schema of one host: the union of what its scripts offer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import (
    DocumentNode,
    FieldDefinitionNode,
    GraphQLField,
    GraphQLSchema,
    NamedTypeNode,
    NameNode,
    StringValueNode,
    TypeDefinitionNode,
    build_ast_schema,
    is_abstract_type,
)

from aiwebengine.script_graphql.offers import root_type
from aiwebengine.script_graphql.results import type_of
from aiwebengine.script_graphql.types import (
    Audience,
    Kind,
    Offer,
    Origin,
    RootField,
    TypeDefinition,
    Visibility,
)

Attach: TypeAlias = Callable[[GraphQLField, Origin, RootField], None]
"""Gives a field of a schema its resolver."""

EMPTY_FIELD = "_empty"
"""The only query of a schema without queries, because GraphQL demands one."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """What a script adds to a schema."""

    origin: Origin
    offer: Offer


@dataclass(frozen=True, slots=True)
class Composed:
    """The schemas of one host."""

    schemas: Mapping[Audience, GraphQLSchema]
    fields: Mapping[tuple[Kind, str], tuple[Origin, RootField]]
    left_out: Sequence[str]
    """Scripts that are not part of it, because a name of theirs has another meaning in one that was
    deployed before. A deployment is refused then, so this needs a change of configuration."""


def compose(contributions: Iterable[Contribution], attach: Attach) -> Composed:
    """The schemas of a host with these scripts, the one that was deployed first at the beginning.

    A script is left out as a whole or not at all.
    """
    union = _Union()
    left_out = [one.origin.slug for one in contributions if not union.add(one)]
    everything = union.schema(Audience.SCRIPTS, attach)
    has_internal = any(one.visibility is Visibility.INTERNAL for _, one in union.fields.values())
    for_clients = union.schema(Audience.CLIENTS, attach) if has_internal else everything
    return Composed(
        {Audience.SCRIPTS: everything, Audience.CLIENTS: for_clients}, union.fields, left_out
    )


class _Union:
    def __init__(self) -> None:
        self.fields: dict[tuple[Kind, str], tuple[Origin, RootField]] = {}
        self._types: dict[str, TypeDefinition] = {}

    def add(self, contribution: Contribution) -> bool:
        """Add a script; False if a name of it has another meaning already."""
        offer = contribution.offer
        if any((one.kind, one.name) in self.fields for one in offer.fields):
            return False
        known = self._types
        if any(name in known and known[name].digest != one.digest for name, one in _all(offer)):
            return False
        for field in offer.fields:
            self.fields[field.kind, field.name] = (contribution.origin, field)
        for name, definition in _all(offer):
            known.setdefault(name, definition)
        return True

    def schema(self, audience: Audience, attach: Attach) -> GraphQLSchema:
        """The schema that an audience sees."""
        seen = [
            (origin, field)
            for origin, field in self.fields.values()
            if audience is Audience.SCRIPTS or field.visibility is not Visibility.INTERNAL
        ]
        reached = frozenset[str]().union(*(field.reaches for _, field in seen))
        document = DocumentNode(definitions=(*self._nodes(reached), *_roots(seen)))
        # Each script is valid on its own, and no name has two meanings.
        schema = build_ast_schema(document, assume_valid=True, assume_valid_sdl=True)
        roots = {
            Kind.QUERY: schema.query_type,
            Kind.MUTATION: schema.mutation_type,
            Kind.SUBSCRIPTION: schema.subscription_type,
        }
        for kind in schema.type_map.values():
            if is_abstract_type(kind):
                kind.resolve_type = type_of
        for origin, field in seen:
            root: Any = roots[field.kind]
            attach(root.fields[field.name], origin, field)
        return schema

    def _nodes(self, names: frozenset[str]) -> list[TypeDefinitionNode]:
        return [self._types[name].node for name in sorted(names)]


def _all(offer: Offer) -> Iterable[tuple[str, TypeDefinition]]:
    """The types of an offer that a client can meet; others don't matter to anyone else."""
    reached = frozenset[str]().union(*(field.reaches for field in offer.fields))
    return ((name, one) for name, one in offer.types.items() if name in reached)


def _roots(seen: Sequence[tuple[Origin, RootField]]) -> list[TypeDefinitionNode]:
    nodes: dict[Kind, list[FieldDefinitionNode]] = {kind: [] for kind in Kind}
    for _, field in seen:
        nodes[field.kind].append(field.node)
    if not nodes[Kind.QUERY]:
        nodes[Kind.QUERY].append(_EMPTY)
    return [root_type(kind, fields) for kind, fields in nodes.items() if fields]


_EMPTY = FieldDefinitionNode(
    name=NameNode(value=EMPTY_FIELD),
    type=NamedTypeNode(name=NameNode(value="Boolean")),
    description=StringValueNode(value="Always null: no script offers a query here."),
)
