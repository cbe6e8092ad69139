"""OAuth for programs: metadata, registration, tokens, revocation. consent.py has the page."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from aiwebengine.auth.authenticator import Authenticator
from aiwebengine.core.errors import NotFound
from aiwebengine.core.identity import Viewer, anonymous
from aiwebengine.core.rights import open_to_all
from aiwebengine.oauth_server import metadata
from aiwebengine.oauth_server.clients import Clients
from aiwebengine.oauth_server.service import Authorizations
from aiwebengine.oauth_server.types import Client, InvalidClient, OAuthError
from aiwebengine.sessions.client_tokens import Issued
from aiwebengine.web.bodies import json_object

MOST_FIELDS = 20
"""Fields of a form or query."""
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_RESOURCE = re.compile(r"/mcp(/scripts/[a-z0-9][a-z0-9-]{0,62})?")


def routes(
    authenticator: Authenticator, authorizations: Authorizations, clients: Clients, issuer: str
) -> list[Route]:
    """The routes that programs call themselves; *issuer* is the public address of the engine."""

    @open_to_all
    async def server_metadata(request: Request) -> Response:
        """Metadata of the authorization server (RFC 8414).

        Answers:
            200: the metadata.
        """
        return JSONResponse(metadata.of_server(issuer))

    @open_to_all
    async def resource_metadata(request: Request) -> Response:
        """Metadata of `/mcp` as a protected resource (RFC 9728).

        Args:
            path: the path of the resource: `mcp`, or `mcp/scripts/{slug}`; default: `mcp`.

        Answers:
            200: the metadata.

        Raises NotFound.
        """
        path = "/" + request.path_params.get("path", "mcp")
        if not _RESOURCE.fullmatch(path):
            raise NotFound("There is no protected resource at this path.")
        return JSONResponse(metadata.of_resource(issuer, path))

    @open_to_all
    async def register(request: Request) -> Response:
        """Register a program (RFC 7591), as JSON. Redirects go to https, or http on loopback.

        Args:
            client_name: its name, which the consent page shows.
            redirect_uris: addresses that get the answer of a user; 1 to 10.
            token_endpoint_auth_method: none, client_secret_basic or client_secret_post.

        Answers:
            201: the registration, with `client_id`.
            400: `error` and `error_description`.

        Raises RateLimited, UnsupportedMediaType.
        """
        await authenticator.count_sign_in(request)
        try:
            registered = await clients.register(await json_object(request))
        except OAuthError as error:
            return refused(error)
        return JSONResponse(registered.metadata, 201, NO_STORE)

    @open_to_all
    async def token(request: Request) -> Response:
        """Exchange a code or a refresh token for an access token (RFC 6749), as a form.

        Args:
            grant_type: authorization_code or refresh_token.
            client_id: the program; also as the user name of Basic authentication.
            client_secret: its secret, unless it is public; also as the password.
            code: the code, with redirect_uri and code_verifier.
            refresh_token: the refresh token, which is replaced.
            resource: the resource of the authorization request (RFC 8707).

        Answers:
            200: access_token, refresh_token, expires_in and scope.
            400: `error` and `error_description`.
            401: the program is unknown or its secret is wrong.

        Raises RateLimited after many refused requests.
        """
        try:
            asked = await fields_of(request)
            client = await _client(request, asked)
            kind = asked.get("grant_type", "")
            if kind == "authorization_code":
                issued = await authorizations.exchange(caller(request), client, asked)
            elif kind == "refresh_token":
                issued = await authorizations.refresh(caller(request), client, asked)
            else:
                raise OAuthError(
                    "unsupported_grant_type",
                    f"grant_type: found {kind[:40]!r}; allowed: authorization_code, refresh_token.",
                )
        except OAuthError as error:
            await authenticator.count_sign_in(request)
            return refused(error)
        return JSONResponse(_issued(issued), headers=NO_STORE)

    @open_to_all
    async def revoke(request: Request) -> Response:
        """Revoke an access or refresh token of a program, and the other with it (RFC 7009).

        Args:
            token: the token.
            client_id: the program; also as the user name of Basic authentication.
            client_secret: its secret, unless it is public; also as the password.

        Answers:
            200: it is not valid any more, or never was.
            400: the form is missing or malformed.
            401: the program is unknown or its secret is wrong.

        Raises RateLimited after many refused requests.
        """
        try:
            asked = await fields_of(request)
            client = await _client(request, asked)
            await authorizations.revoke(caller(request), client, asked.get("token", ""))
        except OAuthError as error:
            await authenticator.count_sign_in(request)
            return refused(error)
        return Response(headers=NO_STORE)

    def caller(request: Request) -> Viewer:
        return anonymous(authenticator.origin(request, "oauth"))

    async def _client(request: Request, asked: Mapping[str, str]) -> Client:
        client_id, secret = _credentials(request, asked)
        return await clients.authenticated(client_id, secret)

    return [
        Route(metadata.OF_SERVER, server_metadata, methods=["GET"]),
        Route(metadata.OF_RESOURCE, resource_metadata, methods=["GET"]),
        Route(f"{metadata.OF_RESOURCE}/{{path:path}}", resource_metadata, methods=["GET"]),
        Route(metadata.REGISTER, register, methods=["POST"]),
        Route(metadata.TOKEN, token, methods=["POST"]),
        Route(metadata.REVOKE, revoke, methods=["POST"]),
    ]


async def fields_of(request: Request) -> dict[str, str]:
    """The fields of a form. Raises OAuthError for another type, and for one sent twice."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise OAuthError("invalid_request", "Content-Type: application/x-www-form-urlencoded.")
    return parsed((await request.body()).decode("utf-8", "replace"))


def parsed(text: str) -> dict[str, str]:
    """The parameters of a form or query. Raises OAuthError for one that is sent twice.

    Programs that take the first and servers that take the last could be played off against each
    other (RFC 6749 section 3.1).
    """
    try:
        found = parse_qsl(text, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise OAuthError("invalid_request", f"allowed: up to {MOST_FIELDS} fields.") from None
    values = dict(found)
    if len(values) < len(found):
        raise OAuthError("invalid_request", "A parameter is sent twice.")
    if any("\0" in value for value in values.values()):
        raise OAuthError("invalid_request", "A parameter contains the character U+0000.")
    return values


def refused(error: OAuthError) -> Response:
    """The error response to a program."""
    headers = dict(NO_STORE)
    if isinstance(error, InvalidClient):
        headers["WWW-Authenticate"] = 'Basic realm="oauth"'
    body: dict[str, Any] = {"error": error.error, "error_description": error.message}
    return Response(orjson.dumps(body), error.status, headers, "application/json")


def _credentials(request: Request, asked: Mapping[str, str]) -> tuple[str, str | None]:
    """ID and secret of the program: by Basic authentication, or in the form."""
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return asked.get("client_id", ""), asked.get("client_secret")
    try:
        user, _, password = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise InvalidClient("Authorization: not a user name and password.") from None
    # RFC 6749 section 2.3.1: both are encoded as in a form.
    return unquote_plus(user), unquote_plus(password)


def _issued(issued: Issued) -> dict[str, Any]:
    return {
        "access_token": issued.secret,
        "token_type": "Bearer",
        "expires_in": int(issued.lasts_secs),
        "refresh_token": issued.refresh_secret,
        "scope": " ".join(issued.token.scopes),
    }
