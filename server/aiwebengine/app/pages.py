"""Pages that the server renders itself, and error pages for people and scripts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from aiwebengine import __version__
from aiwebengine.audit.denials import Denials
from aiwebengine.auth.authenticator import Authenticator
from aiwebengine.auth.redirects import sign_in_address
from aiwebengine.core.errors import EngineError, Forbidden, NotFound, Unauthenticated
from aiwebengine.core.identity import Role, Viewer, anonymous, in_order
from aiwebengine.core.request_record import note_error
from aiwebengine.core.rights import needs, open_to_all
from aiwebengine.core.untrusted_text import on_one_line
from aiwebengine.health.state import DATABASE
from aiwebengine.health.types import EngineStatus
from aiwebengine.web import problems
from aiwebengine.web.files import Frontend
from aiwebengine.web.headers import request_id
from aiwebengine.web.patterns import method_of, pattern_of

LONGEST_PATH = 200
_TITLES = {
    401: "Sign in first",
    403: "You don't have access to this page",
    404: "Page not found",
    503: "The engine is down",
}


class Pages:
    """Home, manager, editor, playground; *state_now* returns the state of the engine."""

    def __init__(
        self,
        frontend: Frontend,
        authenticator: Authenticator,
        refusals: Denials,
        state_now: Callable[[], Awaitable[EngineStatus]],
    ) -> None:
        self._frontend = frontend
        self._doorkeeper = authenticator
        self._refusals = refusals
        self._state_now = state_now

    def routes(self) -> list[BaseRoute]:
        """The pages' addresses."""
        return [
            Route("/", self._home, methods=["GET"]),
            Route("/engine/admin", self._manager, methods=["GET"]),
            Route("/engine/admin/{path:path}", self._manager, methods=["GET"]),
            Route("/editor", self._editor, methods=["GET"]),
        ]

    async def playground(self, _: Request) -> Response:
        """What a browser gets at the address of the GraphQL endpoint."""
        return self._frontend.page("graphiql.html")

    async def refused(self, request: Request, error: Exception) -> Response:
        """A refusal: a page for a person, a problem for a script."""
        assert isinstance(error, EngineError)  # noqa: S101 - registered for nothing else
        if isinstance(error, Forbidden):
            await self._note_refusal(request, error)
        if _is_page(request):
            note_error(error.code, error.message)
            page = self._frontend.page(
                "message.html",
                status=error.status,
                title=_TITLES.get(error.status, "This did not work"),
                detail=error.message,
                request_id=request_id(request.scope),
                **await self._way_on(request, error),
            )
            page.headers.update(problems.headers_of(error))
            return page
        return problems.of_error(error, request_id(request.scope))

    async def http_error(self, request: Request, error: Exception) -> Response:
        """What the router refuses: an unknown address, a wrong method."""
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for nothing else
        if error.status_code == 404:
            return await self.refused(request, NotFound(f"There is nothing at {_shown(request)}."))
        response = problems.problem(
            error.status_code, error.detail, "BAD_USER_INPUT", request_id(request.scope), {}
        )
        response.headers.update(error.headers or {})
        return response

    @open_to_all
    async def _home(self, request: Request) -> Response:
        """Home: who one is, links to the manager, the editor and GraphQL, the state of the engine.

        Answers:
            200: the page.
            503: the page, with what is wrong with the engine.
        """
        engine = await self._state_now()
        # An engine that is about to stop still answers everything: see server.drain_secs.
        is_down = DATABASE in engine.reasons
        reasons = [f"{name.capitalize()}: {why}" for name, why in engine.reasons.items()]
        if is_down:
            self._doorkeeper.recall(request)
            note_error(EngineError.code, "; ".join(reasons))
        viewer = await self._doorkeeper.viewer(request, "web") if not is_down else None
        signed_in = viewer is not None and viewer.is_signed_in
        is_administrator = viewer is not None and Role.ADMINISTRATOR in viewer.roles
        return self._frontend.page(
            "home.html",
            status=503 if is_down else 200,
            viewer=viewer if signed_in else None,
            is_administrator=is_administrator,
            roles=[role.value for role in in_order(viewer.roles)] if viewer is not None else [],
            state=engine.state.value,
            # What is failing is for administrators; why the engine is down is for everybody.
            failing=[check.title for check in engine.failing] if is_administrator else [],
            reasons=reasons,
            version=__version__,
        )

    @needs(Role.ADMINISTRATOR)
    async def _manager(self, request: Request) -> Response:
        """The manager, a single-page application: one page for every address below it.

        Answers:
            200: the page.
            303: to the sign-in, and back here after it.

        Raises Unauthenticated for who asks for JSON, Forbidden.
        """
        return await self._page_for(request, "index.html", Role.ADMINISTRATOR)

    @needs((Role.EDITOR, Role.ADMINISTRATOR))
    async def _editor(self, request: Request) -> Response:
        """The editor of scripts; a page that says it will be here later.

        Answers:
            200: the page.
            303: to the sign-in, and back here after it.

        Raises Unauthenticated for who asks for JSON, Forbidden.
        """
        return await self._page_for(
            request,
            "message.html",
            Role.EDITOR,
            Role.ADMINISTRATOR,
            title="There is no editor yet",
            detail="A later version will have an editor for scripts at this address.",
            is_signed_in=True,
        )

    async def _page_for(self, request: Request, page: str, *roles: Role, **values: Any) -> Response:
        """A page for holders of one of the roles; others are sent to sign in, or refused."""
        viewer = await self._doorkeeper.viewer(request, "web")
        if not viewer.is_signed_in:
            if _wants_json(request):
                raise Unauthenticated("Sign in first.")
            return RedirectResponse(sign_in_address(_path(request)), 303)
        viewer.must_read()
        if not viewer.roles & set(roles):
            raise Forbidden(
                f"This page needs the role {' or '.join(role.value for role in roles)}."
            )
        return self._frontend.page(page, **values)

    async def _way_on(self, request: Request, error: EngineError) -> dict[str, Any]:
        """Who reads a refusal, for the links on it: to sign in, or to the lines of the log."""
        if error.status >= 500:
            # Nobody can sign in now, and nothing is known of who this is.
            return {"is_signed_in": True}
        viewer = getattr(request.state, "viewer", None) or await self._viewer_or_stranger(request)
        is_administrator = viewer.is_signed_in and Role.ADMINISTRATOR in viewer.roles
        return {
            "is_signed_in": viewer.is_signed_in,
            "label": viewer.label if viewer.is_signed_in else None,
            "roles": [role.value for role in in_order(viewer.roles)],
            "is_administrator": is_administrator,
            "sign_in": sign_in_address(_path(request)),
        }

    async def _note_refusal(self, request: Request, error: EngineError) -> None:
        viewer = getattr(request.state, "viewer", None)
        if viewer is None:
            viewer = await self._viewer_or_stranger(request)
        # The route's pattern, not the path: a caller chooses that, and nobody can remove an event.
        operation = f"{method_of(request.scope)} {pattern_of(request.scope)}"
        await self._refusals.note(viewer, operation, error)

    async def _viewer_or_stranger(self, request: Request) -> Viewer:
        """Who sent a request that was refused before anybody looked."""
        try:
            return await self._doorkeeper.viewer(request, "web")
        except EngineError:
            return anonymous(self._doorkeeper.origin(request, "web"))


def _path(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _shown(request: Request) -> str:
    """The path as a message may show it."""
    path = on_one_line(request.url.path[: LONGEST_PATH + 1])
    return path if len(path) <= LONGEST_PATH else f"{path[:LONGEST_PATH]}…"


def _wants_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return "json" in accept and "text/html" not in accept


def _is_page(request: Request) -> bool:
    """Whether a person looks at the answer."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(
        ("/api/", "/health", "/metrics")
    )
