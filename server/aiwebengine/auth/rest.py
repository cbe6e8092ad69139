"""Sign-in and sign-out for browsers."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from aiwebengine.auth.authenticator import Authenticator
from aiwebengine.auth.redirects import LANDING, landing_for, safe_redirect
from aiwebengine.auth.sign_in import ATTEMPT_LASTS_SECS, SignIn
from aiwebengine.core.errors import EngineError, RateLimited
from aiwebengine.core.identity import Viewer, anonymous
from aiwebengine.core.rights import open_to_all
from aiwebengine.sessions import secrets
from aiwebengine.sessions.service import Sessions
from aiwebengine.sessions.types import SignedIn
from aiwebengine.web.bodies import must_be_json
from aiwebengine.web.files import Frontend

# An answer has state, code, iss, and of Apple the user's name.
MOST_FORM_FIELDS = 32


def routes(
    authenticator: Authenticator,
    sign_in: SignIn,
    sessions: Sessions,
    frontend: Frontend,
    public_url: str,
) -> list[Route]:
    """The routes below `/auth`; *public_url* is what providers send browsers back to."""

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
            link_command=viewer.link_command if viewer and viewer.is_by_link else None,
        )
        if isinstance(refused, RateLimited):
            response.headers["Retry-After"] = str(refused.retry_after)
        return response

    @open_to_all
    async def login(request: Request) -> Response:
        """The page to sign in.

        Args:
            redirect: where to go afterwards, a path of ours; when left out, the
                manager for administrators and the home page for others.
            again: present: also for who is signed in, for a recent sign-in.

        Answers:
            200: the page.
            303: onward, for who is signed in already.
        """
        redirect = safe_redirect(request.query_params.get("redirect"), LANDING)
        viewer = await authenticator.viewer(request, "web")
        again = "again" in request.query_params
        if viewer.is_signed_in and not again:
            onward = landing_for(viewer.roles) if redirect == LANDING else redirect
            return RedirectResponse(onward, 303)
        return page(redirect, None, request, again and viewer.is_signed_in, viewer)

    @open_to_all
    async def depart(request: Request) -> Response:
        """Begin a sign-in with a provider.

        Args:
            provider: its name in `auth.providers`.
            redirect: where to go afterwards, a path of ours; when left out, the
                manager for administrators and the home page for others.
            again: present: the person who is signed in has to prove it again, at the provider.

        Answers:
            303: to the provider.

        Raises NotFound, SignInRefused, all as a page.
        """
        redirect = safe_redirect(request.query_params.get("redirect"), LANDING)
        name = request.path_params["provider"]
        # One secret for all tabs: each has a state of its own.
        browser = request.cookies.get(authenticator.browser_cookie) or secrets.new_secret()
        try:
            await authenticator.count_sign_in(request)
            address = await sign_in.depart(
                name, browser, redirect, callback_address(name), await who_proves_it_again(request)
            )
        except EngineError as refused:
            if refused.status >= 500:
                raise
            return page(redirect, refused, request)
        response = RedirectResponse(address, 303)
        authenticator.set_browser_cookie(response, browser, ATTEMPT_LASTS_SECS)
        response.headers["Cache-Control"] = "no-store"
        return response

    @open_to_all
    async def arrive(request: Request) -> Response:
        """Where a provider sends the browser back to; a POST brings a form (Apple).

        Args:
            provider: its name in `auth.providers`.

        Answers:
            303: to where the sign-in was to lead, with a session; or to there without a new one,
                when the answer was used before by a browser that is signed in.

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
            # From here on another try leads to where this one was to lead.
            redirect, again = attempt.redirect, attempt.again_as is not None
            replaced = await authenticator.viewer(request, "web")
            signed_in = await sign_in.arrive(
                before, replaced, attempt, answer, callback_address(name)
            )
        except EngineError as refused:
            if refused.status >= 500:
                raise
            return page(redirect, refused, request, again)
        await end_session_before(request)
        return await let_in(request, signed_in, redirect)

    @open_to_all
    async def link(request: Request) -> Response:
        """Sign in by a link of the command line or the banner, from loopback only.

        Args:
            token: what makes the link good, once.
            redirect: where to go afterwards, a path of ours; when left out, the
                manager for administrators and the home page for others.

        Answers:
            204: to HEAD; the link stays good.
            303: onward, with a session.

        Raises Unauthenticated for a link that is not good or not good any more, Forbidden
        from elsewhere; all as a page.
        """
        if request.method == "HEAD":
            # Previews of links ask so; the link must still work afterwards.
            return Response(status_code=204)
        try:
            authenticator.must_be_local(request)
            await authenticator.count_sign_in(request)
            before = anonymous(authenticator.origin(request, "web"))
            signed_in = await sign_in.by_link(before, request.query_params.get("token", ""))
        except EngineError as refused:
            if refused.status >= 500:
                raise
            return page(LANDING, refused, request)
        await end_session_before(request)
        redirect = safe_redirect(request.query_params.get("redirect"), LANDING)
        return await let_in(request, signed_in, redirect)

    def callback_address(name: str) -> str:
        return f"{public_url}/auth/callback/{name}"

    async def who_proves_it_again(request: Request) -> UUID | None:
        """The user of this browser's session, when the request is to sign in again."""
        if "again" not in request.query_params:
            return None
        viewer = await authenticator.viewer(request, "web")
        return viewer.id if viewer.session_id is not None else None

    async def let_in(request: Request, signed_in: SignedIn, redirect: str) -> Response:
        if redirect == LANDING:
            viewer = await authenticator.viewer_of(signed_in.secret, request, "web")
            redirect = landing_for(viewer.roles)
        response = RedirectResponse(redirect, 303)
        authenticator.set_cookie(response, signed_in.secret)
        response.headers["Cache-Control"] = "no-store"
        return response

    async def end_session_before(request: Request) -> None:
        """End the session that the browser still holds, so that its id always changes."""
        await sessions.sign_out(await authenticator.viewer(request, "web"))

    @open_to_all
    async def logout(request: Request) -> Response:
        """End the session of this browser; doing it twice is fine.

        Answers:
            200: `provider` and `logoutUrl`: where the session with the provider ends.
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
        # What pages keep in the browser; "cookies" would take those of all our domain's sites.
        response.headers["Clear-Site-Data"] = '"storage"'
        return response

    return [
        Route("/auth/login", login, methods=["GET"]),
        Route("/auth/login/{provider}", depart, methods=["GET"]),
        Route("/auth/callback/{provider}", arrive, methods=["GET", "POST"]),
        Route("/auth/link", link, methods=["GET"]),
        Route("/auth/logout", logout, methods=["POST"]),
    ]


def _form(body: bytes) -> dict[str, str]:
    """What a provider answers by POST, as Apple does; nothing of a form with too many fields."""
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=MOST_FORM_FIELDS))
    except ValueError:
        return {}
