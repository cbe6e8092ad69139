"""Base of sign-in providers: the address to start at, and what the answer proves."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc.errors import JoseError

from aiwebengine.auth import claims
from aiwebengine.auth.types import Attempt, Proof, SignInRefused
from aiwebengine.core.config_providers import Provider, reauthentication_of
from aiwebengine.core.untrusted_text import on_one_line

log = logging.getLogger(__name__)

TIMEOUT_SECS = 8.0
# RFC 6749 section 5.2 and codes of GitHub: nobody can sign in until the settings are corrected.
_OUR_FAULTS = {
    "invalid_client",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "incorrect_client_credentials",
    "redirect_uri_mismatch",
}
_CODE_FAULTS = {"invalid_grant", "bad_verification_code"}
LONGEST_ERROR = 60
LONGEST_LOGGED = 500


class SignInProvider(ABC):
    """A configured provider. *name* is used in addresses and identities, *label* on the button."""

    # Parameters that ask the person to sign in again, if the provider supports them.
    asks_again: Mapping[str, str] = {}

    def __init__(self, name: str, label: str, settings: Provider) -> None:
        self.name = name
        self.label = label
        self._settings = settings
        self._reauthentication = reauthentication_of(name, settings)

    @property
    @abstractmethod
    def asked(self) -> str:
        """The first address of the sign-in; it responds while the provider works."""

    @abstractmethod
    async def address(self, attempt: Attempt, state: str, redirect_uri: str) -> str:
        """The address for the browser. Raises SignInRefused when the provider does not respond."""

    async def must_have_answered(self, answer: Mapping[str, str]) -> None:
        """Raise SignInRefused for an answer that names another provider as its sender."""
        return

    @abstractmethod
    async def proof(self, attempt: Attempt, answer: Mapping[str, str], redirect_uri: str) -> Proof:
        """Who signed in, and when. Raises SignInRefused."""

    async def logout_address(self, return_to: str) -> str | None:
        """The address that ends a session at the provider; None if it has none."""
        return None

    def _client(
        self, redirect_uri: str, scope: str, secret: str, by: str = "client_secret_post"
    ) -> AsyncOAuth2Client:
        """An OAuth client; *by* is its authentication method (OpenID Connect Core section 9)."""
        return _Client(
            self._settings.client_id,
            secret or None,
            scope=scope,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
            token_endpoint_auth_method=by if secret else "none",
            timeout=TIMEOUT_SECS,
        )

    async def _get(self, address: str, access_token: str | None = None) -> Any:
        """The JSON at an address of the provider. No redirect is followed."""
        headers = {"Accept": "application/json"}
        if access_token is not None:
            headers["Authorization"] = f"Bearer {access_token}"
        async with httpx2.AsyncClient(timeout=TIMEOUT_SECS, headers=headers) as client:
            return (await client.get(address)).raise_for_status().json()

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[None]:
        """Log a failure of the connection or the answer and raise it as SignInRefused."""
        try:
            yield
        except SignInRefused as refused:
            log.warning("sign_in.refused", extra={"provider": self.name, "why": refused.message})
            raise
        except httpx2.TimeoutException as error:
            log.warning("sign_in.timeout", extra={"provider": self.name, "error": logged(error)})
            raise SignInRefused(f"{self.label} takes too long to answer. Try again.") from None
        except httpx2.HTTPStatusError as error:
            status = error.response.status_code
            if status >= 500 or status == 429:
                log.warning(
                    "sign_in.unreachable", extra={"provider": self.name, "error": logged(error)}
                )
                raise SignInRefused(
                    f"{self.label} does not answer as it should (HTTP {status}). Try again later."
                ) from None
            log.warning(
                "sign_in.not_accepted", extra={"provider": self.name, "error": logged(error)}
            )
            raise SignInRefused(self._status_in_words(status)) from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            log.warning(
                "sign_in.unreachable", extra={"provider": self.name, "error": logged(error)}
            )
            raise SignInRefused(f"{self.label} does not answer. Try again in a moment.") from None
        except OAuthError as error:
            log.warning(
                "sign_in.not_accepted", extra={"provider": self.name, "error": logged(error)}
            )
            raise SignInRefused(self._error_in_words(str(error.error))) from None
        except (JoseError, ValueError, LookupError, TypeError, RecursionError) as error:
            log.warning("sign_in.bad_answer", extra={"provider": self.name, "error": logged(error)})
            raise SignInRefused(
                f"The answer of {self.label} can't be trusted, so nobody was signed in."
            ) from None

    def _status_in_words(self, status: int) -> str:
        what = "has moved" if status < 400 else "refused a request of the engine"
        return (
            f"{self.label} {what} (HTTP {status}). Trying again does not help: an administrator"
            f" has to correct the settings of auth.providers.{self.name}."
        )

    def _error_in_words(self, error: str) -> str:
        if error in _OUR_FAULTS:
            return (
                f"{self.label} does not accept this engine ({error}). An administrator has to"
                " correct the client id, its secret or key, or the redirect address of"
                f" auth.providers.{self.name}."
            )
        if error in _CODE_FAULTS:
            return f"{self.label} does not accept this sign-in any more ({error}). Try again."
        reason = on_one_line(error[:LONGEST_ERROR])
        return f"{self.label} refused the sign-in ({reason}), so nobody was signed in."


def logged(error: Exception) -> str:
    """The text of a failure for the log, truncated."""
    return repr(error)[:LONGEST_LOGGED]


class _Client(AsyncOAuth2Client):  # type: ignore[misc]
    """Reads the answer of the token endpoint and ignores what is not needed."""

    def parse_response_token(self, response: httpx2.Response) -> dict[str, Any]:
        """The answer's members. Raises OAuthError, HTTPStatusError, ValueError."""
        try:
            answer = claims.an_object(response.json(), "the answer of the token endpoint")
        except (ValueError, RecursionError):
            response.raise_for_status()
            raise
        if answer.get("error"):
            raise OAuthError(str(answer["error"])[:LONGEST_ERROR])
        response.raise_for_status()
        return answer
