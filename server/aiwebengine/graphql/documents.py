"""A cache of documents, parsed and validated once for each text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NameNode,
    OperationDefinitionNode,
    OperationType,
    StringValueNode,
    Visitor,
    parse,
    validate,
    visit,
)
from graphql.execution.collect_fields import FragmentDetails

from aiwebengine.core.caching import ENTRY_BYTES, LruCache
from aiwebengine.core.errors import BadUserInput, EngineError, QueryTooComplex
from aiwebengine.graphql.errors import shortened
from aiwebengine.graphql.limits import (
    Limits,
    Measured,
    enforce,
    measure,
    must_be_within,
    page_sizes,
)
from aiwebengine.graphql.plans import Plans
from aiwebengine.graphql.repeats import repeats

# Measured: what a parsed document takes in memory, for each character of its text.
BYTES_PER_CHARACTER = 150
MOST_ERRORS = 10
MOST_LOCATIONS = 10
# Strangers' documents get one part in so many of the memory for documents.
STRANGERS_PART = 8


class MalformedDocument(BadUserInput):
    """The document can't be executed; `errors` are what a client is told."""

    status = 400

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


@dataclass(frozen=True)
class Executable:
    """One operation of a document, with what is the same each time it is executed.

    *label* is its kind and first field, as in `query users`; ` +` says that there are more. Unlike
    *name*, which the client gave it (else its first field's), labels are as many as the schema has.
    *first_field* is empty where a fragment stands first.
    """

    node: OperationDefinitionNode
    kind: OperationType
    label: str
    name: str
    first_field: str
    measured: Measured


@dataclass(frozen=True)
class Document:
    """A valid document and its operations by name; an unnamed one has the name None."""

    tree: DocumentNode
    operations: dict[str | None, Executable]
    fragments: dict[str, FragmentDefinitionNode]
    details: dict[str, FragmentDetails]
    plans: Plans

    def operation(self, name: str | None) -> Executable:
        """The operation to execute (GraphQL specification, section 6.1). Raises BadUserInput."""
        if name is None and len(self.operations) == 1:
            return next(iter(self.operations.values()))
        found = self.operations.get(name) if name is not None else None
        if found is not None:
            return found
        names = ", ".join(str(known) for known in self.operations) or "none"
        said = "operationName is missing" if name is None else f"no operation {name[:80]!r}"
        raise MalformedDocument([GraphQLError(f"{said}; the document has: {names}.")])


@dataclass(frozen=True)
class _Refused:
    """A document that can't be executed, and why."""

    errors: list[GraphQLError] | None
    too_complex: QueryTooComplex | None = None

    def again(self) -> EngineError:
        """The refusal; a new one each time, since an exception remembers who raised it."""
        if self.too_complex is not None:
            return QueryTooComplex(self.too_complex.message, **self.too_complex.extensions)
        return MalformedDocument(self.errors or [])


_Share: TypeAlias = tuple[Limits, LruCache[str, Document | _Refused]]


