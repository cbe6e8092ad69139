"""Limits of a request, checked before it is validated and executed.

The document is measured in one pass: each fragment is measured once, and its size is added at each
spread. Usual implementations visit a fragment again at each spread, so a kilobyte of fragments that
spread each other twice keeps them busy for hours.
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

# Assumed length of lists without a page size.
LIST_LENGTH = 10
INTROSPECTION_LIST_LENGTH = 8
# Cached sizes of an operation; a client may try all page sizes.
MOST_MEASURED = 256
_MISSING = object()
# Counting stops here: the true cost of a malicious document has thousands of digits.
_PLENTY = 10**9


@dataclass(frozen=True)
class Limits:
    """Maximum size of a document and of its execution.

    `cost` counts each field times the rows for which it is read. `repeats` counts the pairs of
    equal names that validation compares (`repeats.py`).
    """

    characters: int = 100_000
    # To find its location, each error in a document reads all lines.
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

    def for_anonymous(self) -> Limits:
        """Lower limits for callers who are not signed in, and so only read `viewer`."""
        return replace(
            self,
            characters=min(self.characters, 16_384),
            lines=min(self.lines, 500),
            tokens=min(self.tokens, 600),
            operations=min(self.operations, 5),
            repeats=min(self.repeats, 500),
        )


@dataclass(frozen=True)
class Size:
    """The size of a document or a part of it, and whether it uses introspection."""

    depth: int = 0
    aliases: int = 0
    directives: int = 0
    cost: int = 0
    asks_schema: bool = False
    asks_type: bool = False

    def plus(self, other: Size) -> Size:
        """The size of a selection that consists of both parts."""
        return Size(
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
) -> Size:
    """The size of *operation* with these variables."""
    return _Measure(schema, document, operation, variables).size()


def page_sizes(document: DocumentNode) -> tuple[str, ...]:
    """The variables that are used as page sizes; no other variable affects the size."""
    found = _PageSizes()
    visit(document, found)
    return tuple(sorted(found.names))


class Measured:
    """The size of one operation, cached for each combination of page sizes.

    *page_sizes* are the names of the variables that `page_sizes` returns for the document.
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
        self._kept: dict[tuple[object, ...], Size] = {}

    def size(self, variables: Mapping[str, Any]) -> Size:
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


def enforce(size: Size, limits: Limits) -> None:
    """Raise QueryTooComplex for the first value above its limit."""
    for name in ("depth", "aliases", "directives", "cost"):
        found, allowed = getattr(size, name), getattr(limits, name)
        if found > allowed:
            number = "more than a billion" if found >= _PLENTY else str(found)
            raise QueryTooComplex(
                f"The query's {name} is {number}; allowed is {allowed}.",
                limit=name,
                found=found,
                allowed=allowed,
            )


def must_be_within(name: str, found: int, limits: Limits) -> None:
    """Raise QueryTooComplex if *found* is above the limit *name*."""
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
        self._measured: dict[str, Size] = {}
        self._open: set[str] = set()

    def size(self) -> Size:
        root = {
            OperationType.QUERY: self._schema.query_type,
            OperationType.MUTATION: self._schema.mutation_type,
            OperationType.SUBSCRIPTION: self._schema.subscription_type,
        }[self._operation.operation]
        own = Size(directives=len(self._operation.directives or ()))
        return own.plus(self._selections(self._operation.selection_set, root))

    def _selections(self, selection_set: SelectionSetNode, parent: Any) -> Size:
        total = Size()
        for size in self._each(selection_set, parent):
            total = total.plus(size)
        return total

    def _each(self, selection_set: SelectionSetNode, parent: Any) -> Iterator[Size]:
        for selection in selection_set.selections:
            yield Size(directives=len(selection.directives or ()))
            match selection:
                case FieldNode():
                    yield self._field(selection, parent)
                case InlineFragmentNode():
                    condition = selection.type_condition
                    inner = self._schema.get_type(condition.name.value) if condition else parent
                    yield self._selections(selection.selection_set, inner)
                case FragmentSpreadNode():
                    yield self._fragment(selection.name.value)

    def _fragment(self, name: str) -> Size:
        if name not in self._measured:
            definition = self._fragments.get(name)
            if definition is None or name in self._open:
                # An unknown fragment or a cycle, which validation reports with a better message.
                return Size()
            self._open.add(name)
            inner = self._schema.get_type(definition.type_condition.name.value)
            self._measured[name] = self._selections(definition.selection_set, inner)
            self._open.discard(name)
        return self._measured[name]

    def _field(self, node: FieldNode, parent: Any) -> Size:
        name = node.name.value
        kind = self._kind_of(name, parent)
        inner = Size()
        if node.selection_set is not None:
            inner = self._selections(node.selection_set, get_named_type(kind) if kind else None)
        times = self._times(node, kind, parent)
        return Size(
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
        """The number of rows for which the fields below this field are read."""
        field = parent.fields.get(node.name.value) if hasattr(parent, "fields") else None
        if field is not None and "first" in field.args:
            return self._first(node, field.args["first"].default_value)
        inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
        if not isinstance(inner, GraphQLList):
            return 1
        if parent.name.startswith("__"):
            return INTROSPECTION_LIST_LENGTH
        # The rows of a page are already counted at the field with the argument `first`.
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
    """The integer defaults of the operation's variables."""
    return {
        definition.variable.name.value: int(definition.default_value.value[:12])
        for definition in operation.variable_definitions or ()
        if isinstance(definition.default_value, IntValueNode)
    }
