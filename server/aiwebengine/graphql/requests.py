"""The parts of a GraphQL request (GraphQL over HTTP, section 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from aiwebengine.database.statements import check_text
from aiwebengine.errors import BadUserInput


class MalformedRequest(BadUserInput):
    """The request is not one of GraphQL."""

    status = 400


@dataclass(frozen=True)
class GraphQLRequest:
    """What to execute."""

    query: str
    variables: dict[str, Any] = field(default_factory=dict)
    operation_name: str | None = None


def from_body(body: bytes) -> GraphQLRequest:
    """The request in a JSON body. Raises MalformedRequest."""
    try:
        parts = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedRequest(f"The body is not JSON: {error}.") from None
    return from_parts(parts)


def from_query_string(parameters: Mapping[str, str]) -> GraphQLRequest:
    """The request in the parameters of a GET. Raises MalformedRequest."""
    parts: dict[str, Any] = {
        name: parameters[name] for name in ("query", "operationName") if name in parameters
    }
    for name in ("variables", "extensions"):
        if parameters.get(name):
            try:
                parts[name] = orjson.loads(parameters[name])
            except orjson.JSONDecodeError as error:
                raise MalformedRequest(f"{name}: not JSON: {error}.") from None
    return from_parts(parts)


def from_parts(parts: object) -> GraphQLRequest:
    """The request in a decoded object; members that are not known are ignored.

    Raises MalformedRequest.
    """
    if not isinstance(parts, dict):
        raise MalformedRequest("A request must be a JSON object; batches are not taken.")
    query = parts.get("query")
    if not isinstance(query, str) or not query.strip():
        raise MalformedRequest("query: must be a text with a GraphQL document.")
    operation_name = parts.get("operationName")
    if operation_name is not None and not isinstance(operation_name, str):
        raise MalformedRequest("operationName: must be a text.")
    for name in ("variables", "extensions"):
        if not isinstance(parts.get(name) or {}, dict) or parts.get(name) in (False, 0, "", []):
            raise MalformedRequest(f"{name}: must be an object.")
    variables = parts.get("variables") or {}
    try:
        _check_texts(query, "query")
        _check_texts(variables, "variables")
    except BadUserInput as error:
        raise MalformedRequest(error.message) from None
    # Clients send an empty name for "the only one".
    return GraphQLRequest(query, variables, operation_name or None)


def _check_texts(value: object, name: str) -> None:
    """Raise BadUserInput for a text, anywhere inside, that no database can hold."""
    match value:
        case str():
            check_text(name, value)
        case dict():
            for key, inner in value.items():
                _check_texts(inner, f"{name}.{key}")
        case list():
            for index, inner in enumerate(value):
                _check_texts(inner, f"{name}[{index}]")
