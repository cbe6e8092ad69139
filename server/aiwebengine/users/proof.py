"""Which sign-ins verify that an e-mail address belongs to a person."""

from __future__ import annotations

from dataclasses import dataclass

from aiwebengine.core.addresses import Address, NotAnAddress, parse
from aiwebengine.core.identity import Profile


@dataclass(frozen=True)
class Vouching:
    """Whether a provider is trusted to verify addresses.

    *domains* limits the trust to these domains; empty: all.
    """

    vouches: bool = False
    domains: frozenset[str] = frozenset()


def proves(profile: Profile, vouching: Vouching) -> Address | None:
    """The address that this profile verifies, or None.

    A profile verifies its address when the provider reports it as verified and is trusted for that
    domain. Nothing else does: neither signing up first nor another profile of the same identity
    with another address.
    """
    if not (profile.email and profile.email_verified and vouching.vouches):
        return None
    try:
        address = parse(profile.email)
    except NotAnAddress:
        return None
    if vouching.domains and address.domain not in vouching.domains:
        return None
    return address
