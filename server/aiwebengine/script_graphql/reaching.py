"""Which types the arguments and results of a field are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from graphql import (
    FieldDefinitionNode,
    InterfaceTypeDefinitionNode,
    NamedTypeNode,
    Node,
    ObjectTypeDefinitionNode,
    TypeDefinitionNode,
    Visitor,
    visit,
)

Uses = Mapping[str, frozenset[str]]
"""The names of the types that each type of a script refers to."""


def uses_of(types: Iterable[TypeDefinitionNode]) -> Uses:
    """What each of *types* refers to; an interface also to the types that implement it."""
    uses = {node.name.value: _names_in(node) for node in types}
    for node in types:
        if isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
            for interface in node.interfaces or ():
                if interface.name.value in uses:
                    uses[interface.name.value] |= {node.name.value}
    return {name: frozenset(names & uses.keys()) for name, names in uses.items()}


def reached_by(field: FieldDefinitionNode, uses: Uses) -> frozenset[str]:
    """The types of the script that a client of *field* may get or send."""
    found: set[str] = set()
    waiting = [name for name in _names_in(field) if name in uses]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(uses[name])
    return frozenset(found)


def _names_in(node: Node) -> set[str]:
    names = _Names()
    visit(node, names)
    return names.found


class _Names(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def enter_named_type(self, node: NamedTypeNode, *_: object) -> None:
        self.found.add(node.name.value)
