"""Saved requests and their limits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import strawberry

from aiwebengine.scripts.run_types import HttpHeader

MOST_OF_SCRIPT = 100
"""Saved requests of one script."""
LARGEST_TOTAL = 1_000_000
"""Characters of all saved requests of one script, so that a list of them stays small."""
LONGEST_NAME = 100
LONGEST_PATH = 8_000
"""As long as a run allows."""
MOST_HEADERS = 100
"""As many as a run allows."""
LARGEST_HEADERS = 64_000
"""Characters of all headers of a request, with their names."""
LONGEST_BODY = 256_000


@dataclass(frozen=True)
class NewRequest:
    """A request to save."""

    name: str
    method: str
    path: str
    """With its query."""
    headers: tuple[tuple[str, str], ...]
    body: str
    as_viewer: bool

    @property
    def size(self) -> int:
        """Characters that it has."""
        headers = sum(len(name) + len(value) for name, value in self.headers)
        return len(self.name) + len(self.path) + len(self.body) + headers


@strawberry.type
class ScriptRequest:
    """A request to a script that an owner saved. All its owners share it.

    Attributes:
        id: ID of the request.
        name: its name, unique in the script.
        method: method of HTTP.
        path: path with its query.
        headers: headers, in order.
        body: the body as text; empty for none.
        as_viewer: whether `runScript` should send it as the caller instead of as an anonymous
          visitor.
        saved_at: when it was last saved.
        saved_by: who saved it last.
    """

    id: strawberry.ID
    name: str
    method: str
    path: str
    headers: list[HttpHeader]
    body: str
    as_viewer: bool
    saved_at: datetime
    saved_by: str
