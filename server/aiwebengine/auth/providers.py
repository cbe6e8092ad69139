"""Sign-in providers: where to send a browser, and what its answer proves.

OpenID Connect Core 1.0 with the authorization code flow and PKCE (RFC 7636); GitHub, which speaks
OAuth 2 only, is asked for the profile instead.
"""

from __future__ import annotations

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, KeySet

from aiwebengine.auth.types import Attempt, SignInRefused
from aiwebengine.config import Auth, Provider
from aiwebengine.users.types import Profile

log = logging.getLogger(__name__)

TIMEOUT_SECS = 8.0
# Discovery documents and keys are read again after this, and whenever a key is missing.
KEPT_SECS = 3_600.0
CLOCK_SKEW_SECS = 120
APPLE_SECRET_SECS = 300
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA"]

_ISSUERS = {"google": "https://accounts.google.com", "apple": "https://appleid.apple.com"}
_LABELS = {"google": "Google", "microsoft": "Microsoft", "github": "GitHub", "apple": "Apple"}


class SignInProvider(ABC):
    """One configured provider. *name* stands in addresses and identities, *label* on the button."""

    def __init__(self, name: str, label: str, settings: Provider) -> None:
        self.name = name
        self.label = label
        self._settings = settings

    @property
    @abstractmethod
    def asked(self) -> str:
        """The address where sign-in begins to be asked for; it answers while the provider works."""

    @abstractmethod
    async def address(self, attempt: Attempt, state: str, redirect_uri: str) -> str:
        """Where to send the browser. Raises SignInRefused when the provider does not answer."""

    @abstractmethod
    async def profile(self, attempt: Attempt, code: str, redirect_uri: str) -> Profile:
        """Who signed in there. Raises SignInRefused."""

    async def logout_address(self, return_to: str) -> str | None:
        """Where a browser ends its session at the provider; None when there is no such place."""
        return None

    def _client(
        self, redirect_uri: str, scope: str, secret: str, by: str = "client_secret_post"
    ) -> AsyncOAuth2Client:
        """*by* is how the secret is shown (OpenID Connect Core section 9)."""
        return AsyncOAuth2Client(
            self._settings.client_id,
            secret or None,
            scope=scope,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            token_endpoint_auth_method=by if secret else "none",
            timeout=TIMEOUT_SECS,
        )

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        """What goes wrong on the wire or in an answer is logged, and told in plain words."""
        try:
            yield
        except SignInRefused as refused:
            log.warning("sign_in.refused", extra={"provider": self.name, "why": refused.message})
            raise
        except httpx2.TimeoutException as error:
            log.warning("sign_in.timeout", extra={"provider": self.name, "error": repr(error)})
            raise SignInRefused(f"{self.label} takes too long to answer. Try again.") from None
        except httpx2.HTTPError as error:
            log.warning("sign_in.unreachable", extra={"provider": self.name, "error": repr(error)})
            raise SignInRefused(f"{self.label} does not answer. Try again in a moment.") from None
        except (OAuthError, JoseError, ValueError, KeyError, TypeError) as error:
            log.warning("sign_in.bad_answer", extra={"provider": self.name, "error": repr(error)})
            raise SignInRefused(
                f"The answer of {self.label} can't be trusted, so nobody was signed in."
            ) from None


class OpenIdProvider(SignInProvider):
    """Any provider that speaks OpenID Connect, found by its issuer."""

    scope = "openid email profile"
    extra: Mapping[str, str] = {}

    def __init__(self, name: str, label: str, settings: Provider, issuer: str) -> None:
        super().__init__(name, label, settings)
        self._issuer = issuer
        self._document: dict[str, Any] = {}
        self._keys = KeySet([])
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
                    **self.extra,
                )
        return str(address)

    async def profile(self, attempt: Attempt, code: str, redirect_uri: str) -> Profile:
        """See the base class."""
        async with self._asking():
            document = await self._discover()
            by = _secret_shown_by(document)
            async with self._client(redirect_uri, self.scope, self._secret(), by) as client:
                tokens = await client.fetch_token(
                    document["token_endpoint"], code=code, code_verifier=attempt.verifier
                )
                claims = await self._claims(tokens["id_token"], attempt.nonce)
                if "email" not in claims and "userinfo_endpoint" in document:
                    told = (await client.get(document["userinfo_endpoint"])).json()
                    # OpenID Connect Core section 5.3.2: another person's answer is not ours.
                    if told.get("sub") == claims["sub"]:
                        claims = told | claims
        return Profile(
            provider=self.name,
            subject=str(claims["sub"]),
            email=_address(claims.get("email")),
            email_verified=self._is_verified(claims),
            name=str(claims.get("name") or ""),
            picture_url=_picture(claims.get("picture")),
        )

    async def logout_address(self, return_to: str) -> str | None:
        """See the base class; OpenID Connect RP-Initiated Logout 1.0."""
        endpoint = self._document.get("end_session_endpoint")
        if endpoint is None:
            return None
        asked = {"client_id": self._settings.client_id, "post_logout_redirect_uri": return_to}
        return str(httpx2.URL(endpoint).copy_merge_params(asked))

    def _is_verified(self, claims: Mapping[str, Any]) -> bool:
        # Apple says it as a text.
        return claims.get("email_verified") in (True, "true")

    def _secret(self) -> str:
        return self._settings.client_secret.get_secret_value()

    def _is_issuer(self, issuer: object, claims: Mapping[str, Any]) -> bool:
        return issuer == self._issuer

    async def _claims(self, token: str, nonce: str) -> dict[str, Any]:
        """What a valid ID token says (OpenID Connect Core section 3.1.3.7)."""
        try:
            decoded = jwt.decode(token, self._keys, ALGORITHMS)
        except (InvalidKeyIdError, ValueError):
            # The provider has changed its keys since we read them.
            await self._discover(anew=True)
            decoded = jwt.decode(token, self._keys, ALGORITHMS)
        claims = decoded.claims
        jwt.JWTClaimsRegistry(
            leeway=CLOCK_SKEW_SECS,
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
            aud={"essential": True, "value": self._settings.client_id},
            nonce={"essential": True, "value": nonce},
        ).validate(claims)
        if not self._is_issuer(claims.get("iss"), claims):
            raise ValueError(f"the issuer is {claims.get('iss')!r}")
        if claims.get("azp", self._settings.client_id) != self._settings.client_id:
            raise ValueError(f"the token is for {claims['azp']!r}")
        return claims

    async def _discover(self, *, anew: bool = False) -> dict[str, Any]:
        """The provider's own description, with its keys (OpenID Connect Discovery 1.0)."""
        if not anew and time.monotonic() - self._read_at < KEPT_SECS:
            return self._document
        async with httpx2.AsyncClient(timeout=TIMEOUT_SECS) as client:
            document = (await client.get(self.asked)).raise_for_status().json()
            if not self._is_issuer(document["issuer"], {}):
                raise ValueError(f"the document's issuer is {document['issuer']!r}")
            keys = (await client.get(document["jwks_uri"])).raise_for_status().json()
        self._keys = KeySet.import_key_set(
            {"keys": [key for key in keys["keys"] if key.get("use", "sig") == "sig"]}
        )
        self._document, self._read_at = document, time.monotonic()
        return self._document


