"""OpenID Connect Core 1.0 with the authorization code flow and PKCE (RFC 7636)."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from joserfc.errors import InvalidKeyIdError
from joserfc.jwk import Key

from aiwebengine.auth import claims, endpoints, id_tokens
from aiwebengine.auth.id_tokens import CLOCK_SKEW_SECS
from aiwebengine.auth.sign_in_provider import SignInProvider, logged
from aiwebengine.auth.types import Attempt, Proof, SignInRefused
from aiwebengine.core.config_providers import Provider
from aiwebengine.core.formats import instant
from aiwebengine.core.identity import Profile

log = logging.getLogger(__name__)

# Discovery documents and keys are read again after this, and whenever a key is missing.
KEPT_SECS = 3_600.0


class OpenIdProvider(SignInProvider):
    """Any OpenID Connect provider, by its issuer.

    *max_age_secs* is how old the sign-in at the provider may be when a session begins.
    """

    scope = "openid email profile"
    extra: Mapping[str, str] = {}
    # Core section 3.1.2.1: with max_age the ID token has to contain the time of the sign-in.
    asks_when = True
    asks_again: Mapping[str, str] = {"prompt": "login", "max_age": "0"}

    def __init__(
        self, name: str, label: str, settings: Provider, issuer: str, max_age_secs: int
    ) -> None:
        super().__init__(name, label, settings)
        self._issuer = issuer
        self._max_age_secs = max_age_secs
        self._document: dict[str, Any] = {}
        self._keys: list[Key] = []
        self._read_at = float("-inf")

    @property
    def asked(self) -> str:
        """See the base class."""
        return f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"

    async def address(self, attempt: Attempt, state: str, redirect_uri: str) -> str:
        """See the base class."""
        async with self._asking():
            document = await self._discover()
            async with self._client(redirect_uri, self.scope, "") as client:
                address, _ = client.create_authorization_url(
                    document["authorization_endpoint"],
                    state=state,
                    nonce=attempt.nonce,
                    code_verifier=attempt.verifier,
                    **self._parameters(attempt),
                )
        return str(address)

    async def must_have_answered(self, answer: Mapping[str, str]) -> None:
        """See the base class; RFC 9207 section 2.4."""
        async with self._asking():
            document = await self._discover()
            sender = answer.get("iss")
            is_sent = document.get("authorization_response_iss_parameter_supported") is True
            if sender is None and is_sent:
                raise ValueError("the answer does not name its sender")
            if sender is not None and not self._is_sender(sender):
                raise ValueError(f"the answer was sent by {sender[:200]!r}")

    async def proof(self, attempt: Attempt, answer: Mapping[str, str], redirect_uri: str) -> Proof:
        """See the base class."""
        async with self._asking():
            document = await self._discover()
            by = _secret_shown_by(document)
            async with self._client(redirect_uri, self.scope, self._secret(), by) as client:
                tokens = await client.fetch_token(
                    document["token_endpoint"], code=answer["code"], code_verifier=attempt.verifier
                )
            token = claims.a_text(tokens.get("id_token"), "the ID token")
            found = await self._claims(token, attempt.nonce)
            self._must_have_a_level(found)
            authenticated_at = self._authenticated_at(attempt, found)
            found = await self._completed(found, tokens.get("access_token"))
            return Proof(self._profile(found, answer), authenticated_at)

    async def logout_address(self, return_to: str) -> str | None:
        """See the base class; OpenID Connect RP-Initiated Logout 1.0."""
        endpoint = self._document.get("end_session_endpoint")
        if endpoint is None or not endpoints.is_safe(endpoint, self._issuer):
            return None
        asked = {"client_id": self._settings.client_id, "post_logout_redirect_uri": return_to}
        return str(httpx2.URL(endpoint).copy_merge_params(asked))

    def _parameters(self, attempt: Attempt) -> dict[str, str]:
        """Additional parameters of the request (Core section 3.1.2.1)."""
        asked = dict(self.extra)
        if attempt.again_as is not None:
            asked |= self.asks_again
        elif self.asks_when:
            asked["max_age"] = str(self._max_age_secs)
        if self._settings.acr_values:
            asked["acr_values"] = " ".join(self._settings.acr_values)
        return asked

    def _must_have_a_level(self, token_claims: Mapping[str, Any]) -> None:
        """Check `acr`: providers may ignore `acr_values` (Core section 3.1.2.1)."""
        allowed = self._settings.acr_values
        if allowed and token_claims.get("acr") not in allowed:
            raise SignInRefused(
                f"{self.label} signed you in at the level {str(token_claims.get('acr'))[:80]!r}."
                f" Allowed: {', '.join(allowed)}. Sign in there with a stronger method."
            )

    def _authenticated_at(
        self, attempt: Attempt, token_claims: Mapping[str, Any]
    ) -> datetime | None:
        """When the person signed in at the provider; a new sign-in has to be recent."""
        at = claims.instant(token_claims.get("auth_time"))
        if attempt.again_as is None:
            return at
        if self._reauthentication == "best_effort":
            return None
        if at is None:
            raise SignInRefused(
                f"{self.label} does not report when you signed in there, so it can't prove a recent"
                " sign-in. An administrator can change that at the provider, or set"
                f' auth.providers.{self.name}.reauthentication to "best_effort".'
            )
        skew = timedelta(seconds=CLOCK_SKEW_SECS)
        if at > datetime.now(UTC) + skew:
            raise ValueError(f"the sign-in there is in the future: {at.isoformat()}")
        if at < attempt.begun_at - skew:
            raise SignInRefused(
                f"{self.label} did not ask you to sign in again: your last sign-in there was at"
                f" {instant(at)}. Sign out there, then sign in again."
            )
        return max(at, attempt.begun_at)

    def _profile(self, token_claims: Mapping[str, Any], answer: Mapping[str, str]) -> Profile:
        return Profile(
            provider=self.name,
            subject=claims.subject(token_claims["sub"]),
            email=claims.address(token_claims.get("email")),
            email_verified=self._is_verified(token_claims),
            name=self._name(token_claims, answer),
            picture_url=claims.picture(token_claims.get("picture")),
        )

    def _name(self, token_claims: Mapping[str, Any], answer: Mapping[str, str]) -> str:
        parts = claims.full_name(token_claims.get("given_name"), token_claims.get("family_name"))
        return claims.name(token_claims.get("name"), parts)

    def _is_verified(self, token_claims: Mapping[str, Any]) -> bool:
        return claims.is_true(token_claims.get("email_verified"))

    def _is_complete(self, token_claims: Mapping[str, Any]) -> bool:
        return claims.name(token_claims.get("name")) != "" and "email_verified" in token_claims

    def _secret(self) -> str:
        return self._settings.client_secret.get_secret_value()

    def _is_issuer_of(self, sender: object) -> bool:
        """Check whether a discovery document from *sender* belongs to this provider."""
        return sender == self._issuer

    def _is_sender(self, sender: str) -> bool:
        """Check whether *sender* is the issuer of the discovery document."""
        return sender == str(self._document["issuer"])

    def _issuer_for(self, token_claims: Mapping[str, Any]) -> str:
        """The issuer that an ID token with these claims must have."""
        return self._issuer

    async def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        client_id = self._settings.client_id
        try:
            token_claims = id_tokens.claims_of(token, self._keys, client_id, nonce)
        except InvalidKeyIdError:
            # The provider has changed its keys since they were read.
            await self._discover(refresh=True)
            token_claims = id_tokens.claims_of(token, self._keys, client_id, nonce)
        if token_claims.get("iss") != self._issuer_for(token_claims):
            raise ValueError(f"the issuer is {token_claims.get('iss')!r}")
        return token_claims

    async def _completed(
        self, token_claims: dict[str, Any], access_token: object
    ) -> dict[str, Any]:
        """The claims, completed from UserInfo where the ID token lacks some (Core section 5.3).

        A failure of UserInfo matters only when the address is missing: a person can sign in without
        a name, and an unverified address proves nothing.
        """
        is_needed = claims.address(token_claims.get("email")) is None
        endpoint = self._document.get("userinfo_endpoint")
        if endpoint is None or (self._is_complete(token_claims) and not is_needed):
            return token_claims
        try:
            token = claims.a_text(access_token, "the access token")
            found = claims.an_object(await self._get(endpoint, token), "the answer of UserInfo")
            # Core section 5.3.2: an answer about another person must not be used.
            if found.get("sub") != token_claims["sub"]:
                raise ValueError(f"UserInfo is about {found.get('sub')!r}")
        except (httpx2.HTTPError, ValueError, RecursionError) as error:
            if is_needed:
                raise
            log.warning(
                "sign_in.no_userinfo", extra={"provider": self.name, "error": logged(error)}
            )
            return token_claims
        return claims.completed(token_claims, found)

    async def _discover(self, *, refresh: bool = False) -> dict[str, Any]:
        """The provider's discovery document, with its keys (OpenID Connect Discovery 1.0)."""
        if not refresh and time.monotonic() - self._read_at < KEPT_SECS:
            return self._document
        document = claims.an_object(await self._get(self.asked), "the discovery document")
        if not self._is_issuer_of(document.get("issuer")):
            raise ValueError(f"the document's issuer is {document.get('issuer')!r}")
        endpoints.must_be_safe(document, self._issuer)
        published = claims.an_object(await self._get(document["jwks_uri"]), "the set of keys")
        keys = id_tokens.usable_keys(published.get("keys"))
        self._document, self._keys, self._read_at = document, keys, time.monotonic()
        return self._document


def _secret_shown_by(document: Mapping[str, Any]) -> str:
    """Credentials in the body where supported, since they need no escaping; else in the header."""
    taken = document.get("token_endpoint_auth_methods_supported")
    is_taken = isinstance(taken, list) and "client_secret_post" in taken
    return "client_secret_post" if is_taken else "client_secret_basic"
