"""What each configured provider's word about addresses counts for."""

from __future__ import annotations

from aiwebengine.core.config import Auth
from aiwebengine.core.config_providers import SHARED_TENANTS
from aiwebengine.users.proof import Vouching


def configured(auth: Auth) -> dict[str, Vouching]:
    """By the provider's name."""
    return {
        name: Vouching(_vouches(auth, name), frozenset(settings.domains))
        for name, settings in auth.providers.items()
    }


def _vouches(auth: Auth, name: str) -> bool:
    """Whether the provider is believed when it says that it verified an address.

    The administrator of any Microsoft tenant may write any address into its directory (the attack
    is known as nOAuth), so a provider that is open to all tenants is not believed unless the
    configuration says so.
    """
    settings = auth.providers[name]
    if settings.vouches_for_addresses is not None:
        return settings.vouches_for_addresses
    is_microsoft = auth.kind_of(name) == "microsoft" and settings.issuer is None
    return not (is_microsoft and settings.tenant in SHARED_TENANTS)
