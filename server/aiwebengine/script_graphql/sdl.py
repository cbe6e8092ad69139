"""Reads the schema definitions (SDL) that scripts register.

All forms are taken in which authors write a field: in a root type, `type Query { hello: String }`
or `extend type Query { … }`, or bare, `hello(name: String): String`; with other types before or
after it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from graphql import (
    DefinitionNode,
    FieldDefinitionNode,
    GraphQLError,
    GraphQLSyntaxError,
    ObjectTypeDefinitionNode,
    ObjectTypeExtensionNode,
    SchemaDefinitionNode,
    Source,
    TokenKind,
    TypeDefinitionNode,
    TypeExtensionNode,
)
from graphql.language.parser import Parser

from aiwebengine.script_graphql.types import Kind

MOST_TOKENS = 20_000
"""Tokens of one SDL text."""
LARGEST_SDL = 200_000
"""Characters of all SDL texts of a script."""

_KEYWORDS = frozenset(
    "type interface union enum input scalar extend schema directive query mutation subscription"
    " fragment".split()
)
_AFTER_NAME = (TokenKind.COLON, TokenKind.PAREN_L)
_ROOTS = {kind.root: kind for kind in Kind}


class InvalidSdl(Exception):
    """The text is no SDL, or has what a script may not define. *line* counts from 1."""

    def __init__(self, message: str, line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass
class Definitions:
    """What one SDL text defines."""

    fields: dict[Kind, list[FieldDefinitionNode]] = field(
        default_factory=lambda: {kind: [] for kind in Kind}
    )
    bare: list[FieldDefinitionNode] = field(default_factory=list)
    """Fields outside of a root type."""
    types: list[TypeDefinitionNode] = field(default_factory=list)
    extensions: list[TypeExtensionNode] = field(default_factory=list)


def read(text: str, name: str) -> Definitions:
    """The definitions in *text*; *name* is what errors call it. Raises InvalidSdl."""
    parser = _Parser(Source(text, name), max_tokens=MOST_TOKENS)
    too_deep = False
    try:
        definitions = parser.definitions()
    except GraphQLSyntaxError as error:
        raise invalid(error) from None
    except RecursionError:
        too_deep = True
    if too_deep:
        raise InvalidSdl("The SDL is nested too deeply.")
    found = Definitions()
    for definition in definitions:
        _sort(definition, found)
    return found


def invalid(error: GraphQLError) -> InvalidSdl:
    """The same error with its first place."""
    message = error.message.removeprefix("Syntax Error: ")
    if not error.locations:
        return InvalidSdl(message)
    return InvalidSdl(message, error.locations[0].line, error.locations[0].column)


def _sort(definition: DefinitionNode | FieldDefinitionNode, found: Definitions) -> None:
    """Add a definition to *found*. Raises InvalidSdl for one that a script may not make."""
    match definition:
        case FieldDefinitionNode():
            found.bare.append(definition)
        case ObjectTypeDefinitionNode() | ObjectTypeExtensionNode() if (
            definition.name.value in _ROOTS
        ):
            found.fields[_ROOTS[definition.name.value]].extend(definition.fields or ())
        case TypeDefinitionNode() if definition.name.value in _ROOTS:
            raise _at(definition, f"{definition.name.value} must be an object type.")
        case TypeDefinitionNode():
            found.types.append(definition)
        case TypeExtensionNode():
            found.extensions.append(definition)
        case SchemaDefinitionNode() if _is_usual(definition):
            pass
        case SchemaDefinitionNode():
            raise _at(definition, "The root types must be called Query, Mutation and Subscription.")
        case _:
            kind = definition.kind.removesuffix("_definition").replace("_", " ")
            raise _at(definition, f"A script can't define this here: {kind}. Define types.")


def _is_usual(definition: SchemaDefinitionNode) -> bool:
    return all(
        one.type.name.value == one.operation.value.capitalize()
        for one in definition.operation_types or ()
    )


def _at(definition: DefinitionNode, message: str) -> InvalidSdl:
    token = definition.loc.start_token if definition.loc else None
    if token is None:
        return InvalidSdl(message)
    return InvalidSdl(message, token.line, token.column)


class _Parser(Parser):
    """A parser of documents that may also contain fields outside of a type."""

    def definitions(self) -> list[DefinitionNode | FieldDefinitionNode]:
        """All definitions of the text. Raises GraphQLSyntaxError, RecursionError."""
        self.expect_token(TokenKind.SOF)
        found: list[DefinitionNode | FieldDefinitionNode] = []
        while not self.peek(TokenKind.EOF):
            is_field = self._is_at_field()
            found.append(self.parse_field_definition() if is_field else self.parse_definition())
        return found

    def _is_at_field(self) -> bool:
        """Whether a field comes next: a name, after a description or not, that begins no type."""
        has_description = self.peek_description()
        token = self._lexer.lookahead() if has_description else self._lexer.token
        if token.kind is not TokenKind.NAME:
            return False
        if token.value not in _KEYWORDS:
            return True
        # A field may be called `type`.
        return not has_description and self._lexer.lookahead().kind in _AFTER_NAME
