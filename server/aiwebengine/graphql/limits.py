"""Limits of a request, checked before any work is done.

One pass over the document, each fragment counted once and its figures added wherever it is spread:
the usual rules walk a fragment anew at each spread, and a kilobyte of fragments that spread each
other twice keeps them busy for hours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
    Visitor,
    get_named_type,
    visit,
)

from aiwebengine.core.errors import QueryTooComplex

# What a list without a page size is taken to hold; those of introspection are a little shorter.
LIST_LENGTH = 10
INTROSPECTION_LIST_LENGTH = 8
# A client may count through all page sizes.
MOST_MEASURED = 256
_MISSING = object()
# Figures stop growing here: a bomb's true cost has thousands of digits.
_PLENTY = 10**9


@dataclass(frozen=True)
class Limits:
    """What a document may have at most; `cost` counts fields times the rows they are read for.

    `repeats` counts the pairs of equal names that validation compares (`repeats.py`).
    """

    characters: int = 100_000
    # Each error about a document reads its lines to say where it is.
    lines: int = 2_000
    tokens: int = 2_000
    operations: int = 20
    repeats: int = 2_000
    depth: int = 15
    aliases: int = 30
    directives: int = 50
    cost: int = 50_000
    seconds: float = 30.0
    operations_per_socket: int = 100

    def for_strangers(self) -> Limits:
        """What is left for somebody who has not signed in, and reads `viewer` alone."""
        return replace(
            self,
            characters=min(self.characters, 16_384),
            lines=min(self.lines, 500),
            tokens=min(self.tokens, 600),
            operations=min(self.operations, 5),
            repeats=min(self.repeats, 500),
        )


@dataclass(frozen=True)
class Figures:
    """What a document, or a part of it, has."""

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    cost: int = 0
    asks_schema: bool = False
    asks_type: bool = False

    def beside(self, other: Figures) -> Figures:
        """Both parts in one selection."""
        return Figures(
            max(self.depth, other.depth),
            min(_PLENTY, self.aliases + other.aliases),
            min(_PLENTY, self.directives + other.directives),
            min(_PLENTY, self.cost + other.cost),
            self.asks_schema or other.asks_schema,
            self.asks_type or other.asks_type,
        )


def measure(
    schema: GraphQLSchema,
    document: DocumentNode,
    operation: OperationDefinitionNode,
    variables: Mapping[str, Any],
) -> Figures:
    """What *operation* asks for with these variables."""
    return _Measure(schema, document, operation, variables).figures()


def page_sizes(document: DocumentNode) -> tuple[str, ...]:
    """The variables that stand for a page size: all whose value changes what is measured."""
    found = _PageSizes()
    visit(document, found)
    return tuple(sorted(found.names))


class Measured:
    """What one operation asks for, worked out once for each page size that its variables give.

    *page_sizes* are the variables that may do so in the document, as `page_sizes` finds them.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        page_sizes: tuple[str, ...],
    ) -> None:
        self._of = (schema, document, operation)
        self._names = page_sizes
        self._kept: dict[tuple[object, ...], Figures] = {}

    def figures(self, variables: Mapping[str, Any]) -> Figures:
        """`measure` with these variables."""
        given = (variables.get(name, _MISSING) for name in self._names)
        key = tuple(
            value if isinstance(value, int | float) or value is _MISSING else None
            for value in given
        )
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= MOST_MEASURED:
                self._kept.clear()
            found = self._kept[key] = measure(*self._of, variables)
        return found


def enforce(figures: Figures, limits: Limits) -> None:
    """Raise QueryTooComplex for the first figure above its limit."""
    for name in ("depth", "aliases", "directives", "cost"):
        found, allowed = getattr(figures, name), getattr(limits, name)
        if found > allowed:
            words = "more than a billion" if found >= _PLENTY else str(found)
            raise QueryTooComplex(
                f"The query's {name} is {words}; allowed is {allowed}.",
                limit=name,
                found=found,
                allowed=allowed,
            )


def must_be_within(name: str, found: int, limits: Limits) -> None:
    """Raise QueryTooComplex when a document has more than the limit of this name allows."""
    allowed = getattr(limits, name)
    if found > allowed:
        raise QueryTooComplex(
            f"The document has {found} {name}; allowed are {allowed}.",
            limit=name,
            found=found,
            allowed=allowed,
        )


