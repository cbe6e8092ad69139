"""Google, Microsoft and Apple, where they differ from other OpenID providers."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from aiwebengine.auth import claims
from aiwebengine.auth.openid import OpenIdProvider
from aiwebengine.core.config_providers import SHARED_TENANTS, Provider, is_tenant_id

APPLE_SECRET_SECS = 300
# Personal accounts at Microsoft are one directory of this id.
_CONSUMERS = "9188040d-6c67-4c5b-b112-36a304b66dad"
_TENANT_IN_ISSUER = re.compile(r"(?P<authority>https?://.+)/(?P<tenant>[^/]+)/v2\.0")
_LONGEST_USER = 4_000


class GoogleProvider(OpenIdProvider):
    """Google, which never reports when a person signed in; a new sign-in asks for the account."""

    asks_when = False
    asks_again: Mapping[str, str] = {"prompt": "select_account"}


class MicrosoftProvider(OpenIdProvider):
    """Microsoft, where every directory (tenant) is an issuer of its own.

    With a tenant's id or domain only that directory can sign in. `common` and `organizations`
    share one discovery document; a token's issuer is then the directory that it names.
    """

    def __init__(
        self, name: str, label: str, settings: Provider, issuer: str, max_age_secs: int
    ) -> None:
        super().__init__(name, label, settings, issuer, max_age_secs)
        found = _TENANT_IN_ISSUER.fullmatch(issuer)
        self._authority = found["authority"] if found else ""
        self._tenant = found["tenant"] if found else ""

    def _is_issuer_of(self, sender: object) -> bool:
        if not self._authority or is_tenant_id(self._tenant):
            return sender == self._issuer
        if self._tenant == "consumers":
            return sender == self._issuer_of_directory(_CONSUMERS)
        found = _TENANT_IN_ISSUER.fullmatch(sender) if isinstance(sender, str) else None
        if found is None or found["authority"] != self._authority:
            return False
        is_template = found["tenant"] == "{tenantid}" and self._tenant in SHARED_TENANTS
        return is_template or is_tenant_id(found["tenant"])

    def _is_sender(self, sender: str) -> bool:
        is_shared = "{tenantid}" in str(self._document["issuer"])
        return self._is_issuer_of(sender) if is_shared else super()._is_sender(sender)

    def _issuer_for(self, token_claims: Mapping[str, Any]) -> str:
        issuer = str(self._document["issuer"])
        if "{tenantid}" not in issuer:
            return issuer
        directory = token_claims.get("tid")
        if not is_tenant_id(directory):
            raise ValueError(f"the directory is {directory!r}")
        if self._tenant == "organizations" and directory == _CONSUMERS:
            raise ValueError("a personal account, where only organizations are allowed")
        return self._issuer_of_directory(str(directory))

    def _issuer_of_directory(self, directory: str) -> str:
        return f"{self._authority}/{directory}/v2.0"

    def _is_verified(self, token_claims: Mapping[str, Any]) -> bool:
        # A directory's administrator may enter any address; only this claim verifies it.
        return token_claims.get("xms_edov") in (True, "1", "true") or super()._is_verified(
            token_claims
        )

    def _is_complete(self, token_claims: Mapping[str, Any]) -> bool:
        # Its UserInfo has no claim about the verification of the address.
        return claims.name(token_claims.get("name")) != ""


class AppleProvider(OpenIdProvider):
    """Apple, whose client secret is a signed JWT and which responds with a POST."""

    scope = "openid email name"
    extra: Mapping[str, str] = {"response_mode": "form_post"}
    asks_when = False
    asks_again: Mapping[str, str] = {}

    def _name(self, token_claims: Mapping[str, Any], answer: Mapping[str, str]) -> str:
        """Apple sends the name beside the code, at the person's first sign-in only.

        The browser delivers it unsigned, so it is used for the name only.
        """
        try:
            found = json.loads(answer.get("user", "")[:_LONGEST_USER])
            parts = claims.an_object(claims.an_object(found, "the user").get("name"), "the name")
        except (ValueError, RecursionError):
            return super()._name(token_claims, answer)
        return claims.full_name(parts.get("firstName"), parts.get("lastName"))

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
