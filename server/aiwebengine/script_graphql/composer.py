"""The schema of one host: the union of what its scripts offer.

The types of a script are built once for each of its versions. Scripts that define a type in common
are built together, because a schema has one object for each type. What is left for each schema is
to put the fields together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from graphql import (
    DocumentNode,
    GraphQLBoolean,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
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
    version_key: str = ""
    """Another one for each version of the script."""

    @property
    def key(self) -> tuple[Any, ...]:
        """The same for the same version of the same script."""
        return (self.origin, self.version_key)


@dataclass(frozen=True, slots=True)
class Composed:
    """The schemas of one host."""

    schemas: Mapping[Audience, GraphQLSchema]
    fields: Mapping[tuple[Kind, str], tuple[Origin, RootField]]
    left_out: Sequence[str]
    """Scripts that are not part of it, because a name of theirs has another meaning in one that was
    deployed before. A deployment is refused then, so this needs a change of configuration."""


@dataclass(frozen=True, slots=True)
class _Built:
    """Fields and types of scripts that have types in common."""

    fields: Mapping[tuple[Kind, str], GraphQLField]
    types: Mapping[str, GraphQLNamedType]


class Composer:
    """Makes schemas. *attach* gives each field its resolver."""

    def __init__(self, attach: Attach) -> None:
        self._attach = attach
        self._built: dict[tuple[Any, ...], _Built] = {}

    def compose(self, contributions: Iterable[Contribution]) -> Composed:
        """The schemas of a host with these scripts, the one that was deployed first at the
        beginning.

        A script is left out as a whole or not at all.
        """
        union = _Union()
        left_out = [one.origin.slug for one in contributions if not union.add(one)]
        built = [self._build(group) for group in union.groups()]
        everything = _schema(union.fields, built, Audience.SCRIPTS)
        has_internal = any(_is_internal(field) for _, field in union.fields.values())
        for_clients = _schema(union.fields, built, Audience.CLIENTS) if has_internal else everything
        return Composed(
            {Audience.SCRIPTS: everything, Audience.CLIENTS: for_clients}, union.fields, left_out
        )

    def keep_only(self, contributions: Iterable[Contribution]) -> None:
        """Forget what was built for others than these."""
        keys = {one.key for one in contributions}
        self._built = {
            group: built for group, built in self._built.items() if keys.issuperset(group)
        }

    def _build(self, group: Sequence[Contribution]) -> _Built:
        key = tuple(one.key for one in group)
        if key not in self._built:
            self._built[key] = _built_of(group, self._attach)
        return self._built[key]


def _built_of(group: Sequence[Contribution], attach: Attach) -> _Built:
    fields = {
        (field.kind, field.name): (one.origin, field) for one in group for field in one.offer.fields
    }
    nodes = {name: one.node for part in group for name, one in _reached(part.offer)}
    roots = [
        root_type(kind, [field.node for (one, _), (_, field) in fields.items() if one is kind])
        for kind in Kind
    ]
    document = DocumentNode(definitions=(*nodes.values(), *(root for root in roots if root.fields)))
    # Each script is valid on its own, and no name has two meanings.
    schema = build_ast_schema(document, assume_valid=True, assume_valid_sdl=True)
    for kind in schema.type_map.values():
        if is_abstract_type(kind):
            kind.resolve_type = type_of
    found = {}
    for (operation, name), (origin, field) in fields.items():
        root: Any = schema.type_map[operation.root]
        found[operation, name] = root.fields[name]
        attach(root.fields[name], origin, field)
    return _Built(found, {name: schema.type_map[name] for name in nodes})


class _Union:
    def __init__(self) -> None:
        self.fields: dict[tuple[Kind, str], tuple[Origin, RootField]] = {}
        self._accepted: list[Contribution] = []
        self._types: dict[str, TypeDefinition] = {}

    def add(self, contribution: Contribution) -> bool:
        """Add a script; False if a name of it has another meaning already."""
        offer, known = contribution.offer, self._types
        if any((one.kind, one.name) in self.fields for one in offer.fields):
            return False
        types = list(_reached(offer))
        if any(name in known and known[name].digest != one.digest for name, one in types):
            return False
        for field in offer.fields:
            self.fields[field.kind, field.name] = (contribution.origin, field)
        for name, definition in types:
            known.setdefault(name, definition)
        self._accepted.append(contribution)
        return True

    def groups(self) -> Collection[list[Contribution]]:
        """The scripts, those together that have a type in common, directly or by others."""
        leaders = list(range(len(self._accepted)))

        def leader_of(at: int) -> int:
            while leaders[at] != at:
                leaders[at] = leaders[leaders[at]]
                at = leaders[at]
            return at

        first_with: dict[str, int] = {}
        for at, one in enumerate(self._accepted):
            for name, _ in _reached(one.offer):
                leaders[leader_of(at)] = leader_of(first_with.setdefault(name, at))
        groups: dict[int, list[Contribution]] = defaultdict(list)
        for at, one in enumerate(self._accepted):
            groups[leader_of(at)].append(one)
        return groups.values()


def _schema(
    fields: Mapping[tuple[Kind, str], tuple[Origin, RootField]],
    groups: Iterable[_Built],
    audience: Audience,
) -> GraphQLSchema:
    """The schema that an audience sees."""
    roots: dict[Kind, dict[str, GraphQLField]] = {kind: {} for kind in Kind}
    types: list[GraphQLNamedType] = []
    for built in groups:
        reached: set[str] = set()
        for key, field in built.fields.items():
            _, root_field = fields[key]
            if audience is Audience.SCRIPTS or not _is_internal(root_field):
                roots[root_field.kind][root_field.name] = field
                reached |= root_field.reaches
        types += [built.types[name] for name in sorted(reached)]
    if not roots[Kind.QUERY]:
        roots[Kind.QUERY][EMPTY_FIELD] = GraphQLField(
            GraphQLBoolean, description="Always null: no script offers a query here."
        )
    query, mutation, subscription = (
        GraphQLObjectType(kind.root, roots[kind]) if roots[kind] else None for kind in Kind
    )
    return GraphQLSchema(query, mutation, subscription, types, assume_valid=True)


def _reached(offer: Offer) -> Iterable[tuple[str, TypeDefinition]]:
    """The types of an offer that a client can meet; others don't matter to anyone else."""
    reached = frozenset[str]().union(*(field.reaches for field in offer.fields))
    return ((name, one) for name, one in offer.types.items() if name in reached)


def _is_internal(field: RootField) -> bool:
    return field.visibility is Visibility.INTERNAL