class MicrosoftProvider(OpenIdProvider):
    """Microsoft, where one description serves the directories of all companies."""

    def _is_issuer(self, issuer: object, claims: Mapping[str, Any]) -> bool:
        return issuer == self._issuer or issuer in (
            f"https://login.microsoftonline.com/{claims.get('tid', '{tenantid}')}/v2.0",
        )

    def _is_verified(self, claims: Mapping[str, Any]) -> bool:
        # A directory's administrator may write any address; only this claim vouches for it.
        return claims.get("xms_edov") in (True, 1, "1", "true") or super()._is_verified(claims)


class AppleProvider(OpenIdProvider):
    """Apple, whose client secret is a signed statement, and which answers by POST."""

    scope = "openid email name"
    extra: Mapping[str, str] = {"response_mode": "form_post"}

    def _secret(self) -> str:
        settings, now = self._settings, int(time.time())
        assert settings.private_key is not None  # noqa: S101 - the configuration was checked
        return jwt.encode(
            {"alg": "ES256", "kid": settings.key_id},
            {
                "iss": settings.team_id,
                "iat": now,
                "exp": now + APPLE_SECRET_SECS,
                "aud": self._issuer,
                "sub": settings.client_id,
            },
            ECKey.import_key(settings.private_key.get_secret_value()),
        )


class GithubProvider(SignInProvider):
    """GitHub, by its own interface: it issues no ID token for people."""

    site = "https://github.com"
    api = "https://api.github.com"

    @property
    def asked(self) -> str:
        """See the base class."""
        return self.api

    async def address(self, attempt: Attempt, state: str, redirect_uri: str) -> str:
        """See the base class."""
        async with self._client(redirect_uri, "read:user user:email", "") as client:
            address, _ = client.create_authorization_url(
                f"{self.site}/login/oauth/authorize", state=state, code_verifier=attempt.verifier
            )
        return str(address)

    async def profile(self, attempt: Attempt, code: str, redirect_uri: str) -> Profile:
        """See the base class."""
        secret = self._settings.client_secret.get_secret_value()
        async with self._asking(), self._client(redirect_uri, "", secret) as client:
            await client.fetch_token(
                f"{self.site}/login/oauth/access_token",
                code=code,
                code_verifier=attempt.verifier,
                headers={"Accept": "application/json"},
            )
            person = (await client.get(f"{self.api}/user")).raise_for_status().json()
            addresses = (await client.get(f"{self.api}/user/emails")).raise_for_status().json()
            primary: dict[str, Any] = next((one for one in addresses if one["primary"]), {})
        return Profile(
            provider=self.name,
            subject=str(person["id"]),
            email=primary.get("email"),
            email_verified=primary.get("verified") is True,
            name=str(person.get("name") or person["login"]),
            picture_url=_picture(person.get("avatar_url")),
        )


def configured(auth: Auth) -> dict[str, SignInProvider]:
    """The providers that the configuration switches on, by name."""
    made: dict[str, SignInProvider] = {}
    for name, settings in auth.providers.items():
        kind = auth.kind_of(name)
        label = settings.label or _LABELS.get(name) or name.replace("-", " ").title()
        match kind:
            case "github":
                made[name] = GithubProvider(name, label, settings)
            case "microsoft":
                issuer = f"https://login.microsoftonline.com/{settings.tenant}/v2.0"
                made[name] = MicrosoftProvider(name, label, settings, settings.issuer or issuer)
            case "apple":
                made[name] = AppleProvider(
                    name, label, settings, settings.issuer or _ISSUERS["apple"]
                )
            case _:
                made[name] = OpenIdProvider(
                    name, label, settings, settings.issuer or _ISSUERS[kind]
                )
    return made


def _secret_shown_by(document: Mapping[str, Any]) -> str:
    """In the body where that is taken: it needs no escaping; else as the standard's default."""
    taken = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return "client_secret_post" if "client_secret_post" in taken else "client_secret_basic"


def _address(told: object) -> str | None:
    """The e-mail address, or None for what is no text."""
    return told if isinstance(told, str) else None


def _picture(address: object) -> str | None:
    """An address that a page may show, or None."""
    return address if isinstance(address, str) and address.startswith("https://") else None
