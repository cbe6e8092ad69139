"""Counts the comparisons that the validation of a document would take.

GraphQL's rule "field selection merging" (specification, section 5.3.2) compares every two fields
of one name in a selection, and every two fragments: 400 equal fields in 3 kB take a second.
"""

from __future__ import annotations

from math import comb

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

# To compare two fragments takes several times as long as to compare two fields.
FRAGMENT_PAIR = 3
# Fields and fragments that are counted at most, each wherever it is selected.
MOST_COUNTED = 5_000
# Deeper selections are refused anyway; fragments that select themselves have no end.
DEEPEST = 40


def repeats(document: DocumentNode, most: int) -> int:
    """The pairs that validation compares; counting stops above *most*."""
    return _Count(document).total(most)


class _Count:
    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            definition.name.value: definition.selection_set
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        # Selections still to be counted: those of all fields of one name together, and how deep.
        self._waiting: list[tuple[list[SelectionSetNode], int]] = [
            ([definition.selection_set], 0)
            for definition in document.definitions
            if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode)
        ]
        # Validation begins anew at each inline fragment.
        self._begun: set[int] = set()
        self._counted = 0

    def total(self, most: int) -> int:
        pairs = 0
        while self._waiting and pairs <= most:
            selections, depth = self._waiting.pop()
            fields, fragments = self._unfolded(selections, depth)
            pairs += FRAGMENT_PAIR * comb(len(fragments), 2)
            pairs += sum(comb(len(each), 2) for each in fields.values())
            if self._counted > MOST_COUNTED:
                return most + 1
            if depth < DEEPEST:
                self._waiting += [
                    (inner, depth + 1) for each in fields.values() if (inner := _below(each))
                ]
        return pairs

    def _unfolded(
        self, selections: list[SelectionSetNode], depth: int
    ) -> tuple[dict[str, list[FieldNode]], set[str]]:
        """The fields by the name that they answer to, and the fragments that were unfolded."""
        fields: dict[str, list[FieldNode]] = {}
        fragments: set[str] = set()
        waiting = list(selections)
        while waiting and self._counted <= MOST_COUNTED:
            found = waiting.pop().selections
            self._counted += len(found)
            for selection in found:
                match selection:
                    case FieldNode():
                        name = (selection.alias or selection.name).value
                        fields.setdefault(name, []).append(selection)
                    case InlineFragmentNode(selection_set=inner):
                        waiting.append(inner)
                        if id(inner) not in self._begun:
                            self._begun.add(id(inner))
                            self._waiting.append(([inner], depth + 1))
                    case FragmentSpreadNode():
                        name = selection.name.value
                        if name in self._fragments and name not in fragments:
                            fragments.add(name)
                            waiting.append(self._fragments[name])
        return fields, fragments


def _below(fields: list[FieldNode]) -> list[SelectionSetNode]:
    return [field.selection_set for field in fields if field.selection_set is not None]
