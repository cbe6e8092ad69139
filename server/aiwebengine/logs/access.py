"""One line for each request."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from starlette.types import Scope

from aiwebengine.notes import begin_notes
from aiwebengine.users.types import Role
from aiwebengine.viewer import Viewer
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
    notes = begin_notes(state.get("request_id"))
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
            **_caller(state.get("viewer")),
            "address": address_of(scope),
            "status": answered.status,
            "ms": round(ms, 1),
            "db_ms": round(notes.db_secs * 1_000, 1),
            "db_queries": notes.db_queries,
            "codes": notes.codes or None,
        }
        level = logging.DEBUG if path in _QUIET_PATHS else logging.INFO
        log.log(level, "request", extra=fields)


def _caller(viewer: Viewer | None) -> dict[str, object]:
    """Who asked, and by what; also "anonymous" where nobody had to look, as for a style sheet."""
    if viewer is None:
        return {"user": "anonymous"}
    return {
        "door": viewer.origin.door,
        "user": viewer.label,
        "user_id": viewer.id,
        "roles": _names(viewer.roles),
        "session_id": viewer.session_id,
        "token_id": viewer.token_id,
    }


@lru_cache(256)
def _names(roles: frozenset[Role]) -> list[str] | None:
    return sorted(role.value for role in roles) or None
