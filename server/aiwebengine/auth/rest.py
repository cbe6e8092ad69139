"""Sign-in and sign-out for browsers."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from aiwebengine.auth.redirects import safe_redirect
from aiwebengine.auth.requests import Doorkeeper
from aiwebengine.auth.sessions import Sessions
from aiwebengine.auth.sign_in import SignIn
from aiwebengine.errors import EngineError, Forbidden
from aiwebengine.viewer import Viewer, anonymous
from aiwebengine.web.bodies import must_be_json
from aiwebengine.web.files import Frontend

MANAGER = "/engine/admin"


def routes(
    doorkeeper: Doorkeeper, sign_in: SignIn, sessions: Sessions, frontend: Frontend
) -> list[Route]:
    """The routes below `/auth`."""

    async def login(request: Request) -> Response:
        redirect = safe_redirect(request.query_params.get("redirect"), MANAGER)
        viewer = await doorkeeper.viewer(request, "web")
        if viewer.is_signed_in:
            return RedirectResponse(redirect, 303)
        return frontend.page("sign-in.html", redirect=redirect, providers=[], error=None)

    async def link(request: Request) -> Response:
        if request.method == "HEAD":
            # Previews of links ask so; the link must still work afterwards.
            return Response(status_code=204)
        try:
            if not doorkeeper.is_local(request):
                raise Forbidden(
                    "A sign-in link works only in a browser on the machine that runs the engine."
                )
            before = await _viewer_before(request)
            signed_in = await sign_in.by_link(before, request.query_params.get("token", ""))
        except EngineError as error:
            if error.status >= 500:
                raise
            return frontend.page(
                "sign-in.html",
                status=error.status,
                redirect=MANAGER,
                providers=[],
                error=error.message,
                request_id=request.state.request_id,
            )
        response = RedirectResponse(
            safe_redirect(request.query_params.get("redirect"), MANAGER), 303
        )
        doorkeeper.set_cookie(response, signed_in.secret)
        response.headers["Cache-Control"] = "no-store"
        return response

    async def _viewer_before(request: Request) -> Viewer:
        """Nobody; a session that the browser still holds ends, so that its id always changes."""
        old = await doorkeeper.viewer(request, "web")
        await sessions.sign_out(old)
        return anonymous(old.origin)

    async def logout(request: Request) -> Response:
        doorkeeper.must_be_same_origin(request)
        must_be_json(request)
        await sessions.sign_out(await doorkeeper.viewer(request, "web"))
        response = Response(status_code=204)
        doorkeeper.clear_cookie(response)
        return response

    return [
        Route("/auth/login", login, methods=["GET"]),
        Route("/auth/link", link, methods=["GET"]),
        Route("/auth/logout", logout, methods=["POST"]),
    ]
