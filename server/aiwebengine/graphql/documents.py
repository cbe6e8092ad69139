"""Documents, parsed and validated once and kept by their text."""

from __future__ import annotations

from dataclasses import dataclass

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    NameNode,
    OperationDefinitionNode,
    StringValueNode,
    Visitor,
    parse,
    validate,
    visit,
)

from aiwebengine.caching import ENTRY_BYTES, Bounded
from aiwebengine.errors import BadUserInput, QueryTooComplex
from aiwebengine.graphql.limits import Limits, enforce, measure
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
class Document:
    """A valid document and its operations by name; an unnamed one has the name None."""

    tree: DocumentNode
    operations: dict[str | None, OperationDefinitionNode]
    plans: Plans

    def operation(self, name: str | None) -> OperationDefinitionNode:
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
                enforce(measure(self._schema, tree, operation, {}), self._limits)
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
        named = {
            (None if operation.name is None else operation.name.value): operation
            for operation in operations
        }
        return Document(tree, named, Plans(tree))


def without_types(document: Document) -> Document:
    """The same document, but every `__type` in it asks for a type that does not exist."""
    tree = visit(document.tree, _NoTypes())
    return Document(tree, document.operations, Plans(tree))


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
