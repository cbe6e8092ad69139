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
    """Any provider that speaks OpenID Connect, found by its issuer.

    *max_age_secs* is how old the sign-in at the provider may be when a session begins.
    """

    scope = "openid email profile"
    extra: Mapping[str, str] = {}
    # Core section 3.1.2.1: with a max_age the ID token has to say when the person signed in.
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
            is_told = document.get("authorization_response_iss_parameter_supported") is True
            if sender is None and is_told:
                raise ValueError("the answer does not say who sent it")
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
            told = await self._claims(token, attempt.nonce)
            self._must_have_a_level(told)
            authenticated_at = self._authenticated_at(attempt, told)
            told = await self._completed(told, tokens.get("access_token"))
            return Proof(self._profile(told, answer), authenticated_at)

    async def logout_address(self, return_to: str) -> str | None:
        """See the base class; OpenID Connect RP-Initiated Logout 1.0."""
        endpoint = self._document.get("end_session_endpoint")
        if endpoint is None or not endpoints.is_safe(endpoint, self._issuer):
            return None
        asked = {"client_id": self._settings.client_id, "post_logout_redirect_uri": return_to}
        return str(httpx2.URL(endpoint).copy_merge_params(asked))

    def _parameters(self, attempt: Attempt) -> dict[str, str]:
        """What is asked for beside the usual (Core section 3.1.2.1)."""
        asked = dict(self.extra)
        if attempt.again_as is not None:
            asked |= self.asks_again
        elif self.asks_when:
            asked["max_age"] = str(self._max_age_secs)
        if self._settings.acr_values:
            asked["acr_values"] = " ".join(self._settings.acr_values)
        return asked

    def _must_have_a_level(self, told: Mapping[str, Any]) -> None:
        """Providers may ignore `acr_values` (Core section 3.1.2.1), so the answer is looked at."""
        allowed = self._settings.acr_values
        if allowed and told.get("acr") not in allowed:
            raise SignInRefused(
                f"{self.label} signed you in at the level {str(told.get('acr'))[:80]!r}. Allowed:"
                f" {', '.join(allowed)}. Sign in there with a stronger method."
            )

    def _authenticated_at(self, attempt: Attempt, told: Mapping[str, Any]) -> datetime | None:
        """When the person signed in at the provider; who signs in again has to do it now."""
        at = claims.instant(told.get("auth_time"))
        if attempt.again_as is None:
            return at
        if self._reauthentication == "best_effort":
            return None
        if at is None:
            raise SignInRefused(
                f"{self.label} does not say when you signed in there, so it can't prove a recent"
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

    def _profile(self, told: Mapping[str, Any], answer: Mapping[str, str]) -> Profile:
        return Profile(
            provider=self.name,
            subject=claims.subject(told["sub"]),
            email=claims.address(told.get("email")),
            email_verified=self._is_verified(told),
            name=self._name(told, answer),
            picture_url=claims.picture(told.get("picture")),
        )

    def _name(self, told: Mapping[str, Any], answer: Mapping[str, str]) -> str:
        parts = claims.full_name(told.get("given_name"), told.get("family_name"))
        return claims.name(told.get("name"), parts)

    def _is_verified(self, told: Mapping[str, Any]) -> bool:
        return claims.is_true(told.get("email_verified"))

    def _is_complete(self, told: Mapping[str, Any]) -> bool:
        return claims.name(told.get("name")) != "" and "email_verified" in told

    def _secret(self) -> str:
        return self._settings.client_secret.get_secret_value()

    def _is_issuer_of(self, sender: object) -> bool:
        """Whether a discovery document by *sender* is this provider's."""
        return sender == self._issuer

    def _is_sender(self, sender: str) -> bool:
        """Whether an answer by *sender* was asked for: it has the issuer of the document."""
        return sender == str(self._document["issuer"])

    def _issuer_for(self, told: Mapping[str, Any]) -> str:
        """The issuer that an ID token with these claims must have."""
        return self._issuer

    async def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        client_id = self._settings.client_id
        try:
            told = id_tokens.claims_of(token, self._keys, client_id, nonce)
        except InvalidKeyIdError:
            # The provider has changed its keys since we read them.
            await self._discover(anew=True)
            told = id_tokens.claims_of(token, self._keys, client_id, nonce)
        if told.get("iss") != self._issuer_for(told):
            raise ValueError(f"the issuer is {told.get('iss')!r}")
        return told

    async def _completed(self, told: dict[str, Any], access_token: object) -> dict[str, Any]:
        """The claims, with those of UserInfo where an ID token is thin (Core section 5.3).

        Only a missing address bars the way: without its name a person can still sign in, and an
        address that nobody calls verified proves nothing.
        """
        is_needed = claims.address(told.get("email")) is None
        endpoint = self._document.get("userinfo_endpoint")
        if endpoint is None or (self._is_complete(told) and not is_needed):
            return told
        try:
            token = claims.a_text(access_token, "the access token")
            found = claims.an_object(await self._get(endpoint, token), "the answer of UserInfo")
            # Core section 5.3.2: another person's answer is not ours.
            if found.get("sub") != told["sub"]:
                raise ValueError(f"UserInfo is about {found.get('sub')!r}")
        except (httpx2.HTTPError, ValueError, RecursionError) as error:
            if is_needed:
                raise
            log.warning(
                "sign_in.no_userinfo", extra={"provider": self.name, "error": logged(error)}
            )
            return told
        return claims.completed(told, found)

    async def _discover(self, *, anew: bool = False) -> dict[str, Any]:
        """The provider's own description, with its keys (OpenID Connect Discovery 1.0)."""
        if not anew and time.monotonic() - self._read_at < KEPT_SECS:
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
    """In the body where that is taken: it needs no escaping; else as the standard's default."""
    taken = document.get("token_endpoint_auth_methods_supported")
    is_taken = isinstance(taken, list) and "client_secret_post" in taken
    return "client_secret_post" if is_taken else "client_secret_basic"