class _PageSizes(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_argument(self, node: ArgumentNode, *_: object) -> None:
        if node.name.value == "first" and isinstance(node.value, VariableNode):
            self.names.add(node.value.name.value)


class _Measure:
    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._variables = _defaults(operation) | dict(variables)
        self._fragments = {
            definition.name.value: definition
            for definition in document.definitions
            if isinstance(definition, FragmentDefinitionNode)
        }
        self._known: dict[str, Figures] = {}
        self._open: set[str] = set()

    def figures(self) -> Figures:
        root = {
            OperationType.QUERY: self._schema.query_type,
            OperationType.MUTATION: self._schema.mutation_type,
            OperationType.SUBSCRIPTION: self._schema.subscription_type,
        }[self._operation.operation]
        own = Figures(directives=len(self._operation.directives or ()))
        return own.beside(self._selections(self._operation.selection_set, root))

    def _selections(self, selection_set: SelectionSetNode, parent: Any) -> Figures:
        total = Figures()
        for figures in self._each(selection_set, parent):
            total = total.beside(figures)
        return total

    def _each(self, selection_set: SelectionSetNode, parent: Any) -> Iterator[Figures]:
        for selection in selection_set.selections:
            yield Figures(directives=len(selection.directives or ()))
            match selection:
                case FieldNode():
                    yield self._field(selection, parent)
                case InlineFragmentNode():
                    condition = selection.type_condition
                    inner = self._schema.get_type(condition.name.value) if condition else parent
                    yield self._selections(selection.selection_set, inner)
                case FragmentSpreadNode():
                    yield self._fragment(selection.name.value)

    def _fragment(self, name: str) -> Figures:
        if name not in self._known:
            definition = self._fragments.get(name)
            if definition is None or name in self._open:
                # Unknown or in a ring: validation says so in better words.
                return Figures()
            self._open.add(name)
            inner = self._schema.get_type(definition.type_condition.name.value)
            self._known[name] = self._selections(definition.selection_set, inner)
            self._open.discard(name)
        return self._known[name]

    def _field(self, node: FieldNode, parent: Any) -> Figures:
        name = node.name.value
        kind = self._kind_of(name, parent)
        inner = Figures()
        if node.selection_set is not None:
            inner = self._selections(node.selection_set, get_named_type(kind) if kind else None)
        times = self._times(node, kind, parent)
        return Figures(
            depth=inner.depth + 1,
            aliases=min(_PLENTY, inner.aliases + (node.alias is not None)),
            directives=inner.directives,
            cost=min(_PLENTY, 1 + times * inner.cost),
            asks_schema=inner.asks_schema or name == "__schema",
            asks_type=inner.asks_type or name == "__type",
        )

    def _kind_of(self, name: str, parent: Any) -> Any:
        if name in ("__schema", "__type"):
            return self._schema.get_type("__Schema" if name == "__schema" else "__Type")
        if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType):
            field = parent.fields.get(name)
            return None if field is None else field.type
        return None

    def _times(self, node: FieldNode, kind: Any, parent: Any) -> int:
        """For how many rows what stands below the field is read."""
        field = parent.fields.get(node.name.value) if hasattr(parent, "fields") else None
        if field is not None and "first" in field.args:
            return self._first(node, field.args["first"].default_value)
        inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if not isinstance(inner, GraphQLList):
            return 1
        if parent.name.startswith("__"):
            return INTROSPECTION_LIST_LENGTH
        # The rows of a page are counted where the page size stands.
        return 1 if parent.name.endswith("Connection") else LIST_LENGTH

    def _first(self, node: FieldNode, default: Any) -> int:
        for argument in node.arguments or ():
            if argument.name.value != "first":
                continue
            match argument.value:
                case IntValueNode(value=text):
                    return min(_PLENTY, max(1, int(text[:12])))
                case VariableNode(name=name):
                    given = self._variables.get(name.value)
                    # 200.0 is a whole number to GraphQL, too.
                    if isinstance(given, int | float):
                        return int(min(_PLENTY, max(1, given)))
        return default if isinstance(default, int) else LIST_LENGTH


def _defaults(operation: OperationDefinitionNode) -> dict[str, Any]:
    """The whole-number defaults of the operation's variables."""
    return {
        definition.variable.name.value: int(definition.default_value.value[:12])
        for definition in operation.variable_definitions or ()
        if isinstance(definition.default_value, IntValueNode)
    }
