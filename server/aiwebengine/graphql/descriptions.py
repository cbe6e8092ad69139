"""Uses docstrings as descriptions of the schema, so that each text is written once.

A type, enum or input gets the first paragraph of its docstring. A field gets all paragraphs of its
resolver's docstring up to the first section, followed by the rights that the resolver declares. The
section `Attributes:` describes fields, input fields and enum values, and `Args:` the arguments of a
resolver, with lines `name: text` that continue with deeper indentation.
"""

from __future__ import annotations

import inspect
import re
from typing import Any

import strawberry
from graphql import GraphQLArgument, GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType

from aiwebengine.graphql.rights import rights_of_field

_SECTION = re.compile(r"^(Attributes|Args):\n((?:[ \t]+.*\n?|\n)+)", re.MULTILINE)
_NO_DESCRIPTION = re.compile(r"^(?:(?:Attributes|Args|Answers):$|Raises )", re.MULTILINE)
_ENTRY = re.compile(r"^    (\w+): ((?:.*)(?:\n      .*)*)", re.MULTILINE)
_STRAWBERRY = "strawberry-definition"


def describe(schema: strawberry.Schema) -> None:
    """Set the description of each part of the schema that has none, from the docstrings."""
    for kind in schema._schema.type_map.values():
        definition = kind.extensions.get(_STRAWBERRY) if kind.extensions else None
        origin = getattr(definition, "origin", None) or getattr(definition, "wrapped_cls", None)
        words = _Words(origin)
        if origin is not None:
            kind.description = kind.description or words.summary
        match kind:
            case GraphQLObjectType():
                for field in kind.fields.values():
                    _describe_field(field, words)
            case GraphQLInputObjectType():
                for input_field in kind.fields.values():
                    name = _python_name(input_field)
                    input_field.description = input_field.description or words.of.get(name)
            case GraphQLEnumType():
                for value_name, value in kind.values.items():
                    value.description = value.description or words.of.get(value_name)


def words_of(thing: object) -> dict[str, str]:
    """The descriptions of attributes or arguments in the docstring of a type or function."""
    return _Words(thing).of


def _describe_field(field: Any, words: _Words) -> None:
    definition = field.extensions.get(_STRAWBERRY)
    resolver = getattr(definition, "base_resolver", None)
    own = _Words(None if resolver is None else resolver.wrapped_func)
    field.description = (
        field.description or own.whole or words.of.get(getattr(definition, "python_name", ""))
    )
    rights = rights_of_field(field)
    if field.description and rights is not None and str(rights):
        field.description += f" {rights}"
    for argument in field.args.values():
        argument.description = argument.description or own.of.get(_python_name(argument))


def _python_name(part: GraphQLArgument | Any) -> str:
    definition = part.extensions.get(_STRAWBERRY) if part.extensions else None
    return str(getattr(definition, "python_name", ""))


class _Words:
    """The parts of a docstring."""

    def __init__(self, thing: object) -> None:
        text = (inspect.getdoc(thing) if thing is not None else None) or ""
        paragraphs = _NO_DESCRIPTION.split(text)[0].split("\n\n")
        self.summary = " ".join(paragraphs[0].split()) or None
        self.whole = " ".join(" ".join(paragraphs).split()) or None
        self.of: dict[str, str] = {}
        for section in _SECTION.finditer(text + "\n"):
            for entry in _ENTRY.finditer(section[2]):
                description = " ".join(entry[2].split())
                self.of[entry[1]] = description[:1].upper() + description[1:]
