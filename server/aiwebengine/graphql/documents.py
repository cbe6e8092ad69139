"""Parses and validates documents, and caches the result for each text."""

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

# Memory of a parsed document for each character of its text (measured).
BYTES_PER_CHARACTER = 150
MOST_ERRORS = 10
MOST_LOCATIONS = 10
# Documents of anonymous callers get 1/8 of the memory for documents.
ANONYMOUS_PART = 8


class MalformedDocument(BadUserInput):
    """The document can't be executed. `errors` are the errors for the client."""

    status = 400

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


@dataclass(frozen=True)
class Executable:
    """One operation of a document, with everything that does not depend on variables.

    Attributes:
        node: its node in the document.
        kind: query, mutation or subscription.
        label: kind and first field, as in `query users`, followed by ` +` if there are more fields.
            There are only as many labels as the schema has root fields.
        name: the name that the client chose, else the first field.
        first_field: empty if the operation begins with a fragment.
        measured: its cost.
    """

    node: OperationDefinitionNode
    kind: OperationType
    label: str
    name: str
    first_field: str
    measured: Measured


@dataclass(frozen=True)
class Document:
    """A valid document and its operations by name; the name of an unnamed one is None."""

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
        problem = "operationName is missing" if name is None else f"no operation {name[:80]!r}"
        raise MalformedDocument([GraphQLError(f"{problem}; the document has: {names}.")])


@dataclass(frozen=True)
class _Refused:
    """A document that can't be executed, with the reason."""

    errors: list[GraphQLError] | None
    too_complex: QueryTooComplex | None = None

    def error(self) -> EngineError:
        """The exception to raise; a new one each time, because raising adds a traceback."""
        if self.too_complex is not None:
            return QueryTooComplex(self.too_complex.message, **self.too_complex.extensions)
        return MalformedDocument(self.errors or [])


_Share: TypeAlias = tuple[Limits, LruCache[str, Document | _Refused]]


class Documents:
    """An LRU cache of documents, also of invalid ones.

    Documents of anonymous callers are cached separately, so that they can't evict documents of
    signed-in users.
    """

    def __init__(self, schema: GraphQLSchema, limits: Limits, most_bytes: int) -> None:
        self._schema = schema
        for_anonymous = most_bytes // ANONYMOUS_PART
        self._signed_in: _Share = (limits, LruCache(most_bytes - for_anonymous))
        self._anonymous: _Share = (limits.for_anonymous(), LruCache(for_anonymous))

    def get(self, text: str, *, is_anonymous: bool = False) -> Document:
        """The parsed and valid document. Raises MalformedDocument, QueryTooComplex.

        *is_anonymous*: the caller is not signed in, so lower limits apply.
        """
        limits, cache = self._anonymous if is_anonymous else self._signed_in
        found = cache.get(text)
        if found is None:
            found = self._read(text, limits)
            cache.put(text, found, ENTRY_BYTES + len(text) * BYTES_PER_CHARACTER)
        if isinstance(found, _Refused):
            raise found.error()
        return found

    def _read(self, text: str, limits: Limits) -> Document | _Refused:
        try:
            return self._valid(text, limits)
        except MalformedDocument as error:
            return _Refused([_without_document(one) for one in error.errors])
        except QueryTooComplex as error:
            return _Refused(None, error.with_traceback(None))
        except RecursionError:
            # Nested by something that the depth does not count, such as inline fragments.
            return _Refused(None, _too_deep(limits))

    def _valid(self, text: str, limits: Limits) -> Document:
        must_be_within("characters", len(text), limits)
        must_be_within("lines", text.count("\n") + text.count("\r") + 1, limits)
        tree = _parsed(text, limits)
        operations = _operations(tree)
        # All limits before validation, whose rules may take very long for a malicious document.
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
    """The error for a client, without its references to the document, which use memory."""
    copy = GraphQLError(shortened(error.message), extensions=error.extensions)
    copy.locations = (error.locations or [])[:MOST_LOCATIONS]
    return copy


def without_types(schema: GraphQLSchema, document: Document) -> Document:
    """The same document, but each `__type` in it selects a type that does not exist."""
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
        no_type = ArgumentNode(name=NameNode(value="name"), value=StringValueNode(value=""))
        return FieldNode(
            alias=node.alias,
            name=node.name,
            arguments=(no_type,),
            directives=node.directives,
            selection_set=node.selection_set,
            loc=node.loc,
        )
