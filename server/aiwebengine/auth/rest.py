"""Sign-in and sign-out for browsers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from aiwebengine.auth.authenticator import Authenticator
from aiwebengine.auth.redirects import LANDING, landing_for, safe_redirect, sign_in_address
from aiwebengine.auth.sign_in import ATTEMPT_LASTS_SECS, SignIn
from aiwebengine.core.config_server import Server
from aiwebengine.core.errors import EngineError, Forbidden, NotFound, RateLimited
from aiwebengine.core.identity import Viewer, anonymous
from aiwebengine.core.rights import open_to_all
from aiwebengine.sessions import secrets
from aiwebengine.sessions.script_sessions import HAND_OVER, SIGN_IN, ScriptSessions
from aiwebengine.sessions.service import Sessions
from aiwebengine.sessions.types import SignedIn
from aiwebengine.web.bodies import must_be_json
from aiwebengine.web.files import Frontend

# An answer has state, code, iss and, from Apple, the user's name.
MOST_FORM_FIELDS = 32
NO_STORE = {"Cache-Control": "no-store"}
_HASH = re.compile(r"[0-9a-f]{64}")


def routes(
    authenticator: Authenticator,
    sign_in: SignIn,
    sessions: Sessions,
    script_sessions: ScriptSessions,
    frontend: Frontend,
    server: Server,
) -> list[Route]:
    """The routes below `/auth`; providers redirect browsers to the server's public URL."""
    public_url = server.public_url

    def page(
        redirect: str,
        refused: EngineError | None,
        request: Request,
        again: bool = False,
        viewer: Viewer | None = None,
    ) -> Response:
        response = frontend.page(
            "sign-in.html",
            status=200 if refused is None else refused.status,
            redirect=redirect,
            providers=list(sign_in.providers.values()),
            error=None if refused is None else refused.message,
            request_id=request.state.request_id,
            again=again,
            signed_in_as=viewer.label if viewer and viewer.is_signed_in else None,
            link_command=viewer.link_command if viewer and viewer.is_by_link else None,
        )
        if isinstance(refused, RateLimited):
            response.headers["Retry-After"] = str(refused.retry_after)
        return response

    @open_to_all
    async def login(request: Request) -> Response:
        """The sign-in page.

        Args:
            redirect: path to open afterwards (default: the manager for administrators,
                the editor for editors, the home page for others).
            again: if present, show the page to signed-in users too, for a recent sign-in.

        Answers:
            200: the page.
            303: to *redirect*, for users who are signed in.
        """
        redirect = safe_redirect(request.query_params.get("redirect"), LANDING)
        viewer = await authenticator.viewer(request, "web")
        again = "again" in request.query_params
        if viewer.is_signed_in and not again:
            onward = landing_for(viewer.roles) if redirect == LANDING else redirect
            return RedirectResponse(onward, 303)
        return page(redirect, None, request, again and viewer.is_signed_in, viewer)

    @open_to_all
    async def start(request: Request) -> Response:
        """Start a sign-in with a provider.

        Args:
            provider: its name in `auth.providers`.
            redirect: path to open afterwards (default: the manager for administrators,
                the editor for editors, the home page for others).
            again: if present, the signed-in user has to sign in at the provider again.

        Answers:
            303: to the provider.

        Raises NotFound, SignInRefused, all as a page.
        """
        redirect = safe_redirect(request.query_params.get("redirect"), LANDING)
        name = request.path_params["provider"]
        # One secret for all tabs; each sign-in has its own state.
        browser = request.cookies.get(authenticator.browser_cookie) or secrets.new_secret()
        try:
            await authenticator.count_sign_in(request)
            address = await sign_in.start(
                name,
                browser,
                redirect,
                callback_address(name),
                await user_to_sign_in_again(request),
            )
        except EngineError as refused:
            if refused.status >= 500:
                raise
            return page(redirect, refused, request, viewer=await who_stays(request))
        response = RedirectResponse(address, 303)
        authenticator.set_browser_cookie(response, browser, ATTEMPT_LASTS_SECS)
        response.headers["Cache-Control"] = "no-store"
        return response

    @open_to_all
    async def complete(request: Request) -> Response:
        """Callback of a provider; Apple sends a form by POST.

        Args:
            provider: its name in `auth.providers`.

        Answers:
            303: to *redirect* with a new session; without one when a signed-in browser
                repeats a used answer.

        Raises NotFound, SignInRefused, Forbidden, all as a page.
        """
        name = request.path_params["provider"]
        answer: Mapping[str, str] = request.query_params
        if request.method == "POST":
            answer = _form(await request.body())
        browser = request.cookies.get(authenticator.browser_cookie, "")
        before = anonymous(authenticator.origin(request, "web"))
        redirect, again = LANDING, False
        try:
            await authenticator.count_sign_in(request)
            onward = await sign_in.finished(name, answer)
            if onward and (await authenticator.viewer(request, "web")).is_signed_in:
                return RedirectResponse(onward, 303, {"Cache-Control": "no-store"})
            attempt = await sign_in.resume(before, name, browser, answer)
            # From here on a retry keeps the redirect of this attempt.
            redirect, again = attempt.redirect, attempt.again_as is not None
            replaced = await authenticator.viewer(request, "web")
            signed_in = await sign_in.complete(
                before, replaced, attempt, answer, callback_address(name)
            )
        except EngineError as refused:
            if refused.status >= 500:
                raise
            return page(redirect, refused, request, again, await who_stays(request))
        await end_session_before(request)
        return await open_session(request, signed_in, redirect)

    @open_to_all
    async def link(request: Request) -> Response:
        """Sign in with a link from the command line or the start banner, from loopback only.

        Args:
            token: the one-time secret of the link.
            redirect: path to open afterwards (default: the manager for administrators,
                the editor for editors, the home page for others).

        Answers:
            204: to HEAD; the link stays valid.
            303: to *redirect*, with a session.

        Raises Unauthenticated for an invalid, used or expired link, Forbidden
        from another machine; all as a page.
        """
        if request.method == "HEAD":
            # Link previews send HEAD; the link must still work afterwards.
            return Response(status_code=204)
        try:
            authenticator.must_be_local(request)
            await authenticator.count_sign_in(request)
            before = anonymous(authenticator.origin(request, "web"))
            signed_in = await sign_in.by_link(before, request.query_params.get("token", ""))
        except EngineError as refused:
            if refused.status >= 500:
                raise
            return page(LANDING, refused, request, viewer=await who_stays(request))
        await end_session_before(request)
        redirect = safe_redirect(request.query_params.get("redirect"), LANDING)
        return await open_session(request, signed_in, redirect)

    async def who_stays(request: Request) -> Viewer | None:
        """The user who is still signed in after an attempt that failed, as far as that is known."""
        try:
            return await authenticator.viewer(request, "web")
        except EngineError:
            return None

    def callback_address(name: str) -> str:
        return f"{public_url}/auth/callback/{name}"

    async def user_to_sign_in_again(request: Request) -> UUID | None:
        """The user of this browser's session, if the request is to sign in again."""
        if "again" not in request.query_params:
            return None
        viewer = await authenticator.viewer(request, "web")
        return viewer.id if viewer.session_id is not None else None

    async def open_session(request: Request, signed_in: SignedIn, redirect: str) -> Response:
        if redirect == LANDING:
            viewer = await authenticator.viewer_of(signed_in.secret, request, "web")
            redirect = landing_for(viewer.roles)
        response = RedirectResponse(redirect, 303)
        authenticator.set_cookie(response, signed_in.secret)
        response.headers["Cache-Control"] = "no-store"
        return response

    async def end_session_before(request: Request) -> None:
        """End the browser's previous session: each sign-in gets a new one."""
        await sessions.sign_out(await authenticator.viewer(request, "web"))

    @open_to_all
    async def logout(request: Request) -> Response:
        """End the session of this browser; repeating it changes nothing.

        Answers:
            200: `provider` and `logoutUrl`, the address that ends the session at the provider.
            204: done.

        Raises Forbidden for a page of another site, UnsupportedMediaType.
        """
        authenticator.must_be_same_origin(request)
        must_be_json(request)
        provider = await sessions.sign_out(await authenticator.viewer(request, "web"))
        elsewhere = await sign_in.end_elsewhere(provider, f"{public_url}/") if provider else None
        response = (
            Response(status_code=204)
            if elsewhere is None
            else JSONResponse({"provider": elsewhere[0], "logoutUrl": elsewhere[1]})
        )
        authenticator.clear_cookie(response)
        # Storage of the pages only; "cookies" would clear those of all sites of the domain.
        response.headers["Clear-Site-Data"] = '"storage"'
        return response

    @open_to_all
    async def scripts(request: Request) -> Response:
        """Sign in on the host of scripts, `server.scripts_host`, as the user of this session.

        Scripts there learn the ID, name, address and roles of the user, and nothing that opens the
        engine.

        Args:
            redirect: path to open there afterwards (default: `/`).
            browser: hash of a secret that the browser has there. Without one it gets one there,
                and comes back.

        Answers:
            303: to that host with a code that is valid once, for 60 s, in this browser; to the
                sign-in page for callers without a session.

        Raises NotFound without `server.scripts_host`, Forbidden unless a browser opens it as a page
        (Fetch Metadata), RateLimited.
        """
        if server.scripts_name is None:
            raise NotFound("Scripts have no host of their own; set server.scripts_host.")
        if request.headers.get("sec-fetch-dest", "document") != "document":
            raise Forbidden("Open this address as a page.")
        redirect = safe_redirect(request.query_params.get("redirect"))
        browser = request.query_params.get("browser", "")
        if not _HASH.fullmatch(browser):
            query = urlencode({"redirect": redirect})
            return RedirectResponse(f"{server.scripts_url}{SIGN_IN}?{query}", 303, NO_STORE)
        viewer = await authenticator.viewer(request, "web")
        if viewer.session_id is None:
            back = f"/auth/scripts?redirect={quote(redirect, safe='/')}&browser={browser}"
            return RedirectResponse(sign_in_address(back), 303, NO_STORE)
        await authenticator.count_sign_in(request)
        code = await script_sessions.offer(viewer, server.scripts_name, bytes.fromhex(browser))
        query = urlencode({"code": code, "redirect": redirect})
        return RedirectResponse(f"{server.scripts_url}{HAND_OVER}?{query}", 303, NO_STORE)

    return [
        Route("/auth/login", login, methods=["GET"]),
        Route("/auth/login/{provider}", start, methods=["GET"]),
        Route("/auth/callback/{provider}", complete, methods=["GET", "POST"]),
        Route("/auth/link", link, methods=["GET"]),
        Route("/auth/logout", logout, methods=["POST"]),
        Route("/auth/scripts", scripts, methods=["GET"]),
    ]


def _form(body: bytes) -> dict[str, str]:
    """The form that a provider sends by POST, as Apple does; empty if it has too many fields."""
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=MOST_FORM_FIELDS))
    except ValueError:
        return {}
