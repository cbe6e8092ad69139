"""Reads JSON bodies of REST calls."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request

from aiwebengine.core.errors import BadUserInput, EngineError


class UnsupportedMediaType(EngineError):
    """The body is not of the type that the route takes (RFC 9110 section 15.5.16)."""

    code = "BAD_USER_INPUT"
    status = 415


class MalformedBody(EngineError):
    """The body is not what its type says (RFC 9110 section 15.5.1)."""

    code = "BAD_USER_INPUT"
    status = 400


def must_be_json(request: Request) -> None:
    """Raise UnsupportedMediaType unless the body is said to be JSON.

    A form or a plain text could be sent by any site's page without asking us first.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise UnsupportedMediaType(
            f"Content-Type: found {kind or 'none'!r}, allowed is 'application/json'."
        )


async def json_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object. Raises UnsupportedMediaType, MalformedBody, BadUserInput."""
    must_be_json(request)
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise MalformedBody(f"The body is not JSON: {error}.") from None
    if not isinstance(body, dict):
        raise BadUserInput("The body must be a JSON object.")
    return body


def text_field(body: dict[str, Any], name: str, allowed: str) -> str:
    """A member of the body that must be a text; *allowed* says what it may be."""
    value = body.get(name)
    if not isinstance(value, str):
        found = "nothing" if value is None else type(value).__name__
        raise BadUserInput(f"{name}: found {found}; allowed: {allowed}.")
    return value


def flag_field(body: dict[str, Any], name: str) -> bool:
    """A member of the body that is true or false; false when it is left out."""
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise BadUserInput(f"{name}: found {type(value).__name__}; allowed: true, false.")
    return value
