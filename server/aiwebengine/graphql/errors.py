"""EngineError becomes an error with a code; anything else is logged and hidden."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import Any

from graphql import GraphQLError

from aiwebengine.core.errors import BadUserInput, EngineError
from aiwebengine.core.request_record import note_bug, note_error

log = logging.getLogger(__name__)

HIDDEN = "Something went wrong on our side. The log has the details under this request id."

# A caller's text is shown by so many characters.
SHOWN_CHARACTERS = 80
LONGEST_MESSAGE = 400
_LONG_WORD = re.compile(rf"(\S{{{SHOWN_CHARACTERS}}})\S+")


def told(error: GraphQLError, request_id: str | None) -> dict[str, Any]:
    """The error as a client may see it (GraphQL specification, section 7.1.2)."""
    cause = error.original_error
    if isinstance(cause, EngineError):
        message, extensions = cause.message, {"code": cause.code, **cause.extensions}
    elif cause is None or _is_about_input(error):
        message, extensions = (
            shortened(error.message),
            {"code": BadUserInput.code, **(error.extensions or {})},
        )
    else:
        field = _dotted(error.path)
        if not note_bug(cause, field):
            log.error("graphql.bug", extra={"field": field}, exc_info=cause)
        message, extensions = HIDDEN, {"code": EngineError.code}
    if extensions["code"] == EngineError.code and request_id is not None:
        extensions["requestId"] = request_id
    note_error(str(extensions["code"]), message)
    formatted: dict[str, Any] = {"message": message}
    if error.locations:
        formatted["locations"] = [place.formatted for place in error.locations]
    if error.path is not None:
        formatted["path"] = list(error.path)
    return formatted | {"extensions": extensions}


def shortened(message: str) -> str:
    """The message of a library about a caller's text, without most of a long text in it."""
    return _LONG_WORD.sub(r"\1…", message[:LONGEST_MESSAGE]) + (
        "…" if len(message) > LONGEST_MESSAGE else ""
    )


def _dotted(path: Sequence[str | int] | None) -> str | None:
    return None if path is None else ".".join(map(str, path))


def _is_about_input(error: GraphQLError) -> bool:
    """Whether the engine of GraphQL itself refused a value, outside any resolver of ours.

    An argument's error names its place in the document; that of a value of ours, which does not
    fit its type, names none.
    """
    cause = error.original_error
    return isinstance(cause, GraphQLError) and (error.path is None or bool(cause.nodes))


def refusal(error: EngineError, request_id: str | None) -> dict[str, Any]:
    """An answer without data for a request that was refused before it began."""
    return {"errors": [told(GraphQLError(error.message, original_error=error), request_id)]}
