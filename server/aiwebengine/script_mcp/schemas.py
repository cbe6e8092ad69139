"""JSON schemas of tools' arguments, which scripts write and anybody's arguments are checked by.

Neither may keep the engine busy: a schema is checked at the deployment, and checking arguments by
it ends after a number of steps. Regular expressions of a script are not executed here, because
Python can't interrupt one: `pattern` and `patternProperties` are left to the handler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from aiwebengine.core.errors import BadUserInput

LARGEST_SCHEMA_BYTES = 64_000
"""Bytes of the schema of one tool."""
DEEPEST_SCHEMA = 32
"""Levels of objects and lists in a schema."""
LARGEST_ARGUMENT_BYTES = 250_000
"""Bytes of the arguments of one call."""
DEEPEST_ARGUMENTS = 32
"""Levels of objects and lists in arguments."""
MOST_STEPS = 20_000
"""Keywords of the schema that are applied to values of one call's arguments."""
CHARACTERS_OF_STEP = 2_000
"""Of the value that a keyword is applied to: so many more are one more step."""
LONGEST_MESSAGE = 300
"""Characters of what is wrong with arguments."""

# Where a schema has schemas: below a keyword, in its list, or in its object.
_ONE = (
    "additionalProperties items not if then else contains propertyNames unevaluatedItems"
    " unevaluatedProperties contentSchema additionalItems"
).split()
_LISTS = "allOf anyOf oneOf prefixItems".split()
_OBJECTS = "properties $defs definitions dependentSchemas".split()
# `additionalProperties` is about what no pattern matches, too.
_WITH_PATTERNS = ("patternProperties", "additionalProperties", "unevaluatedProperties")


class InvalidSchema(ValueError):
    """A schema that can't be used, with a sentence for its author."""


class _TooMuch(Exception):
    """Checking the arguments takes too many steps."""


@dataclass(slots=True)
class _Checking:
    """The arguments that are checked, and how many steps are left."""

    left: int
    sizes: dict[int, int]
    """Characters of each object and list, by its identity."""


_checking: ContextVar[_Checking] = ContextVar("schema_checking")


def checked_schema(found: object) -> dict[str, Any]:
    """The schema of a tool, from an object or its JSON. None means no arguments.

    Raises InvalidSchema.
    """
    if isinstance(found, str):
        try:
            found = orjson.loads(found or "{}")
        except orjson.JSONDecodeError as error:
            raise InvalidSchema(f"its schema is not JSON: {error}") from None
    schema = {} if found is None else found
    if not isinstance(schema, dict):
        raise InvalidSchema("its schema is not an object")
    if depth_of(schema) > DEEPEST_SCHEMA:
        raise InvalidSchema(f"its schema is deeper than {DEEPEST_SCHEMA} levels")
    size = len(orjson.dumps(schema))
    if size > LARGEST_SCHEMA_BYTES:
        raise InvalidSchema(f"its schema has {size} bytes; allowed: {LARGEST_SCHEMA_BYTES}")
    schema = {"type": "object", **schema}
    if schema["type"] != "object":
        raise InvalidSchema('the type of its schema must be "object"')
    _must_be_local(schema)
    _must_be_a_schema(schema)
    return schema


