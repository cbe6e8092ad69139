"""The enabled sign-in providers."""

from __future__ import annotations

from aiwebengine.auth.github import GithubProvider
from aiwebengine.auth.known_providers import AppleProvider, GoogleProvider, MicrosoftProvider
from aiwebengine.auth.openid import OpenIdProvider
from aiwebengine.auth.sign_in_provider import SignInProvider
from aiwebengine.core.config import Auth
from aiwebengine.core.config_providers import Provider

_ISSUERS = {"google": "https://accounts.google.com", "apple": "https://appleid.apple.com"}
_LABELS = {"google": "Google", "microsoft": "Microsoft", "github": "GitHub", "apple": "Apple"}
_OPENID = {"google": GoogleProvider, "microsoft": MicrosoftProvider, "apple": AppleProvider}


def configured(auth: Auth) -> dict[str, SignInProvider]:
    """The enabled providers by name."""
    made: dict[str, SignInProvider] = {}
    for name, settings in auth.providers.items():
        kind = auth.kind_of(name)
        label = settings.label or _LABELS.get(name) or name.replace("-", " ").title()
        if kind == "github":
            made[name] = GithubProvider(name, label, settings)
            continue
        # A session can't be older than this, so its sign-in need not be either.
        max_age_secs = int(auth.session_timeout.total_seconds())
        provider = _OPENID.get(kind, OpenIdProvider)
        made[name] = provider(name, label, settings, _issuer(kind, settings), max_age_secs)
    return made


def _issuer(kind: str, settings: Provider) -> str:
    if settings.issuer is not None:
        return settings.issuer
    if kind == "microsoft":
        return f"https://login.microsoftonline.com/{settings.tenant}/v2.0"
    return _ISSUERS[kind]
