"""JSON schemas of GraphQL inputs."""

from __future__ import annotations

from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    Undefined,
)

Json = dict[str, Any]

_SCALARS: dict[str, Json] = {
    "ID": {"type": "string"},
    "String": {"type": "string"},
    "Int": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "BigInt": {"type": "integer"},
    "Float": {"type": "number"},
    "Boolean": {"type": "boolean"},
    "DateTime": {"type": "string", "format": "date-time"},
    "Date": {"type": "string", "format": "date"},
    "JSON": {},
}


def schema_of(kind: Any) -> Json:
    """The JSON schema of an input type. Raises KeyError for a scalar that is not listed here."""
    match kind:
        case GraphQLNonNull():
            return schema_of(kind.of_type)
        case GraphQLList():
            return {"type": "array", "items": schema_of(kind.of_type)}
        case GraphQLEnumType():
            return {"type": "string", "enum": list(kind.values)}
        case GraphQLInputObjectType():
            return object_of(kind.fields)
        case _:
            return dict(_SCALARS[kind.name])


def object_of(parts: dict[str, GraphQLInputField] | dict[str, GraphQLArgument]) -> Json:
    """The JSON schema of an object with these fields or arguments."""
    schema: Json = {
        "type": "object",
        "properties": {name: _part(part) for name, part in parts.items()},
        "additionalProperties": False,
    }
    required = [name for name, part in parts.items() if _is_required(part)]
    if required:
        schema["required"] = required
    return schema


def _part(part: GraphQLInputField | GraphQLArgument) -> Json:
    schema = schema_of(part.type)
    if not isinstance(part.type, GraphQLNonNull):
        # Clients that fill all members send null for what GraphQL lets be left out.
        schema = _nullable(schema)
    if part.description:
        schema["description"] = part.description
    return schema


def _nullable(schema: Json) -> Json:
    kind = schema.get("type")
    if kind is None:
        return schema
    nullable = {**schema, "type": [kind, "null"]}
    if "enum" in schema:
        nullable["enum"] = [*schema["enum"], None]
    return nullable


def _is_required(part: GraphQLInputField | GraphQLArgument) -> bool:
    return isinstance(part.type, GraphQLNonNull) and part.default_value is Undefined
