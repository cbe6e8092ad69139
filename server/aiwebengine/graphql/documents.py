"""Documents, parsed and validated once and kept by their text."""

from __future__ import annotations

from dataclasses import dataclass

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

from aiwebengine.caching import ENTRY_BYTES, Bounded
from aiwebengine.errors import BadUserInput, QueryTooComplex
from aiwebengine.graphql.limits import Limits, Measured, enforce
from aiwebengine.graphql.plans import Plans

# Measured: what a parsed document takes in memory, for each character of its text.
BYTES_PER_CHARACTER = 150
MOST_ERRORS = 10


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


class Documents:
    """A bounded cache of valid documents, the least recently used forgotten first."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, most_bytes: int) -> None:
        self._schema = schema
        self._limits = limits
        self._kept: Bounded[str, Document] = Bounded(most_bytes)

    def get(self, text: str) -> Document:
        """The document. Raises MalformedDocument, QueryTooComplex."""
        found = self._kept.get(text)
        if found is not None:
            return found
        document = self._read(text)
        self._kept.put(text, document, ENTRY_BYTES + len(text) * BYTES_PER_CHARACTER)
        return document

    def _read(self, text: str) -> Document:
        try:
            tree = parse(text, max_tokens=self._limits.tokens)
            operations = [
                definition
                for definition in tree.definitions
                if isinstance(definition, OperationDefinitionNode)
            ]
            for operation in operations:
                # Before validation, whose own rules may take long on a bomb.
                measured = Measured(self._schema, tree, operation)
                enforce(measured.figures({}), self._limits)
        except GraphQLSyntaxError as error:
            if "more than" in error.message and "tokens" in error.message:
                raise QueryTooComplex(
                    f"The document has more than {self._limits.tokens} tokens.",
                    limit="tokens",
                    allowed=self._limits.tokens,
                ) from None
            if "nested too deeply" not in error.message:
                raise MalformedDocument([error]) from None
            raise QueryTooComplex(
                f"The document is nested too deeply; allowed depth is {self._limits.depth}.",
                limit="depth",
                allowed=self._limits.depth,
            ) from None
        errors = validate(self._schema, tree, max_errors=MOST_ERRORS, hide_suggestions=True)
        if errors:
            raise MalformedDocument(errors)
        return _document(self._schema, tree)


def without_types(schema: GraphQLSchema, document: Document) -> Document:
    """The same document, but every `__type` in it asks for a type that does not exist."""
    return _document(schema, visit(document.tree, _NoTypes()))


def _document(schema: GraphQLSchema, tree: DocumentNode) -> Document:
    operations: dict[str | None, Executable] = {}
    fragments: dict[str, FragmentDefinitionNode] = {}
    for definition in tree.definitions:
        if isinstance(definition, FragmentDefinitionNode):
            fragments[definition.name.value] = definition
        elif isinstance(definition, OperationDefinitionNode):
            name = None if definition.name is None else definition.name.value
            operations[name] = _executable(schema, tree, definition)
    details = {name: FragmentDetails(fragment, None) for name, fragment in fragments.items()}
    return Document(tree, operations, fragments, details, Plans(tree))


def _executable(
    schema: GraphQLSchema, tree: DocumentNode, node: OperationDefinitionNode
) -> Executable:
    first = _first_field(node)
    more = " +" if len(node.selection_set.selections) > 1 else ""
    return Executable(
        node=node,
        kind=node.operation,
        label=f"{node.operation.value} {first or '…'}{more}",
        name=first if node.name is None else node.name.value,
        first_field=first,
        measured=Measured(schema, tree, node),
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
