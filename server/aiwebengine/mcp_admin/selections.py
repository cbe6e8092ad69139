"""What a tool selects from the result of its GraphQL operation."""

from __future__ import annotations

from typing import Any

from graphql import (
    GraphQLError,
    GraphQLObjectType,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    parse,
    print_ast,
)

from aiwebengine.core.errors import BadUserInput

LEVELS = 2
"""Levels of objects that are selected without `select`; the page of a list is none."""
LONGEST_SELECT = 10_000
"""Characters of `select`."""


def default_selection(kind: Any) -> str:
    """All plain fields of a type, and of the objects in it; empty for a leaf type."""
    return _fields(get_named_type(kind), LEVELS, ())


def checked_selection(kind: Any, text: str) -> str:
    """The caller's selection, printed from its parsed form. Raises BadUserInput.

    So it can't close the field and select another operation beside it, which the audit trail would
    not name.
    """
    if is_leaf_type(get_named_type(kind)):
        raise BadUserInput("select: this tool answers a single value; leave it out.")
    if len(text) > LONGEST_SELECT:
        raise BadUserInput(f"select: found {len(text)} characters; allowed: {LONGEST_SELECT}.")
    try:
        document = parse(f"{{ {text} }}", max_tokens=2_000, no_location=True)
    except (GraphQLError, RecursionError) as error:
        message = getattr(error, "message", "too deep")
        raise BadUserInput(f"select: not a selection of GraphQL fields: {message}") from None
    definition = document.definitions[0]
    if (
        len(document.definitions) != 1
        or not isinstance(definition, OperationDefinitionNode)
        or definition.operation is not OperationType.QUERY
    ):
        raise BadUserInput("select: write the names of fields only, such as: nodes { id email }")
    return print_ast(definition.selection_set)


def _fields(kind: Any, levels: int, path: tuple[str, ...]) -> str:
    if not isinstance(kind, GraphQLObjectType):
        return ""
    is_page = kind.name.endswith("Connection")
    chosen = []
    for name, field in kind.fields.items():
        inner = get_named_type(field.type)
        if any(is_required_argument(argument) for argument in field.args.values()):
            continue
        if is_leaf_type(inner):
            chosen.append(name)
        elif name == "edges" or inner.name in path or inner.name.endswith("Connection"):
            # A list in each row of a list; `select` can name it.
            continue
        elif levels > 0:
            nested = _fields(inner, levels if is_page else levels - 1, (*path, kind.name))
            chosen.append(f"{name} {nested}" if nested else "")
    return f"{{ {' '.join(filter(None, chosen))} }}" if any(chosen) else "{ __typename }"
