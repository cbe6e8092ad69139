"""Which messages a version receives, as its author writes it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from aiwebengine.core.errors import BadUserInput
from aiwebengine.script_messages.types import LONGEST_TYPE, MOST_TYPES

HANDLER = "message"
"""The handler of all messages of a module."""
LONGEST_HANDLER = 600
_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]*")


def checked_type(place: str, name: Any) -> str:
    """The name of a type of messages. Raises BadUserInput."""
    if not isinstance(name, str) or len(name) > LONGEST_TYPE or not _TYPE.fullmatch(name):
        raise BadUserInput(
            f"{place}: the type is {name!r:.120}; allowed: 1 to {LONGEST_TYPE} of A-Z, a-z, 0-9 and"
            " . _ : / -, beginning with a letter or digit."
        )
    return name


def handlers_of(registrations: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The handlers of a version by the types of messages that it receives. Raises BadUserInput."""
    found: dict[str, str] = {}
    for one in registrations:
        if one.get("kind") == "listener":
            name = checked_type("messages", one.get("type"))
            found[name] = str(one.get("handler", ""))[:LONGEST_HANDLER]
    if len(found) > MOST_TYPES:
        raise BadUserInput(f"messages: found {len(found)} types; allowed: {MOST_TYPES}.")
    if HANDLER in found.values() and not has_handler(registrations):
        raise BadUserInput("messages: the default export has no function message, which gets them.")
    return found


def has_handler(registrations: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a module has a handler for messages."""
    return any(one.get("kind") == HANDLER for one in registrations)
