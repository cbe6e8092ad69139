"""The page on which a user allows a program to act."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from aiwebengine.auth.authenticator import Authenticator
from aiwebengine.auth.redirects import LONGEST, sign_in_address
from aiwebengine.core.errors import BadUserInput, EngineError
from aiwebengine.core.identity import Viewer
from aiwebengine.core.rights import open_to_all
from aiwebengine.oauth_server.metadata import AUTHORIZE
from aiwebengine.oauth_server.redirects import host_of, with_answer
from aiwebengine.oauth_server.rest import fields_of, parsed
from aiwebengine.oauth_server.service import Authorizations
from aiwebengine.oauth_server.types import SCOPE_WORDS, OAuthError, Wanted
from aiwebengine.web.files import Frontend
from aiwebengine.web.headers import request_id


def routes(
    authenticator: Authenticator, authorizations: Authorizations, frontend: Frontend, issuer: str
) -> list[Route]:
    """The consent page and its form."""

    def problem(request: Request, error: EngineError, link: str | None = None) -> Response:
        """A page that says what is wrong.

        The program's address is a link, never followed by itself: anyone can register one, and a
        link to this page would open it (RFC 9700 section 4.11.2).
        """
        return frontend.page(
            "oauth-problem.html",
            status=error.status,
            detail=error.message,
            request_id=request_id(request.scope),
            link=link,
            host=None if link is None else host_of(link),
        )

    def answered(address: str) -> Response:
        """A page that opens the program's address.

        Not a redirect: browsers apply `form-action` to the redirects of a form, also to those of
        the program's own pages.
        """
        response = frontend.page("oauth-answered.html", link=address, host=host_of(address))
        response.headers["Refresh"] = f"0; url={address}"
        return response

    @open_to_all
    async def ask(request: Request) -> Response:
        """The page on which a signed-in user allows a program to act (OAuth 2.1).

        Args:
            client_id: the registered program.
            redirect_uri: one of its addresses, which gets the answer.
            response_type: always `code`.
            scope: scopes, with spaces between them (default: scripts:call).
            state: a text that the program gets back.
            code_challenge: PKCE (RFC 7636), with code_challenge_method S256.
            resource: what the token is for (RFC 8707): the address of `/mcp` (the default), or of
                a script's tools below it.

        Answers:
            200: the page.
            303: to the sign-in page, which returns here; also for a sign-in that is too old.
            400: a page that says what is wrong with the program's request.
        """
        try:
            asked = parsed(request.url.query)
            client, address = await authorizations.client_for(asked)
        except OAuthError as error:
            return problem(request, error)
        try:
            wanted = authorizations.wanted(client, address, asked)
        except OAuthError as error:
            return problem(request, error, _refusal(address, error, asked.get("state")))
        viewer = await authenticator.viewer(request, "web")
        if viewer.session_id is None or _is_too_old(viewer, wanted):
            return _sign_in(request, is_again=viewer.session_id is not None)
        form = await authorizations.ask(viewer, wanted)
        return frontend.page(
            "oauth-consent.html",
            form=form,
            action=AUTHORIZE,
            program=client.name,
            host=host_of(address),
            label=viewer.label,
            audience=wanted.audience,
            scopes=[(scope, SCOPE_WORDS[scope]) for scope in wanted.scopes],
        )

    def _refusal(address: str, error: OAuthError, state: str | None) -> str:
        return with_answer(
            address,
            error=error.error,
            error_description=error.message,
            state=state,
            iss=issuer,
        )

    @open_to_all
    async def answer(request: Request) -> Response:
        """The answer of a user on the consent page.

        Args:
            form: the secret of the page, which can be answered once, within 10 minutes.
            answer: allow or deny.

        Answers:
            200: a page that opens the program's address.
            400: a page: the form was answered or has expired.

        Raises Forbidden for a page of another site, ReauthenticationRequired.
        """
        authenticator.must_be_same_origin(request)
        viewer = await authenticator.viewer(request, "web")
        try:
            given = await fields_of(request)
            if given.get("answer") != "allow":
                refused = await authorizations.deny(viewer, given.get("form", ""))
                denied = OAuthError("access_denied", "The user did not allow it.")
                return answered(_refusal(refused.redirect_uri, denied, refused.state))
            allowed, code = await authorizations.allow(viewer, given.get("form", ""))
        except OAuthError as error:
            return problem(request, error)
        return answered(
            with_answer(allowed.redirect_uri, code=code, state=allowed.state, iss=issuer)
        )

    return [
        Route(AUTHORIZE, ask, methods=["GET"]),
        Route(AUTHORIZE, answer, methods=["POST"]),
    ]


def _is_too_old(viewer: Viewer, wanted: Wanted) -> bool:
    return wanted.needs_recent_sign_in and not viewer.has_signed_in_recently


def _sign_in(request: Request, *, is_again: bool) -> Response:
    target = f"{AUTHORIZE}?{request.url.query}"
    if len(target) > LONGEST:
        raise BadUserInput(
            f"The program's request has {len(target)} characters; allowed: {LONGEST}."
        )
    address = sign_in_address(target) + ("&again=1" if is_again else "")
    return RedirectResponse(address, 303, {"Cache-Control": "no-store"})
