"""Arguments that have a default take null, which says the same as leaving them out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import strawberry
from graphql import GraphQLArgument, GraphQLNonNull, GraphQLObjectType, Undefined


def let_null_mean_the_default(schema: strawberry.Schema) -> None:
    """Make the type of each argument with a default nullable, and null its default.

    Resolvers go on to be written with the type that they get: `first: int = 50`. A client that has
    a variable for the page size may then leave it null.
    """
    for kind in schema._schema.type_map.values():
        # Those of introspection are the library's, and belong to every schema.
        if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
            continue
        for field in kind.fields.values():
            arguments = [one for one in field.args.items() if _has_default_of_its_own(one[1])]
            if not arguments:
                continue
            for _, argument in arguments:
                argument.type = argument.type.of_type
            names = frozenset(name for name, _ in arguments)
            field.resolve = _without_nulls(field.resolve, names)
            field.subscribe = _without_nulls(field.subscribe, names)


def _has_default_of_its_own(argument: GraphQLArgument) -> bool:
    is_required = isinstance(argument.type, GraphQLNonNull)
    return is_required and argument.default_value is not Undefined


def _without_nulls(
    resolve: Callable[..., Any] | None, names: frozenset[str]
) -> Callable[..., Any] | None:
    if resolve is None:
        return None

    def resolve_without_nulls(source: Any, info: Any, **given: Any) -> Any:
        kept = {k: v for k, v in given.items() if v is not None or k not in names}
        return resolve(source, info, **kept)

    return resolve_without_nulls
