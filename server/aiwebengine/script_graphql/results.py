"""What resolvers return, as values for the types of their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from graphql import (
    GraphQLAbstractType,
    GraphQLError,
    GraphQLNamedType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    GraphQLString,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
    specified_scalar_types,
)

from aiwebengine.core.errors import EngineError
from aiwebengine.graphql.errors import shortened

_AS_TEXT = ("String", "ID")
_NO_VALUE = "Cannot return null for non-nullable field"


class InvalidResult(EngineError):
    """What a script returned does not match the type of its field."""

    code = "SCRIPT_FAILED"


def value_for(value: Any, kind: GraphQLOutputType, *, is_classic: bool) -> Any:
    """The value of a field of this type.

    Classic resolvers return JSON as a text: it is read where the type is not a text.
    """
    if not is_classic or value is None:
        return value
    if isinstance(value, str):
        return _read(value) if _is_written(kind) else value
    if get_nullable_type(kind) is GraphQLString and isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    return value


def plain_value(source: Any, info: GraphQLResolveInfo[Any], **_: Any) -> Any:
    """The member of an object that has the name of the field. Raises InvalidResult."""
    if not isinstance(source, Mapping):
        found = kind_of(source)
        raise InvalidResult(f"Expected an object of the type {info.parent_type.name}: {found}.")
    return source.get(info.field_name)


def type_of(value: Any, info: GraphQLResolveInfo[Any], abstract: GraphQLAbstractType) -> str:
    """The type of an object whose field has an interface or a union: its `__typename`.

    Raises InvalidResult.
    """
    name = value.get("__typename") if isinstance(value, Mapping) else None
    possible = [kind.name for kind in info.schema.get_possible_types(abstract)]
    if name not in possible:
        raise InvalidResult(
            f"An object of the type {abstract.name} needs __typename, one of"
            f" {', '.join(possible[:20])}; found: {str(name)[:40]}."
        )
    return str(name)


def explained(error: GraphQLError) -> EngineError | None:
    """The error for a result that GraphQL refuses; None for any other error."""
    cause = error.original_error
    is_mismatch = isinstance(cause, GraphQLError) and not cause.nodes and error.path is not None
    is_null = isinstance(cause, TypeError) and str(cause).startswith(_NO_VALUE)
    if not (is_mismatch or is_null):
        return None
    return InvalidResult(f"The script's answer does not fit: {shortened(error.message)}")


def kind_of(value: Any) -> str:
    """What a JSON value is, in a message."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    return "a list" if isinstance(value, list) else "a text"


def _is_written(kind: GraphQLOutputType) -> bool:
    """Whether a text for this type is JSON, not the value itself."""
    inner = get_nullable_type(kind)
    if is_list_type(inner):
        return True
    named: GraphQLNamedType = get_named_type(kind)
    return is_composite_type(named) or (
        named.name in specified_scalar_types and named.name not in _AS_TEXT
    )


def _read(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
