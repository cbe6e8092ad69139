"""Authentication as the routes of features request it."""

from __future__ import annotations

from typing import Protocol

from starlette.requests import HTTPConnection

from aiwebengine.core.identity import Viewer


class Authentication(Protocol):
    """Authenticates requests; `auth/requests.py` does it."""

    async def viewer(self, connection: HTTPConnection, door: str) -> Viewer:
        """Who asks; *door* is the kind of route, for the audit trail.

        Raises Unauthenticated, RateLimited, Unavailable.
        """

    def must_be_same_origin(self, connection: HTTPConnection) -> None:
        """Raise ForeignOrigin when the page of another origin sent it."""

    def is_same_origin(self, connection: HTTPConnection) -> bool:
        """Whether no page of another origin sent it."""
