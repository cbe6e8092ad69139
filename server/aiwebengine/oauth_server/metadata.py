"""Metadata that programs read to find their way (RFC 8414, RFC 9728)."""

from __future__ import annotations

from typing import Any

from aiwebengine.oauth_server.clients import AUTH_METHODS, GRANTS
from aiwebengine.oauth_server.service import SCOPES

AUTHORIZE = "/auth/oauth/authorize"
TOKEN = "/auth/oauth/token"  # noqa: S105 - a path, not a secret
REGISTER = "/auth/oauth/register"
REVOKE = "/auth/oauth/revoke"
OF_SERVER = "/.well-known/oauth-authorization-server"
OF_RESOURCE = "/.well-known/oauth-protected-resource"


def of_server(issuer: str) -> dict[str, Any]:
    """The metadata of this authorization server (RFC 8414 section 2)."""
    return {
        "issuer": issuer,
        "authorization_endpoint": issuer + AUTHORIZE,
        "token_endpoint": issuer + TOKEN,
        "registration_endpoint": issuer + REGISTER,
        "revocation_endpoint": issuer + REVOKE,
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANTS),
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "code_challenge_methods_supported": ["S256"],
        # RFC 9207: the answer names the issuer, so that a program notices a mix-up.
        "authorization_response_iss_parameter_supported": True,
    }


def of_resource(issuer: str, path: str) -> dict[str, Any]:
    """The metadata of the protected resource at *path* (RFC 9728 section 2)."""
    return {
        "resource": issuer + path,
        "authorization_servers": [issuer],
        "scopes_supported": list(SCOPES),
        "bearer_methods_supported": ["header"],
        "resource_name": "aiwebengine",
    }
