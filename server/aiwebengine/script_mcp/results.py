"""Results of tools in the form of the protocol."""

from __future__ import annotations

from typing import Any

import orjson

from aiwebengine.core.errors import EngineError
from aiwebengine.script_mcp.sources import Json

MOST_ANSWER_BYTES = 1_000_000
"""Bytes of one result as JSON."""


class AnswerTooLarge(EngineError):
    """The result of a tool, prompt or resource exceeds MOST_ANSWER_BYTES."""

    code = "LIMIT"
    status = 502


def of_value(value: Any) -> Json:
    """A result with *value* as text and, from an object on, as structured content."""
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    result: Json = {"content": [{"type": "text", "text": text}], "isError": False}
    if not isinstance(value, str):
        # Versions of the protocol up to 2025-11-25 take objects only.
        result["structuredContent"] = value if isinstance(value, dict) else {"result": value}
    return result


def of_error(message: str, code: str, request_id: str | None) -> Json:
    """The result of a tool that failed, which the model reads."""
    about = f" (request {request_id})" if request_id else ""
    return {
        "content": [{"type": "text", "text": f"{code}: {message}{about}"}],
        "isError": True,
    }


def bounded(result: Json, most: int = MOST_ANSWER_BYTES) -> Json:
    """The result, if it is not too large. Raises AnswerTooLarge."""
    size = len(orjson.dumps(result, default=str))
    if size > most:
        raise AnswerTooLarge(f"The answer has {size} bytes; allowed: {most}. Ask for less at once.")
    return result
