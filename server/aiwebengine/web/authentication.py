"""The interface through which routes authenticate requests."""

from __future__ import annotations

from typing import Protocol

from starlette.requests import HTTPConnection

from aiwebengine.core.identity import Viewer


class Authentication(Protocol):
    """Authenticates requests; `auth.authenticator.Authenticator` implements it."""

    async def viewer(self, connection: HTTPConnection, api: str) -> Viewer:
        """The caller; *api* is how it connected, for the audit trail: `web`, `rest` or `graphql`.

        Raises Unauthenticated, RateLimited, Unavailable.
        """

    def must_be_same_origin(self, connection: HTTPConnection) -> None:
        """Raise ForeignOrigin when a page of another origin sent the request."""

    def is_same_origin(self, connection: HTTPConnection) -> bool:
        """False when a page of another origin sent the request."""
