"""Arguments of the classic `database` functions, which come as JSON text or as values."""

from __future__ import annotations

from typing import Any

import orjson

from aiwebengine.core.errors import BadUserInput


def parsed(value: Any) -> Any:
    """A JSON text as its value; other text as it is."""
    if isinstance(value, str):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def json_object(name: str, value: Any, default: dict[str, Any] | None = None) -> dict[str, Any]:
    """A JSON object. Raises BadUserInput."""
    found = parsed(value)
    if found is None or found == "":
        found = default
    if not isinstance(found, dict):
        raise BadUserInput(f"{name} must be a JSON object; found {str(value)[:100]!r}.")
    return found


def filters_of(value: Any) -> dict[str, Any]:
    """Filters: an object, or the value of `id`."""
    found = parsed(value)
    if isinstance(found, dict):
        if not found:
            raise BadUserInput("The filter is empty; name the rows.")
        return found
    return {"id": found}


def columns_of(value: Any) -> list[str]:
    """Names of columns: a JSON array, or a text with commas. Raises BadUserInput."""
    found = parsed(value)
    if isinstance(found, str):
        found = [part.strip() for part in found.split(",")]
    if not isinstance(found, list) or not found or not all(isinstance(one, str) for one in found):
        raise BadUserInput(f"columns must be a list of names; found {str(value)[:100]!r}.")
    return list(dict.fromkeys(found))


def integer(name: str, value: Any) -> int:
    """A whole number. Raises BadUserInput."""
    try:
        found = int(value)
    except (TypeError, ValueError, OverflowError):
        raise BadUserInput(f"{name} must be a number; found {str(value)[:100]!r}.") from None
    return found


def direction_of(value: Any) -> str:
    """`asc` or `desc`. Raises BadUserInput."""
    text = "asc" if value is None else str(value).lower()
    if text not in ("asc", "desc"):
        raise BadUserInput(f"The direction must be asc or desc; found {text[:50]!r}.")
    return text
