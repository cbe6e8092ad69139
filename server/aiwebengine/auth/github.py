"""GitHub, which supports OAuth 2 only: its own API returns who signed in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx2

from aiwebengine.auth import claims
from aiwebengine.auth.sign_in_provider import SignInProvider
from aiwebengine.auth.types import Attempt, Proof, SignInRefused
from aiwebengine.core.identity import Profile


class GithubProvider(SignInProvider):
    """GitHub, by its own API: it issues no ID tokens for people."""

    site = "https://github.com"
    api = "https://api.github.com"
    asks_again: Mapping[str, str] = {"prompt": "select_account"}

    @property
    def asked(self) -> str:
        """See the base class."""
        return self.api

    async def address(self, attempt: Attempt, state: str, redirect_uri: str) -> str:
        """See the base class."""
        again = self.asks_again if attempt.again_as is not None else {}
        async with self._client(redirect_uri, "read:user user:email", "") as client:
            address, _ = client.create_authorization_url(
                f"{self.site}/login/oauth/authorize",
                state=state,
                code_verifier=attempt.verifier,
                **again,
            )
        return str(address)

    async def proof(self, attempt: Attempt, answer: Mapping[str, str], redirect_uri: str) -> Proof:
        """See the base class."""
        secret = self._settings.client_secret.get_secret_value()
        async with self._asking():
            async with self._client(redirect_uri, "", secret) as client:
                tokens = await client.fetch_token(
                    f"{self.site}/login/oauth/access_token",
                    code=answer["code"],
                    code_verifier=attempt.verifier,
                    headers={"Accept": "application/json"},
                )
            token = claims.a_text(tokens.get("access_token"), "the access token")
            person = claims.an_object(await self._get(f"{self.api}/user", token), "the user")
            primary = _primary(await self._addresses(token))
            number = person.get("id")
            if isinstance(number, bool) or not isinstance(number, int):
                raise ValueError(f"the user's id is {number!r}")
            return Proof(
                Profile(
                    provider=self.name,
                    subject=str(number),
                    email=claims.address(primary.get("email")),
                    email_verified=primary.get("verified") is True,
                    name=claims.name(person.get("name"), person.get("login")),
                    picture_url=claims.picture(person.get("avatar_url")),
                )
            )

    async def _addresses(self, token: str) -> object:
        try:
            return await self._get(f"{self.api}/user/emails", token)
        except httpx2.HTTPStatusError as error:
            if error.response.status_code not in (403, 404):
                raise
            raise SignInRefused(
                f"{self.label} does not let the engine read your e-mail addresses (HTTP"
                f" {error.response.status_code}). An administrator has to give the GitHub App the"
                " account permission “Email addresses: read-only”."
            ) from None


def _primary(addresses: object) -> dict[str, Any]:
    if not isinstance(addresses, list):
        raise ValueError(f"the addresses are {type(addresses).__name__}, not a list")
    found = (one for one in addresses if isinstance(one, dict) and one.get("primary") is True)
    return next(found, {})
