"""Programs that register themselves (RFC 7591)."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.untrusted_text import must_show_all
from aiwebengine.database import Database
from aiwebengine.oauth_server import store
from aiwebengine.oauth_server.redirects import checked_redirect, host_of
from aiwebengine.oauth_server.types import (
    LONGEST_NAME,
    MOST_REDIRECTS,
    MOST_UNUSED_CLIENTS,
    Client,
    InvalidClient,
    OAuthError,
)
from aiwebengine.sessions import secrets

AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post")
"""How a program proves to the token endpoint who it is."""
GRANTS = ("authorization_code", "refresh_token")
_DEFAULT_METHOD = "client_secret_basic"


@dataclass(frozen=True)
class Registered:
    """A new program, and the response to it."""

    client: Client
    metadata: dict[str, Any]


class Clients:
    """Registered programs. Anyone may register one; what is stored of it is bounded."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def register(self, asked: Mapping[str, Any]) -> Registered:
        """Register a program with this metadata; unknown members are ignored. Raises OAuthError."""
        redirects = _redirects(asked)
        method = asked.get("token_endpoint_auth_method", _DEFAULT_METHOD)
        if method not in AUTH_METHODS:
            raise OAuthError(
                "invalid_client_metadata",
                f"token_endpoint_auth_method: found {str(method)[:80]!r};"
                f" allowed: {', '.join(AUTH_METHODS)}.",
            )
        _must_have("grant_types", asked, "authorization_code")
        _must_have("response_types", asked, "code")
        name = _name(asked.get("client_name"), redirects[0])
        secret = None if method == "none" else secrets.new_secret()
        client = await store.add_client(
            self._db, name, redirects, None if secret is None else secrets.digest(secret)
        )
        await store.remove_unused_clients(self._db, MOST_UNUSED_CLIENTS)
        metadata: dict[str, Any] = {
            "client_id": str(client.id),
            "client_id_issued_at": int(client.created_at.timestamp()),
            "client_name": name,
            "redirect_uris": redirects,
            "grant_types": list(GRANTS),
            "response_types": ["code"],
            "token_endpoint_auth_method": method,
        }
        if secret is not None:
            metadata |= {"client_secret": secret, "client_secret_expires_at": 0}
        return Registered(client, metadata)

    async def find(self, client_id: object) -> Client | None:
        """The program with this ID, or None."""
        try:
            wanted = UUID(str(client_id))
        except ValueError:
            return None
        return await store.client(self._db, wanted)

    async def authenticated(self, client_id: object, secret: str | None) -> Client:
        """The program with this ID and secret; a public one has none. Raises InvalidClient."""
        client = await self.find(client_id)
        if client is None:
            raise InvalidClient("client_id: there is no such program; register it again.")
        expected = client.secret_hash
        if expected is None and secret in (None, ""):
            return client
        if expected is None or not hmac.compare_digest(expected, secrets.digest(secret or "")):
            raise InvalidClient("client_secret: it is not the one of this program.")
        return client


def _redirects(asked: Mapping[str, Any]) -> list[str]:
    found = asked.get("redirect_uris")
    if not isinstance(found, list) or not 1 <= len(found) <= MOST_REDIRECTS:
        raise OAuthError(
            "invalid_redirect_uri", f"redirect_uris: allowed: a list of 1 to {MOST_REDIRECTS}."
        )
    return [checked_redirect(one) for one in found]


def _must_have(name: str, asked: Mapping[str, Any], value: str) -> None:
    """Raise OAuthError unless the member is missing or lists *value*; others are not registered."""
    found = asked.get(name)
    if found is not None and not (isinstance(found, list) and value in found):
        raise OAuthError(
            "invalid_client_metadata", f"{name}: found {str(found)[:80]!r}; it must list {value}."
        )


def _name(asked: object, redirect: str) -> str:
    """The name that the consent page shows; without one, where the answer goes."""
    if asked is None:
        return host_of(redirect)[:LONGEST_NAME]
    if not isinstance(asked, str) or not 1 <= len(asked.strip()) <= LONGEST_NAME:
        raise OAuthError(
            "invalid_client_metadata", f"client_name: allowed: 1 to {LONGEST_NAME} characters."
        )
    try:
        must_show_all("client_name", asked.strip())
    except BadUserInput as error:
        raise OAuthError("invalid_client_metadata", error.message) from None
    return asked.strip()
