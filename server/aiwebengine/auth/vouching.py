"""Which configured providers are trusted to verify addresses."""

from __future__ import annotations

from aiwebengine.core.config import Auth
from aiwebengine.core.config_providers import SHARED_TENANTS
from aiwebengine.users.proof import Vouching


def configured(auth: Auth) -> dict[str, Vouching]:
    """The trust in each provider, by its name."""
    return {
        name: Vouching(_vouches(auth, name), frozenset(settings.domains))
        for name, settings in auth.providers.items()
    }


def _vouches(auth: Auth, name: str) -> bool:
    """Check whether the provider is trusted to verify addresses.

    The administrator of any Microsoft tenant may enter any address into its directory (the attack
    nOAuth), so a provider open to all tenants is not trusted unless the configuration says so.
    """
    settings = auth.providers[name]
    if settings.vouches_for_addresses is not None:
        return settings.vouches_for_addresses
    is_microsoft = auth.kind_of(name) == "microsoft" and settings.issuer is None
    return not (is_microsoft and settings.tenant in SHARED_TENANTS)
