"""Turns what handlers of scripts return into results of the protocol."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import orjson

from aiwebengine.core.errors import EngineError
from aiwebengine.script_mcp import results
from aiwebengine.script_mcp.sources import Json

MOST_PARTS = 100
"""Parts of one result, and messages of one prompt."""
_ROLES = ("user", "assistant")
_MEDIA = ("image", "audio")


class UnusableResult(EngineError):
    """A handler returned what can't be sent."""

    code = "SCRIPT_FAILED"


def tool_result(value: Any) -> Json:
    """The result of a tool: text, an object with `content`, an HTTP answer, or any JSON value.

    Raises UnusableResult.
    """
    if isinstance(value, Mapping) and isinstance(value.get("content"), list):
        return _content_result(value)
    if isinstance(value, Mapping) and _is_http_answer(value):
        # ResponseBuilder of the classic form.
        result = results.of_value(str(value["body"]))
        return result | {"isError": value["status"] >= 400}
    return results.of_value(value)


def prompt_result(value: Any, description: str | None) -> Json:
    """The messages of a prompt: text, a list of messages, or an object with `messages`.

    Raises UnusableResult.
    """
    value = _parsed(value, "messages")
    if isinstance(value, Mapping):
        description = _text(value.get("description")) or description
        value = value.get("messages", value)
    if isinstance(value, str):
        value = [{"role": "user", "content": value}]
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_PARTS:
        raise UnusableResult(f"The prompt returned no list of 1 to {MOST_PARTS} messages.")
    result: Json = {"messages": [_message(one) for one in value]}
    return result | ({"description": description} if description else {})


def resource_result(uri: str, value: Any, mime_type: str | None) -> Json:
    """The content of a resource: text, an object with `text` or `blob`, or any JSON value.

    Raises UnusableResult.
    """
    found: Json = {"uri": uri}
    if isinstance(value, Mapping):
        mime_type = _text(value.get("mimeType")) or mime_type
    if isinstance(value, Mapping) and "blob" in value:
        found["blob"] = _base64(value["blob"])
    elif isinstance(value, Mapping) and isinstance(value.get("text"), str):
        found["text"] = value["text"]
    elif isinstance(value, str):
        found["text"] = value
    else:
        found["text"], mime_type = orjson.dumps(value).decode(), mime_type or "application/json"
    if mime_type is not None:
        found["mimeType"] = mime_type
    return {"contents": [found], "ttlMs": 0, "cacheScope": "private"}


def _content_result(value: Mapping[str, Any]) -> Json:
    parts = value["content"]
    if len(parts) > MOST_PARTS:
        raise UnusableResult(f"The result has {len(parts)} parts; allowed: {MOST_PARTS}.")
    result: Json = {
        "content": [_part(one) for one in parts],
        "isError": value.get("isError") is True,
    }
    structured = value.get("structuredContent")
    if structured is not None:
        is_object = isinstance(structured, Mapping)
        result["structuredContent"] = structured if is_object else {"result": structured}
    return result


def _message(found: Any) -> Json:
    if not isinstance(found, Mapping):
        raise UnusableResult("A message of the prompt is not an object.")
    role = found.get("role", "user")
    if role not in _ROLES:
        raise UnusableResult(
            f"A message has the role {str(role)[:40]!r}; allowed: user, assistant."
        )
    return {"role": role, "content": _part(found.get("content"))}


def _part(found: Any) -> Json:
    """A part of a result: text, an image or sound, or a link to a resource."""
    if isinstance(found, str):
        return {"type": "text", "text": found}
    kind = found.get("type") if isinstance(found, Mapping) else None
    if kind == "text" and isinstance(found.get("text"), str):
        return {"type": "text", "text": found["text"]}
    if kind in _MEDIA and isinstance(found.get("mimeType"), str):
        return {"type": kind, "data": _base64(found.get("data")), "mimeType": found["mimeType"]}
    if kind == "resource_link" and isinstance(found.get("uri"), str):
        name = _text(found.get("name")) or found["uri"]
        return {"type": "resource_link", "uri": found["uri"], "name": name}
    raise UnusableResult(
        f"A part of the result is not usable: found the type {str(kind)[:40]!r}; allowed: text with"
        " text, image and audio with data and mimeType, resource_link with uri."
    )


def _base64(found: Any) -> str:
    try:
        base64.b64decode(found, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise UnusableResult("The data of a part is neither bytes nor base64.") from None
    return str(found)


def _is_http_answer(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("status"), int) and isinstance(value.get("body"), str)


def _parsed(value: Any, member: str) -> Any:
    """JSON of an object with this member as that object; anything else as it is."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            found = orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
        return found if member in found else value
    return value


def _text(found: Any) -> str | None:
    return found if isinstance(found, str) and found else None
