"""Validation of the endpoints in a provider's discovery document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from aiwebengine.core.config_providers import THIS_MACHINE

_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OPTIONAL = ("userinfo_endpoint",)


def must_be_safe(document: Mapping[str, Any], issuer: str) -> None:
    """Raise ValueError for an endpoint that is not safe for codes, tokens or keys.

    The logout address is not checked: an unsafe one is just not offered.
    """
    for name in (*_NEEDED, *_OPTIONAL):
        endpoint = document.get(name)
        if endpoint is None and name in _OPTIONAL:
            continue
        if not is_safe(endpoint, issuer):
            raise ValueError(
                f"{name} is {str(endpoint)[:200]!r}; allowed: https://, or http:// on this machine"
                " for an issuer on this machine"
            )


def is_safe(endpoint: object, issuer: str) -> bool:
    """Check for an https address; http on this machine is allowed for issuers there only."""
    if not isinstance(endpoint, str) or not endpoint.isprintable() or " " in endpoint:
        return False
    try:
        parts, home = urlsplit(endpoint), urlsplit(issuer)
        is_whole = bool(parts.hostname) and parts.username is None and (parts.port or 1) > 0
    except ValueError:
        return False
    is_local = parts.hostname in THIS_MACHINE and home.hostname in THIS_MACHINE
    return is_whole and (parts.scheme == "https" or (parts.scheme == "http" and is_local))
