"""Requests that only one script may answer: those that the panel Run sends by the browser.

They carry the session of a person, and go where a request leads that somebody else may have saved.
With this header they reach neither the engine nor another script.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from aiwebengine.core.errors import EngineError, NotFound
from aiwebengine.script_routes.active import ServedRoute
from aiwebengine.script_routes.matching import Match, NoSuchMethod
from aiwebengine.web.headers import header, request_id
from aiwebengine.web.problems import of_error

ONLY_SCRIPT = b"x-aiwebengine-script"
"""Header with the slug of the script."""


def must_be_answered_by(scope: Scope, found: Match[ServedRoute] | NoSuchMethod | None) -> None:
    """Raise NotFound for a request with the header that *found* is not the script of."""
    slug = header(scope, ONLY_SCRIPT)
    if slug is None or isinstance(found, NoSuchMethod):
        return
    if found is None or found.route.script.slug != slug:
        raise NotFound(f"The script {slug[:100]} has no route for {scope['path'][:200]}.")


class NoScript:
    """Middleware in place of scripts where they are off: it refuses requests with the header."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the class."""
        answer = self._app
        if scope["type"] != "lifespan":
            try:
                must_be_answered_by(scope, None)
            except EngineError as error:
                answer = of_error(error, request_id(scope))
        await answer(scope, receive, send)
