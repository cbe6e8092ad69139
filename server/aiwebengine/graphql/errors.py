"""Errors for clients: an EngineError with its code; other exceptions are logged and hidden."""

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

# Long words of a caller's text are cut after so many characters.
SHOWN_CHARACTERS = 80
LONGEST_MESSAGE = 400
_LONG_WORD = re.compile(rf"(\S{{{SHOWN_CHARACTERS}}})\S+")


def client_error(error: GraphQLError, request_id: str | None) -> dict[str, Any]:
    """The error as a client may see it (GraphQL specification, section 7.1.2).

    Logs an unexpected exception, and records the code for the request's line in the log.
    """
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
    """A library's error message, with long words (the caller's text) and its end cut off."""
    return _LONG_WORD.sub(r"\1…", message[:LONGEST_MESSAGE]) + (
        "…" if len(message) > LONGEST_MESSAGE else ""
    )


def _dotted(path: Sequence[str | int] | None) -> str | None:
    return None if path is None else ".".join(map(str, path))


def _is_about_input(error: GraphQLError) -> bool:
    """Whether graphql-core refused a value of the client, outside of the engine's resolvers.

    An error on an argument has a location in the document. An error on a resolver's result, which
    does not match its type, has none.
    """
    cause = error.original_error
    return isinstance(cause, GraphQLError) and (error.path is None or bool(cause.nodes))


def refusal(error: EngineError, request_id: str | None) -> dict[str, Any]:
    """The response body for a request that was refused before its execution."""
    cause = GraphQLError(error.message, original_error=error)
    return {"errors": [client_error(cause, request_id)]}
