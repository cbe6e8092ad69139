"""Errors of REST calls as problem details (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson
from starlette.responses import Response

from aiwebengine.core.errors import EngineError, RateLimited
from aiwebengine.core.request_record import note_error

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_SECS = 2


def problem(
    status: int, detail: str, code: str, request_id: str | None, extensions: dict[str, Any]
) -> Response:
    """A response with problem details of type about:blank (RFC 9457 section 4.2.1).

    Also records *code* and *detail* for the request's line in the log.
    """
    note_error(code, detail)
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "requestId": request_id,
        **extensions,
    }
    return Response(
        orjson.dumps(body), status, {"Cache-Control": "no-store"}, media_type=MEDIA_TYPE
    )


def of_error(error: EngineError, request_id: str | None) -> Response:
    """The response for *error* as problem details."""
    response = problem(error.status, error.message, error.code, request_id, error.extensions)
    response.headers.update(headers_of(error))
    return response


def headers_of(error: EngineError) -> dict[str, str]:
    """Additional headers for *error*: `Retry-After` or `WWW-Authenticate`."""
    if isinstance(error, RateLimited):
        return {"Retry-After": str(error.retry_after)}
    if error.status == 503:
        return {"Retry-After": str(RETRY_AFTER_SECS)}
    # RFC 6750 section 3.
    return {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
