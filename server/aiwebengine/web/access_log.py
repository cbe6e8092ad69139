"""One line for each request."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from starlette.types import Scope

from aiwebengine.core.errors import EngineError
from aiwebengine.core.identity import Role, Viewer
from aiwebengine.core.request_record import RequestRecord, begin_request_record
from aiwebengine.web.headers import address_of

log = logging.getLogger(__name__)

LONGEST_PATH = 500
_QUIET_PATHS = {"/health"}


@dataclass
class Answered:
    """How it ended; the status is None for an operation on a socket, which has none."""

    status: int | None = None


@contextmanager
def request_line(scope: Scope, method: str) -> Iterator[Answered]:
    """Write the line of what is answered within, whatever becomes of it.

    Paths are told without the query string, operations without variables: they may hold secrets.
    """
    state = scope.setdefault("state", {})
    notes = begin_request_record(state.get("request_id"))
    began, answered = time.perf_counter(), Answered()
    try:
        yield answered
    finally:
        ms = (time.perf_counter() - began) * 1_000
        path = scope["path"]
        shown = path if len(path) <= LONGEST_PATH else f"{path[:LONGEST_PATH]}…"
        fields = {
            "request_id": notes.request_id,
            "method": method,
            "path": shown,
            "operation": notes.operation,
            "kind": notes.kind,
            **_caller(scope, state.get("viewer")),
            "address": address_of(scope),
            "status": answered.status,
            "ms": round(ms, 1),
            "db_ms": round(notes.db_secs * 1_000, 1),
            "db_queries": notes.db_queries,
            "codes": notes.codes or None,
            "error": notes.error,
            "field": notes.bug_field,
        }
        # One line a request: the trace of a fault stands in it, beside who asked what.
        log.log(_level(path, answered.status, notes), "request", extra=fields, exc_info=notes.bug)


def _level(path: str, status: int | None, notes: RequestRecord) -> int:
    """A failure of ours is an error, also one that GraphQL answers with 200."""
    if path in _QUIET_PATHS:
        # Asked every few seconds; `database.down` and the health checks say what it answers.
        return logging.DEBUG
    has_failed = (status or 0) >= 500 or EngineError.code in notes.codes
    return logging.ERROR if has_failed else logging.INFO


def _caller(scope: Scope, viewer: Viewer | None) -> dict[str, object]:
    """Who asked, and by what.

    Who showed a token or session that was not looked up is who it belonged to when it was last
    seen, else "unknown"; "anonymous" is who showed none.
    """
    if viewer is None:
        unseen = ("unknown" if _shows_credential(scope) else "anonymous", None)
        label, user_id = scope["state"].get("caller", unseen)
        return {"user": label, "user_id": user_id}
    return {
        "door": viewer.origin.door,
        "user": viewer.label,
        "user_id": viewer.id,
        "roles": _names(viewer.roles),
        "session_id": viewer.session_id,
        "token_id": viewer.token_id,
    }


def _shows_credential(scope: Scope) -> bool:
    return any(
        (name == b"cookie" and b"aiwebengine_session=" in value)
        or (name == b"authorization" and value[:7].lower() == b"bearer ")
        for name, value in scope["headers"]
    )


@lru_cache(256)
def _names(roles: frozenset[Role]) -> list[str] | None:
    return sorted(role.value for role in roles) or None
