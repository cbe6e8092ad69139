"""Reads JSON bodies of REST calls."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.requests import Request

from aiwebengine.core.errors import BadUserInput, EngineError


class UnsupportedMediaType(EngineError):
    """The Content-Type of the body is not one that the route accepts (RFC 9110 section 15.5.16)."""

    code = "BAD_USER_INPUT"
    status = 415


class MalformedBody(EngineError):
    """The body can't be parsed as its Content-Type (RFC 9110 section 15.5.1)."""

    code = "BAD_USER_INPUT"
    status = 400


def must_be_json(request: Request) -> None:
    """Raise UnsupportedMediaType unless the Content-Type is JSON.

    A page of any site could send a form or plain text without a CORS preflight request.
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
    """A member of the body that must be a string. Raises BadUserInput, which names *allowed*."""
    value = body.get(name)
    if not isinstance(value, str):
        found = "nothing" if value is None else type(value).__name__
        raise BadUserInput(f"{name}: found {found}; allowed: {allowed}.")
    return value


def texts_field(body: dict[str, Any], name: str, allowed: str) -> list[str]:
    """A member of the body that must be a list of strings. Raises BadUserInput."""
    value = body.get(name)
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        found = "nothing" if value is None else type(value).__name__
        raise BadUserInput(f"{name}: found {found}; allowed: {allowed}.")
    return value


def flag_field(body: dict[str, Any], name: str) -> bool:
    """A boolean member of the body; False when it is missing. Raises BadUserInput."""
    value = body.get(name, False)
    if not isinstance(value, bool):
        raise BadUserInput(f"{name}: found {type(value).__name__}; allowed: true, false.")
    return value
