"""Makes null for an argument with a default mean the same as leaving the argument out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import strawberry
from graphql import GraphQLArgument, GraphQLNonNull, GraphQLObjectType, Undefined


def let_null_mean_the_default(schema: strawberry.Schema) -> None:
    """Make every argument with a default nullable; a null is replaced by the default.

    So a client may leave its variable for the page size null, while resolvers keep the type that
    they get: `first: int = 50`.
    """
    for kind in schema._schema.type_map.values():
        # The types of introspection belong to the library and are shared by all schemas.
        if not isinstance(kind, GraphQLObjectType) or kind.name.startswith("__"):
            continue
        for field in kind.fields.values():
            arguments = [item for item in field.args.items() if _has_default(item[1])]
            if not arguments:
                continue
            for _, argument in arguments:
                argument.type = argument.type.of_type
            names = frozenset(name for name, _ in arguments)
            field.resolve = _without_nulls(field.resolve, names)
            field.subscribe = _without_nulls(field.subscribe, names)


def _has_default(argument: GraphQLArgument) -> bool:
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
