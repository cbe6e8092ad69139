"""Pages that the server renders, and the responses to errors: a page or problem details."""

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
    401: "Sign-in required",
    403: "You don't have access to this page",
    404: "Page not found",
    503: "The engine is down",
}


class Pages:
    """The home page, manager, editor, GraphQL playground and error pages.

    *state_now* returns the state of the engine; *refusals* records denied requests;
    *administrators* returns the addresses that a signed-in user without access may ask.
    """

    def __init__(
        self,
        frontend: Frontend,
        authenticator: Authenticator,
        refusals: Denials,
        state_now: Callable[[], Awaitable[EngineStatus]],
        administrators: Callable[[Viewer], Awaitable[list[str]]],
    ) -> None:
        self._frontend = frontend
        self._authenticator = authenticator
        self._refusals = refusals
        self._state_now = state_now
        self._administrators = administrators

    def routes(self) -> list[BaseRoute]:
        """The routes of the pages."""
        return [
            Route("/", self._home, methods=["GET"]),
            Route("/engine/admin", self._manager, methods=["GET"]),
            Route("/engine/admin/{path:path}", self._manager, methods=["GET"]),
            Route("/editor", self._editor, methods=["GET"]),
            Route("/editor/{path:path}", self._editor, methods=["GET"]),
        ]

    async def playground(self, request: Request) -> Response:
        """The GraphQL playground, which a browser gets at the address of the endpoint."""
        viewer = await self._viewer_or_anonymous(request)
        return self._frontend.page("graphiql.html", **_places(viewer))

    async def refused(self, request: Request, error: Exception) -> Response:
        """The response for an EngineError: a page in a browser, problem details for a script."""
        assert isinstance(error, EngineError)  # noqa: S101 - registered for nothing else
        if isinstance(error, Forbidden):
            await self._note_refusal(request, error)
        if _is_page(request):
            note_error(error.code, error.message)
            page = self._frontend.page(
                "message.html",
                status=error.status,
                title=_TITLES.get(error.status, "Request failed"),
                detail=error.message,
                request_id=request_id(request.scope),
                **await self._reader(request, error),
            )
            page.headers.update(problems.headers_of(error))
            return page
        return problems.of_error(error, request_id(request.scope))

    async def http_error(self, request: Request, error: Exception) -> Response:
        """The response for an error of the router: an unknown path or a method it has not."""
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
        """Home page: the user, the state of the engine, links to manager, editor and GraphQL.

        Answers:
            200: the page.
            503: the page with the reasons why the engine is down.
        """
        engine = await self._state_now()
        # An engine that is about to stop still answers all requests: see server.drain_secs.
        is_down = DATABASE in engine.reasons
        reasons = [f"{name.capitalize()}: {why}" for name, why in engine.reasons.items()]
        if is_down:
            self._authenticator.recall(request)
            note_error(EngineError.code, "; ".join(reasons))
        viewer = await self._authenticator.viewer(request, "web") if not is_down else None
        signed_in = viewer is not None and viewer.is_signed_in
        is_administrator = viewer is not None and Role.ADMINISTRATOR in viewer.roles
        return self._frontend.page(
            "home.html",
            **_places(viewer),
            status=503 if is_down else 200,
            viewer=viewer if signed_in else None,
            roles=[role.value for role in in_order(viewer.roles)] if viewer is not None else [],
            state=engine.state.value,
            # Only administrators see the failing checks; everyone sees why the engine is down.
            failing=[check.title for check in engine.failing] if is_administrator else [],
            reasons=reasons,
            version=__version__,
        )

    @needs(Role.ADMINISTRATOR)
    async def _manager(self, request: Request) -> Response:
        """The manager, a single-page application: the same page for every path below it.

        Answers:
            200: the page.
            303: to the sign-in page, which returns here afterwards.

        Raises Unauthenticated if the client asks for JSON, Forbidden.
        """
        return await self._page_for(request, "index.html", Role.ADMINISTRATOR)

    @needs((Role.EDITOR, Role.ADMINISTRATOR))
    async def _editor(self, request: Request) -> Response:
        """The script editor, a single-page application: the same page for every path below it.

        Answers:
            200: the page.
            303: to the sign-in page, which returns here afterwards.

        Raises Unauthenticated if the client asks for JSON, Forbidden.
        """
        return await self._page_for(request, "editor.html", Role.EDITOR, Role.ADMINISTRATOR)

    async def _page_for(self, request: Request, page: str, *roles: Role) -> Response:
        """A page for users with one of *roles*. Redirects anonymous callers to the sign-in page.

        Raises Unauthenticated if an anonymous caller asks for JSON, Forbidden without a role.
        """
        viewer = await self._authenticator.viewer(request, "web")
        if not viewer.is_signed_in:
            if _wants_json(request):
                raise Unauthenticated("Sign in first.")
            return RedirectResponse(sign_in_address(_path(request)), 303)
        viewer.must_read()
        if not viewer.roles & set(roles):
            raise Forbidden(
                f"This page needs the role {' or '.join(role.value for role in roles)}."
            )
        return self._frontend.page(page)

    async def _reader(self, request: Request, error: EngineError) -> dict[str, Any]:
        """Template values on the reader of an error page: who it is, whom to ask, where to go."""
        if error.status >= 500:
            # The user is unknown and can't sign in now: show no link to the sign-in page.
            return {"is_signed_in": True}
        viewer = getattr(request.state, "viewer", None) or await self._viewer_or_anonymous(request)
        return {
            **_places(viewer),
            "is_signed_in": viewer.is_signed_in,
            "label": viewer.label if viewer.is_signed_in else None,
            "roles": [role.value for role in in_order(viewer.roles)],
            "administrators": await self._whom_to_ask(viewer, error),
            "sign_in": sign_in_address(_path(request)),
        }

    async def _whom_to_ask(self, viewer: Viewer, error: EngineError) -> list[str]:
        """Addresses of administrators, for signed-in users who lack a role; no one else's."""
        may_ask = viewer.is_signed_in and Role.ADMINISTRATOR not in viewer.roles
        if not (may_ask and isinstance(error, Forbidden)):
            return []
        try:
            return await self._administrators(viewer)
        except EngineError:
            # The page explains the refusal without them.
            return []

    async def _note_refusal(self, request: Request, error: EngineError) -> None:
        viewer = getattr(request.state, "viewer", None)
        if viewer is None:
            viewer = await self._viewer_or_anonymous(request)
        # The route's pattern instead of the path: the caller chooses the path, and audit events
        # can't be removed.
        operation = f"{method_of(request.scope)} {pattern_of(request.scope)}"
        await self._refusals.note(viewer, operation, error)

    async def _viewer_or_anonymous(self, request: Request) -> Viewer:
        """The caller of a request that was refused before authentication."""
        try:
            return await self._authenticator.viewer(request, "web")
        except EngineError:
            return anonymous(self._authenticator.origin(request, "web"))


def _places(viewer: Viewer | None) -> dict[str, bool]:
    """Template values on where the viewer may go; of a stranger the sign-in decides."""
    is_stranger = viewer is None or not viewer.is_signed_in
    roles = frozenset[Role]() if viewer is None else viewer.roles
    is_administrator = Role.ADMINISTRATOR in roles
    return {
        "is_administrator": is_administrator,
        "may_manage": is_stranger or is_administrator,
        "may_edit": is_stranger or bool(roles & {Role.EDITOR, Role.ADMINISTRATOR}),
    }


def _path(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _shown(request: Request) -> str:
    """The path in a form that is safe in a message: on one line and not too long."""
    path = on_one_line(request.url.path[: LONGEST_PATH + 1])
    return path if len(path) <= LONGEST_PATH else f"{path[:LONGEST_PATH]}…"


def _wants_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return "json" in accept and "text/html" not in accept


def _is_page(request: Request) -> bool:
    """Whether the client is a browser that shows the response as a page."""
    return "text/html" in request.headers.get("accept", "") and not request.url.path.startswith(
        ("/api/", "/health", "/metrics")
    )