def check_arguments(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    """Raise BadUserInput unless the arguments match a schema that `checked_schema` returned."""
    must_be_small(arguments, LARGEST_ARGUMENT_BYTES)
    if depth_of(arguments) > DEEPEST_ARGUMENTS:
        raise BadUserInput(f"The arguments are deeper than {DEEPEST_ARGUMENTS} levels.")
    sizes: dict[int, int] = {}
    _measure(arguments, sizes)
    token = _checking.set(_Checking(MOST_STEPS, sizes))
    try:
        validator = _validator_class()(without_patterns(schema), registry=_nothing_elsewhere())
        error = next(iter(validator.iter_errors(arguments)), None)
    except _TooMuch:
        raise BadUserInput("The arguments are too large for the schema of this tool.") from None
    except RecursionError:
        raise BadUserInput("The schema of this tool refers to itself without an end.") from None
    finally:
        _checking.reset(token)
    if error is not None:
        place = error.json_path.removeprefix("$").lstrip(".") or "arguments"
        raise BadUserInput(f"{place[:100]}: {error.message[:LONGEST_MESSAGE]}")


def must_be_small(arguments: Mapping[str, Any], most: int) -> None:
    """Raise BadUserInput for arguments of more than *most* bytes, or that JSON has no form for."""
    try:
        size = len(orjson.dumps(arguments, default=str))
    except orjson.JSONEncodeError:
        raise BadUserInput(
            "The arguments have an integer of more than 64 bits, or too many levels."
        ) from None
    if size > most:
        raise BadUserInput(f"The arguments have {size} bytes; allowed: {most}.")


def has_patterns(schema: Mapping[str, Any]) -> bool:
    """Whether the schema has regular expressions, which are not checked here."""
    return orjson.dumps(without_patterns(schema)) != orjson.dumps(schema)


def without_patterns(schema: Any) -> Any:
    """The schema without regular expressions and what depends on them."""
    if not isinstance(schema, dict):
        return schema
    dropped = {"pattern", *(_WITH_PATTERNS if "patternProperties" in schema else ())}
    kept = {name: value for name, value in schema.items() if name not in dropped}
    for name, value in kept.items():
        if name in _ONE:
            kept[name] = (
                [without_patterns(one) for one in value]
                if isinstance(value, list)
                else without_patterns(value)
            )
        elif name in _LISTS and isinstance(value, list):
            kept[name] = [without_patterns(one) for one in value]
        elif name in _OBJECTS and isinstance(value, dict):
            kept[name] = {key: without_patterns(one) for key, one in value.items()}
    return kept


def depth_of(value: object) -> int:
    """Levels of objects and lists, counted up to one more than is allowed anywhere."""
    level, depth = [value], 0
    while level and depth <= max(DEEPEST_SCHEMA, DEEPEST_ARGUMENTS):
        below: list[object] = []
        for one in level:
            if isinstance(one, dict):
                below.extend(one.values())
            elif isinstance(one, list):
                below.extend(one)
        level = below
        depth += bool(below)
    return depth


def _must_be_local(schema: dict[str, Any]) -> None:
    """Raise InvalidSchema for a reference to another document."""
    waiting: list[object] = [schema]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            for name in ("$ref", "$dynamicRef", "$id", "$schema"):
                text = one.get(name)
                if name == "$schema" and isinstance(text, str):
                    continue
                if isinstance(text, str) and not text.startswith("#"):
                    raise InvalidSchema(f"{name} of its schema: only #/… in the same schema")
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _must_be_a_schema(schema: dict[str, Any]) -> None:
    from jsonschema import SchemaError

    try:
        _base().check_schema(without_patterns(schema))
    except SchemaError as error:
        place = error.json_path.removeprefix("$").lstrip(".") or "its root"
        raise InvalidSchema(
            f"its schema is not one: {place[:100]}: {error.message[:LONGEST_MESSAGE]}"
        ) from None
    except RecursionError:
        raise InvalidSchema("its schema refers to itself without an end") from None


# Imported at first use: most workers call no tool.
def _base() -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator


@cache
def _nothing_elsewhere() -> Any:
    """A registry that finds no other documents; the library's own would ask the network."""
    from referencing import Registry

    return Registry()


@cache
def _validator_class() -> Any:
    from jsonschema.validators import extend

    keywords = _base().VALIDATORS
    return extend(_base(), {name: _counted(name, keywords[name]) for name in keywords})


def _counted(name: str, keyword: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
    def apply(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        checking = _checking.get()
        checking.left -= _cost(name, value, instance, checking.sizes)
        if checking.left < 0:
            raise _TooMuch
        yield from keyword(validator, value, instance, schema) or ()

    return apply


def _measure(value: object, sizes: dict[int, int]) -> int:
    """Note the characters of *value* and of all below it. It has no more levels than allowed."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        size = sum(len(name) + _measure(one, sizes) for name, one in value.items())
    elif isinstance(value, list):
        size = sum(_measure(one, sizes) for one in value)
    else:
        return 1
    sizes[id(value)] = size
    return size


def _cost(name: str, value: object, instance: object, sizes: Mapping[int, int]) -> int:
    """Steps of a keyword; those that compare many values count them.

    Each refusal holds the whole instance as a text, and alternatives collect refusals.
    """
    characters = len(instance) if isinstance(instance, str) else sizes.get(id(instance), 0)
    return _own_cost(name, value, instance) + characters // CHARACTERS_OF_STEP


def _own_cost(name: str, value: object, instance: object) -> int:
    if name == "uniqueItems" and isinstance(instance, list):
        return 1 + len(instance) ** 2 // 10
    if name == "enum" and isinstance(value, list):
        return 1 + len(value) // 10
    if isinstance(instance, dict | list):
        return 1 + len(instance) // 10
    return 1
