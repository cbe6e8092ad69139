"""One line for each request."""

from __future__ import annotations

import logging
import time
from functools import lru_cache

from starlette.types import Scope

from aiwebengine.core.errors import EngineError
from aiwebengine.core.field_log import FieldLogger
from aiwebengine.core.identity import Role, Viewer
from aiwebengine.core.request_record import RequestRecord, begin_request_record
from aiwebengine.web.headers import address_of

log = FieldLogger(logging.getLogger(__name__))

LONGEST_PATH = 500
_QUIET_PATHS = {"/health"}


class RequestLine:
    """Logs one line for the request handled in the `with` block, also when the block raises.

    The block sets the HTTP `status`; an operation on a WebSocket has None. The line has the path
    without the query string and the operation without its variables, because both may hold secrets.
    """

    __slots__ = ("_method", "_notes", "_scope", "began", "status")

    def __init__(self, scope: Scope, method: str) -> None:
        self._scope = scope
        self._method = method
        self.status: int | None = None

    def __enter__(self) -> RequestLine:
        state = self._scope.setdefault("state", {})
        self._notes = begin_request_record(state.get("request_id"))
        self.began = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        secs = time.perf_counter() - self.began
        scope, notes, status = self._scope, self._notes, self.status
        path, state = scope["path"], scope["state"]
        fields = {
            "request_id": notes.request_id,
            "method": self._method,
            "path": path if len(path) <= LONGEST_PATH else f"{path[:LONGEST_PATH]}…",
            "script": state.get("script"),
            "operation": notes.operation,
            "kind": notes.kind,
            **_caller(scope, state.get("viewer")),
            "address": address_of(scope),
            "status": status,
            "ms": round(secs * 1_000, 1),
            "db_ms": round(notes.db_secs * 1_000, 1),
            "db_queries": notes.db_queries,
            "codes": notes.codes or None,
            "error": notes.error,
            "field": notes.bug_field,
        }
        # One line for each request: it also has the stack trace of an internal error.
        log.log(
            _level(path, status, notes, is_script="script" in state),
            "request",
            extra=fields,
            exc_info=notes.bug,
        )


def _level(path: str, status: int | None, notes: RequestRecord, *, is_script: bool) -> int:
    """ERROR for an internal failure, also one in a GraphQL response with status 200; else INFO.

    A script that fails is its author's concern: WARNING.
    """
    if path in _QUIET_PATHS:
        # Monitoring requests it every few seconds; `database.down` and the checks log its result.
        return logging.DEBUG
    has_failed = (status or 0) >= 500 or EngineError.code in notes.codes
    if is_script and notes.bug is None:
        return logging.WARNING if has_failed else logging.INFO
    return logging.ERROR if has_failed else logging.INFO


def _caller(scope: Scope, viewer: Viewer | None) -> dict[str, object]:
    """The log fields for the caller and its credential.

    Without a *viewer* (the request was refused before authentication), the user is the owner of the
    session or token when it was last used, "unknown" if it was never used, and "anonymous" if the
    request has no credential.
    """
    if viewer is None:
        default = ("unknown" if _has_credential(scope) else "anonymous", None)
        label, user_id = scope["state"].get("caller", default)
        return {"user": label, "user_id": user_id}
    return {
        "door": viewer.origin.door,
        "user": viewer.label,
        "user_id": viewer.id,
        "roles": _names(viewer.roles),
        "session_id": viewer.session_id,
        "token_id": viewer.token_id,
    }


def _has_credential(scope: Scope) -> bool:
    return any(
        (name == b"cookie" and b"aiwebengine_session=" in value)
        or (name == b"authorization" and value[:7].lower() == b"bearer ")
        for name, value in scope["headers"]
    )


@lru_cache(256)
def _names(roles: frozenset[Role]) -> list[str] | None:
    return sorted(role.value for role in roles) or None
