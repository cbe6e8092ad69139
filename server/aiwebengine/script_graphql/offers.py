"""What a version of a script offers: its fields and types, checked on their own.

Each script defines all types that its fields use, so what it offers does not depend on the scripts
beside it. The union of such offers is valid as long as no name has two meanings (`clashes.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldDefinitionNode,
    GraphQLError,
    NameNode,
    ObjectTypeDefinitionNode,
    TypeDefinitionNode,
    build_ast_schema,
    specified_scalar_types,
    validate_schema,
)
from graphql.validation.validate import validate_sdl

from aiwebengine.script_graphql import registered, sdl
from aiwebengine.script_graphql.reaching import reached_by, uses_of
from aiwebengine.script_graphql.registered import LONGEST_NAME, Wanted
from aiwebengine.script_graphql.sdl import Definitions, InvalidSdl
from aiwebengine.script_graphql.types import (
    NOTHING,
    Kind,
    Offer,
    RootField,
    TypeDefinition,
    digest_of,
)

MOST_TYPES = 500
"""Types of one script."""
MOST_PROBLEMS = 20

_MEMBERS = ("interfaces", "directives", "fields", "values", "types")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with an offer. The place is in the SDL text *sdl*, and counts from 1."""

    message: str
    sdl: str | None = None
    line: int | None = None
    column: int | None = None
    is_warning: bool = False


@dataclass(frozen=True, slots=True)
class Checked:
    """What a version offers; nothing if an error is among the problems."""

    offer: Offer
    problems: list[Problem]


def offer_of(registrations: Sequence[Any]) -> Checked:
    """What a program that registers this offers, and all that is wrong with it."""
    try:
        checked = _Reading(registered.read(registrations)).checked()
    except RecursionError:
        checked = Checked(NOTHING, [Problem("The SDL is nested too deeply.")])
    if all(problem.is_warning for problem in checked.problems):
        return checked
    return Checked(NOTHING, checked.problems[:MOST_PROBLEMS])


