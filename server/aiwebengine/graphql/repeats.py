"""Counts the comparisons that the validation of a document will make.

The validation rule "field selection merging" (GraphQL specification, section 5.3.2) compares all
pairs of fields with the same name in a selection, and all pairs of fragments: 400 equal fields in
3 kB take a second.
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

# Comparing two fragments takes several times as long as comparing two fields.
FRAGMENT_PAIR = 3
# Maximum number of counted selections.
MOST_COUNTED = 5_000
# Deeper selections are refused anyway. Fragments in a cycle are infinitely deep.
DEEPEST = 40


def repeats(document: DocumentNode, most: int) -> int:
    """The number of pairs that validation compares; counting stops above *most*."""
    return _Count(document).total(most)


class _Count:
    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            definition.name.value: definition.selection_set
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        # Selections that are not counted yet, together for all fields of one name, and their depth.
        self._waiting: list[tuple[list[SelectionSetNode], int]] = [
            ([definition.selection_set], 0)
            for definition in document.definitions
            if isinstance(definition, OperationDefinitionNode | FragmentDefinitionNode)
        ]
        # Inline fragments that were added already: validation checks each of them separately, too.
        self._begun: set[int] = set()
        self._counted = 0

    def total(self, most: int) -> int:
        pairs = 0
        while self._waiting and pairs <= most:
            selections, depth = self._waiting.pop()
            fields, fragments = self._expanded(selections, depth)
            pairs += FRAGMENT_PAIR * comb(len(fragments), 2)
            pairs += sum(comb(len(each), 2) for each in fields.values())
            if self._counted > MOST_COUNTED:
                return most + 1
            if depth < DEEPEST:
                self._waiting += [
                    (inner, depth + 1) for each in fields.values() if (inner := _below(each))
                ]
        return pairs

    def _expanded(
        self, selections: list[SelectionSetNode], depth: int
    ) -> tuple[dict[str, list[FieldNode]], set[str]]:
        """The fields by response name, and the fragments, after expanding all fragments."""
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
