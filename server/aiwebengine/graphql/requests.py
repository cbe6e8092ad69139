"""The parts of a GraphQL request (GraphQL over HTTP, section 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from aiwebengine.core.errors import BadUserInput
from aiwebengine.database.statements import check_text

# Coercion, conversion and messages are recursive.
MOST_DEPTH = 64
# Coercion takes about 3 µs for each value.
MOST_VALUES = 20_000
# Keys are cut to this length in messages.
SHOWN_CHARACTERS = 40


class MalformedRequest(BadUserInput):
    """The request is not a GraphQL request."""

    status = 400


@dataclass(frozen=True)
class GraphQLRequest:
    """A document with its variables and the name of the operation to execute."""

    query: str
    variables: dict[str, Any] = field(default_factory=dict)
    operation_name: str | None = None


def from_body(body: bytes) -> GraphQLRequest:
    """Parse a JSON body. Raises MalformedRequest."""
    try:
        parts = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise MalformedRequest(f"The body is not JSON: {error}.") from None
    return from_parts(parts)


def from_query_string(parameters: Mapping[str, str]) -> GraphQLRequest:
    """Parse the query string of a GET request. Raises MalformedRequest."""
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
    """Check a decoded request and return its parts; unknown members are ignored.

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
    _check_text(query, lambda: "query")
    _check_values(variables)
    # Some clients send an empty name for the only operation.
    return GraphQLRequest(query, variables, operation_name or None)


def _check_values(variables: dict[str, Any]) -> None:
    """Raise MalformedRequest for too many or too deep variables, or text that can't be stored.

    The path of a value is only computed for an error message, so all values take the same time.
    """
    for text in _measured_texts(variables):
        _check_text(text, lambda found=text: _path_to(found, variables))  # type: ignore[misc]


def _measured_texts(variables: dict[str, Any]) -> list[str]:
    """All strings among the values. Raises MalformedRequest for too many values or levels."""
    texts: list[str] = []
    levels, count = -1, 0
    level: list[object] = [variables]
    while level:
        levels += 1
        below: list[object] = []
        for value in level:
            if isinstance(value, dict):
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
            elif isinstance(value, str):
                texts.append(value)
        count += len(below)
        if count > MOST_VALUES:
            raise MalformedRequest(
                f"variables: found more than {MOST_VALUES} values; allowed: {MOST_VALUES}."
            )
        level = below
    if levels > MOST_DEPTH:
        raise MalformedRequest(
            f"variables: found {levels} levels of nesting; allowed: {MOST_DEPTH}."
        )
    return texts


def _check_text(text: str, name: Callable[[], str]) -> None:
    try:
        check_text("", text)
    except BadUserInput as error:
        raise MalformedRequest(name() + error.message) from None


def _path_to(text: str, variables: dict[str, Any]) -> str:
    """The path of this text in the variables, such as `variables.filter.ids[3]`."""
    # Each entry: a value, the last step of its path, and the entry that contains it.
    waiting: list[tuple[object, str, Any]] = [(variables, "variables", None)]
    while waiting:
        here = waiting.pop()
        if here[0] is text:
            steps = []
            while here is not None:
                steps.append(here[1])
                here = here[2]
            return "".join(reversed(steps))
        waiting.extend((inner, step, here) for step, inner in _inside(here[0]))
    return "variables"


def _inside(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f".{key[:SHOWN_CHARACTERS]}", inner
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield f"[{index}]", inner
