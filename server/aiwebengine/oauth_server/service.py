"""Consent of users, and what programs get for it (OAuth 2.1, with PKCE and RFC 8707)."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import replace

from aiwebengine.core.errors import Unauthenticated
from aiwebengine.core.identity import ActorKind, Scope, Viewer
from aiwebengine.core.recent_sign_in import SensitiveAction
from aiwebengine.database import Database
from aiwebengine.oauth_server import store
from aiwebengine.oauth_server.clients import Clients
from aiwebengine.oauth_server.redirects import is_registered
from aiwebengine.oauth_server.types import (
    CODE_LASTS_SECS,
    DEFAULT_SCOPES,
    FORM_LASTS_SECS,
    LONGEST_STATE,
    MOST_FORMS_OF_SESSION,
    Authorization,
    Client,
    OAuthError,
    Wanted,
)
from aiwebengine.sessions import secrets
from aiwebengine.sessions.client_tokens import ClientTokens, Issued, Program

SCOPES = tuple(scope.value for scope in Scope)
# RFC 7636 sections 4.1 and 4.2.
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class Authorizations:
    """Users allow programs to act for them.

    A program sends the user's browser to the consent page. The answer gives the program a code,
    valid once for CODE_LASTS_SECS, which it exchanges for a token. *resource* is the address of
    `/mcp`, the only one that accepts these tokens.
    """

    def __init__(self, db: Database, clients: Clients, tokens: ClientTokens, resource: str) -> None:
        self._db = db
        self._clients = clients
        self._tokens = tokens
        self._resource = resource

    async def client_for(self, asked: Mapping[str, str]) -> tuple[Client, str]:
        """The program and the redirect address of a request. Raises OAuthError.

        If either is wrong, the user must not be sent to the address (RFC 6749 section 4.1.2.1).
        """
        client = await self._clients.find(asked.get("client_id", ""))
        if client is None:
            raise OAuthError(
                "invalid_client", "client_id: there is no such program; it must register again."
            )
        address = asked.get("redirect_uri")
        if address is None and len(client.redirect_uris) == 1:
            address = client.redirect_uris[0]
        if address is None or not is_registered(address, client.redirect_uris):
            raise OAuthError(
                "invalid_request", "redirect_uri: not one that this program has registered."
            )
        return client, address

    def wanted(self, client: Client, redirect_uri: str, asked: Mapping[str, str]) -> Wanted:
        """What the program asks for. Raises OAuthError."""
        if asked.get("response_type") != "code":
            raise OAuthError("unsupported_response_type", "response_type: allowed: code.")
        challenge = asked.get("code_challenge", "")
        if asked.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
            raise OAuthError(
                "invalid_request", "code_challenge: PKCE with code_challenge_method S256 is needed."
            )
        state = asked.get("state")
        if state is not None and len(state) > LONGEST_STATE:
            raise OAuthError(
                "invalid_request", f"state: allowed: up to {LONGEST_STATE} characters."
            )
        return Wanted(
            client,
            redirect_uri,
            _scopes(asked.get("scope")),
            self._audience(asked.get("resource")),
            challenge,
            state,
        )

    async def ask(self, viewer: Viewer, wanted: Wanted) -> str:
        """Open a consent page for the viewer's session; the secret of its form."""
        if viewer.session_id is None or viewer.id is None:
            raise Unauthenticated("Sign in first.")
        form = secrets.new_secret()
        async with self._db.transaction():
            await store.add_form(
                self._db,
                wanted,
                session_id=viewer.session_id,
                user_id=viewer.id,
                form_hash=secrets.digest(form),
                lasts_secs=FORM_LASTS_SECS,
            )
            await store.remove_older(self._db, viewer.session_id, MOST_FORMS_OF_SESSION)
        return form

    async def allow(self, viewer: Viewer, form: str) -> tuple[Authorization, str]:
        """Answer a consent page of this session: yes. Returns the code.

        Raises OAuthError for an unknown, answered or expired page, ReauthenticationRequired.
        """
        if viewer.session_id is None:
            raise Unauthenticated("Sign in first.")
        code = secrets.new_secret()
        async with self._db.transaction():
            answered = await store.answer_form(
                self._db,
                form_hash=secrets.digest(form),
                session_id=viewer.session_id,
                code_hash=secrets.digest(code),
                lasts_secs=CODE_LASTS_SECS,
            )
            answered = _known(answered)
            if any(scope != Scope.SCRIPTS_CALL.value for scope in answered.scopes):
                viewer.must_have_signed_in_recently(SensitiveAction.CONNECT_PROGRAM)
            await store.mark_used(self._db, answered.client_id)
        return answered, code

    async def deny(self, viewer: Viewer, form: str) -> Authorization:
        """Answer a consent page of this session: no. Raises OAuthError."""
        if viewer.session_id is None:
            raise Unauthenticated("Sign in first.")
        return _known(await store.remove_form(self._db, secrets.digest(form), viewer.session_id))

    async def exchange(self, caller: Viewer, client: Client, asked: Mapping[str, str]) -> Issued:
        """A token for a code. *caller* is who sent the request. Raises OAuthError.

        A code that is used twice revokes what it was exchanged for (RFC 6749 section 4.1.2).
        """
        found, problem = None, "the code is unknown, expired or was used."
        async with self._db.transaction():
            found = await store.lock_code(self._db, secrets.digest(asked.get("code", "")))
            if found is not None and found.token_id is None:
                problem = self._problem(found, client, asked)
                if problem == "":
                    return await self._exchanged(caller, client, found)
                # Nobody may try again, such as with another verifier.
                await store.remove_authorization(self._db, found.id)
        if found is not None and found.token_id is not None and found.client_id == client.id:
            await self._tokens.revoke(caller, found.token_id, "Its code was used twice.")
        raise OAuthError("invalid_grant", f"code: {problem}")

    async def refresh(self, caller: Viewer, client: Client, asked: Mapping[str, str]) -> Issued:
        """New secrets for a refresh token. Raises OAuthError."""
        issued = await self._tokens.refresh(caller, client.id, asked.get("refresh_token", ""))
        if issued is None:
            raise OAuthError("invalid_grant", "refresh_token: unknown, revoked, expired or used.")
        return issued

    async def revoke(self, caller: Viewer, client: Client, secret: str) -> None:
        """Revoke a token of the program by its secret or refresh secret (RFC 7009)."""
        await self._tokens.revoke_secret(caller, client.id, secret)

    async def _exchanged(self, caller: Viewer, client: Client, found: Authorization) -> Issued:
        viewer = replace(
            caller,
            kind=ActorKind.USER,
            label=found.email,
            email=found.email,
            id=found.user_id,
            session_id=found.session_id,
        )
        program = Program(client.id, client.name, found.redirect_uri)
        issued = await self._tokens.issue(viewer, program, found.scopes, found.audience)
        await store.mark_exchanged(self._db, found.id, issued.token.key)
        return issued

    @staticmethod
    def _problem(found: Authorization, client: Client, asked: Mapping[str, str]) -> str:
        """Why the code can't be exchanged by this request; empty if it can."""
        # Imported at first use, because it loads all of authlib's OAuth.
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        if found.client_id != client.id:
            return "it was given to another program."
        if asked.get("redirect_uri", found.redirect_uri) != found.redirect_uri:
            return "redirect_uri is not the one of the authorization request."
        if asked.get("resource", "").rstrip("/") not in ("", found.audience):
            return "resource is not the one of the authorization request."
        verifier = asked.get("code_verifier", "")
        if not _VERIFIER.fullmatch(verifier) or not hmac.compare_digest(
            create_s256_code_challenge(verifier), found.challenge
        ):
            return "code_verifier does not match code_challenge."
        return ""

    def _audience(self, resource: str | None) -> str:
        """The resource that a token is for: `/mcp`, or that of one script. Raises OAuthError."""
        wanted = (resource or self._resource).rstrip("/")
        if wanted == self._resource:
            return wanted
        start, _, slug = wanted.rpartition("/")
        if start == f"{self._resource}/scripts" and _SLUG.fullmatch(slug):
            return wanted
        raise OAuthError(
            "invalid_target",
            f"resource: found {wanted[:80]!r}; allowed: {self._resource}, or a script's below it.",
        )


def _scopes(asked: str | None) -> tuple[str, ...]:
    words = (asked or "").split() or list(DEFAULT_SCOPES)
    for word in words:
        if word not in SCOPES:
            raise OAuthError(
                "invalid_scope", f"scope: found {word[:40]!r}; allowed: {', '.join(SCOPES)}."
            )
    return tuple(scope for scope in SCOPES if scope in words)


def _known(authorization: Authorization | None) -> Authorization:
    if authorization is None:
        raise OAuthError(
            "invalid_request",
            "This page was answered or has expired. Start again in the program.",
        )
    return authorization