class _Reading:
    def __init__(self, read: registered.Read) -> None:
        self._read = read
        self._problems = [Problem(message) for message in read.problems]
        self._definitions: dict[str, Definitions] = {}
        self._types: dict[str, TypeDefinition] = {}
        self._fields: dict[tuple[Kind, str], tuple[Wanted, FieldDefinitionNode]] = {}

    def checked(self) -> Checked:
        """See `offer_of`."""
        if sum(map(len, self._read.texts)) > sdl.LARGEST_SDL:
            self._add(f"A script may register at most {sdl.LARGEST_SDL:,} characters of SDL.")
            return Checked(NOTHING, self._problems)
        for number, text in enumerate(self._read.texts):
            self._parse(text, str(number))
        self._collect_types()
        for wanted in self._read.fields:
            if wanted.sdl in self._definitions:
                self._claim(wanted)
        self._note_unclaimed()
        if not self._has_errors():
            self._validate()
        return Checked(self._offer(), self._problems)

    def _parse(self, text: str, name: str) -> None:
        try:
            self._definitions[text] = sdl.read(text, name)
        except InvalidSdl as error:
            self._add(error.message, text, error.line, error.column)

    def _collect_types(self) -> None:
        nodes: dict[str, TypeDefinitionNode] = {}
        for text, definitions in self._definitions.items():
            for node in _extended(definitions, lambda m, n, t=text: self._at(m, t, n)):
                name = node.name.value
                if name in specified_scalar_types or len(name) > LONGEST_NAME:
                    why = f"use another name, of at most {LONGEST_NAME} characters"
                    self._at(f"{name[:LONGEST_NAME]} can't be defined: {why}.", text, node)
                    continue
                known = nodes.setdefault(name, node)
                if known is not node and digest_of(known) != digest_of(node):
                    self._at(f"The script defines the type {name} in two ways.", text, node)
        if len(nodes) > MOST_TYPES:
            self._add(f"A script may define at most {MOST_TYPES} types; found: {len(nodes)}.")
            return
        self._types = {name: TypeDefinition(name, node) for name, node in nodes.items()}

    def _claim(self, wanted: Wanted) -> None:
        """Find the definition of a registered field."""
        definitions, key = self._definitions[wanted.sdl], (wanted.kind, wanted.name)
        candidates = [*definitions.fields[wanted.kind], *(definitions.bare * wanted.is_classic)]
        node = next((one for one in candidates if one.name.value == wanted.name), None)
        if node is None:
            elsewhere = [
                kind.root
                for kind, fields in definitions.fields.items()
                if any(one.name.value == wanted.name for one in fields)
            ]
            hint = f"; it is in {elsewhere[0]}" if elsewhere else ""
            self._add(f"The SDL does not define {wanted.path}{hint}.", wanted.sdl)
        elif key in self._fields:
            self._at(f"{wanted.path} is registered twice.", wanted.sdl, node)
        else:
            self._fields[key] = (wanted, node)

    def _note_unclaimed(self) -> None:
        for text, definitions in self._definitions.items():
            is_module = text == self._read.module_text
            for kind, fields in definitions.fields.items():
                for node in fields:
                    name = node.name.value
                    if (kind, name) not in self._fields:
                        message = f"{kind.root}.{name} has no resolver"
                        message += "." if is_module else ", so it is left out."
                        self._at(message, text, node, is_warning=not is_module)
            if is_module:
                for node in definitions.bare:
                    self._at(
                        f"The field {node.name.value} is outside of Query, Mutation and"
                        " Subscription.",
                        text,
                        node,
                    )

    def _validate(self) -> None:
        """Note what the specification forbids (GraphQL, section 3)."""
        document = DocumentNode(definitions=(*self._type_nodes(), *self._root_nodes()))
        errors = validate_sdl(document)
        if not errors:
            schema = build_ast_schema(document, assume_valid_sdl=True)
            errors = [error for error in validate_schema(schema) if _is_the_authors(error)]
        for error in errors[:MOST_PROBLEMS]:
            place = sdl.invalid(error)
            source = error.nodes[0].loc.source if error.nodes and error.nodes[0].loc else None
            text = None if source is None else self._read.texts[int(source.name)]
            self._add(place.message, text, place.line, place.column)

    def _type_nodes(self) -> list[TypeDefinitionNode]:
        return [one.node for one in self._types.values()]

    def _root_nodes(self) -> list[ObjectTypeDefinitionNode]:
        return [
            root_type(kind, [node for (one, _), (_, node) in self._fields.items() if one is kind])
            for kind in Kind
            if any(one is kind for one, _ in self._fields)
        ]

    def _offer(self) -> Offer:
        uses = uses_of(self._type_nodes())
        return Offer(
            tuple(
                RootField(
                    kind,
                    name,
                    wanted.visibility,
                    wanted.handler,
                    wanted.on_event,
                    node,
                    reached_by(node, uses),
                )
                for (kind, name), (wanted, node) in self._fields.items()
            ),
            self._types,
        )

    def _has_errors(self) -> bool:
        return not all(problem.is_warning for problem in self._problems)

    def _add(
        self,
        message: str,
        text: str | None = None,
        line: int | None = None,
        column: int | None = None,
        *,
        is_warning: bool = False,
    ) -> None:
        self._problems.append(Problem(message, text, line, column, is_warning))

    def _at(self, message: str, text: str, node: Any, *, is_warning: bool = False) -> None:
        token = node.loc.start_token
        self._add(message, text, token.line, token.column, is_warning=is_warning)


def root_type(kind: Kind, fields: Sequence[FieldDefinitionNode]) -> ObjectTypeDefinitionNode:
    """The root type with these fields."""
    return ObjectTypeDefinitionNode(name=NameNode(value=kind.root), fields=tuple(fields))


def _extended(definitions: Definitions, refuse: Any) -> list[TypeDefinitionNode]:
    """The types of one text, each with its extensions."""
    nodes = {node.name.value: node for node in definitions.types}
    for node in definitions.types:
        if nodes[node.name.value] is not node:
            refuse(f"The type {node.name.value} is defined twice.", node)
    for extension in definitions.extensions:
        name = extension.name.value
        extended = nodes.get(name)
        same = None if extended is None else extended.kind.removesuffix("_definition")
        if extended is None or same != extension.kind.removesuffix("_extension"):
            refuse(f"The SDL extends {name}, but does not define it so.", extension)
            continue
        parts = {key: getattr(extended, key) for key in extended.keys}
        for member in _MEMBERS:
            if member in parts:
                parts[member] = (*(parts[member] or ()), *(getattr(extension, member) or ()))
        nodes[name] = type(extended)(**parts)
    return list(nodes.values())


def _is_the_authors(error: GraphQLError) -> bool:
    """Whether it is about what a script defines: without queries, a root type is missing."""
    return "Query root type must be provided" not in error.message
