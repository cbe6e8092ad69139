"""The selected fields of a query, so that services read only those."""

from __future__ import annotations

from typing import Any

import strawberry
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
)

_STRAWBERRY = "strawberry-definition"


def selected(info: strawberry.Info[Any, Any], *kinds: str) -> dict[str, set[str]]:
    """For each of the object types *kinds*, the attributes selected below the current field.

    Includes all depths. It ignores `@skip` and `@include`, so it may return more than is needed.
    """
    raw = info._raw_info
    found: dict[str, set[str]] = {kind: set() for kind in kinds}
    visited: set[tuple[str, str]] = set()

    def visit(selection_set: SelectionSetNode, parent: Any) -> None:
        names = found.get(parent.name)
        for selection in selection_set.selections:
            match selection:
                case FieldNode(name=name, selection_set=inner):
                    field = parent.fields.get(name.value)
                    # `__typename` is not in `fields`.
                    if field is not None and names is not None:
                        names.add(field.extensions[_STRAWBERRY].python_name)
                    if field is not None and inner is not None:
                        visit(inner, get_named_type(field.type))
                case InlineFragmentNode(type_condition=condition, selection_set=inner):
                    kind = raw.schema.type_map[condition.name.value] if condition else parent
                    visit(inner, kind)
                case FragmentSpreadNode(name=name):
                    if (name.value, parent.name) not in visited:
                        visited.add((name.value, parent.name))
                        visit(raw.fragments[name.value].selection_set, parent)

    for node in raw.field_nodes:
        if node.selection_set is not None:
            visit(node.selection_set, get_named_type(raw.return_type))
    return found
