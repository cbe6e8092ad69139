"""The rights that the fields of a schema declare."""

from __future__ import annotations

import strawberry
from graphql import GraphQLField, GraphQLObjectType

from aiwebengine.core.rights import Rights, UndeclaredRights, rights_of

ROOTS = ("Query", "Mutation", "Subscription")
_STRAWBERRY = "strawberry-definition"


def rights_by_operation(schema: strawberry.Schema) -> dict[str, Rights]:
    """The rights that each operation declares, by name such as `Mutation.grantRole`.

    Raises UndeclaredRights for an operation without rights.
    """
    found = {}
    for root in ROOTS:
        kind = schema._schema.type_map.get(root)
        fields = kind.fields if isinstance(kind, GraphQLObjectType) else {}
        for name, field in fields.items():
            rights = rights_of_field(field)
            if rights is None:
                raise UndeclaredRights(f"{root}.{name}")
            found[f"{root}.{name}"] = rights
    return found


def rights_of_field(field: GraphQLField) -> Rights | None:
    """The rights that a field's resolver declares; None if it declares none."""
    definition = field.extensions.get(_STRAWBERRY)
    resolver = getattr(definition, "base_resolver", None)
    return None if resolver is None else rights_of(resolver.wrapped_func)