class Documents:
    """A bounded cache of documents, valid or not, the least recently used forgotten first.

    Strangers have a share of their own: they can't make it forget what others use.
    """

    def __init__(self, schema: GraphQLSchema, limits: Limits, most_bytes: int) -> None:
        self._schema = schema
        of_strangers = most_bytes // STRANGERS_PART
        self._known: _Share = (limits, LruCache(most_bytes - of_strangers))
        self._strangers: _Share = (limits.for_strangers(), LruCache(of_strangers))

    def get(self, text: str, *, is_stranger: bool = False) -> Document:
        """The document. Raises MalformedDocument, QueryTooComplex."""
        limits, kept = self._strangers if is_stranger else self._known
        found = kept.get(text)
        if found is None:
            found = self._read(text, limits)
            kept.put(text, found, ENTRY_BYTES + len(text) * BYTES_PER_CHARACTER)
        if isinstance(found, _Refused):
            raise found.again()
        return found

    def _read(self, text: str, limits: Limits) -> Document | _Refused:
        try:
            return self._valid(text, limits)
        except MalformedDocument as error:
            return _Refused([_without_document(one) for one in error.errors])
        except QueryTooComplex as error:
            return _Refused(None, error.with_traceback(None))
        except RecursionError:
            # Nested in what no figure counts, such as inline fragments.
            return _Refused(None, _too_deep(limits))

    def _valid(self, text: str, limits: Limits) -> Document:
        must_be_within("characters", len(text), limits)
        must_be_within("lines", text.count("\n") + text.count("\r") + 1, limits)
        tree = _parsed(text, limits)
        operations = _operations(tree)
        # All of it before validation, whose own rules may take long on a bomb.
        must_be_within("operations", len(operations), limits)
        for operation in operations:
            enforce(measure(self._schema, tree, operation, {}), limits)
        must_be_within("repeats", repeats(tree, limits.repeats), limits)
        errors = validate(self._schema, tree, max_errors=MOST_ERRORS, hide_suggestions=True)
        if errors:
            raise MalformedDocument(errors)
        return _document(self._schema, tree)


def _parsed(text: str, limits: Limits) -> DocumentNode:
    try:
        return parse(text, max_tokens=limits.tokens)
    except GraphQLSyntaxError as error:
        if "more than" in error.message and "tokens" in error.message:
            raise QueryTooComplex(
                f"The document has more than {limits.tokens} tokens.",
                limit="tokens",
                allowed=limits.tokens,
            ) from None
        if "nested too deeply" in error.message:
            raise _too_deep(limits) from None
        raise MalformedDocument([error]) from None


def _operations(tree: DocumentNode) -> list[OperationDefinitionNode]:
    return [one for one in tree.definitions if isinstance(one, OperationDefinitionNode)]


def _too_deep(limits: Limits) -> QueryTooComplex:
    return QueryTooComplex(
        f"The document is nested too deeply; allowed depth is {limits.depth}.",
        limit="depth",
        allowed=limits.depth,
    )


def _without_document(error: GraphQLError) -> GraphQLError:
    """The same for a client, without what it would keep in memory."""
    told = GraphQLError(shortened(error.message), extensions=error.extensions)
    told.locations = (error.locations or [])[:MOST_LOCATIONS]
    return told


def without_types(schema: GraphQLSchema, document: Document) -> Document:
    """The same document, but every `__type` in it asks for a type that does not exist."""
    return _document(schema, visit(document.tree, _NoTypes()))


def _document(schema: GraphQLSchema, tree: DocumentNode) -> Document:
    sizes = page_sizes(tree)
    operations = {
        None if node.name is None else node.name.value: _executable(
            node, Measured(schema, tree, node, sizes)
        )
        for node in _operations(tree)
    }
    fragments = {
        definition.name.value: definition
        for definition in tree.definitions
        if isinstance(definition, FragmentDefinitionNode)
    }
    details = {name: FragmentDetails(fragment, None) for name, fragment in fragments.items()}
    return Document(tree, operations, fragments, details, Plans(tree))


def _executable(node: OperationDefinitionNode, measured: Measured) -> Executable:
    first = _first_field(node)
    more = " +" if len(node.selection_set.selections) > 1 else ""
    return Executable(
        node=node,
        kind=node.operation,
        label=f"{node.operation.value} {first or '…'}{more}",
        name=first if node.name is None else node.name.value,
        first_field=first,
        measured=measured,
    )


def _first_field(node: OperationDefinitionNode) -> str:
    first = node.selection_set.selections[0]
    return first.name.value if isinstance(first, FieldNode) else ""


class _NoTypes(Visitor):
    def enter_field(self, node: FieldNode, *_: object) -> FieldNode | None:
        if node.name.value != "__type":
            return None
        nobody = ArgumentNode(name=NameNode(value="name"), value=StringValueNode(value=""))
        return FieldNode(
            alias=node.alias,
            name=node.name,
            arguments=(nobody,),
            directives=node.directives,
            selection_set=node.selection_set,
            loc=node.loc,
        )
