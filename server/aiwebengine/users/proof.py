"""What proves that an e-mail address belongs to a person."""

from __future__ import annotations

from dataclasses import dataclass

from aiwebengine.core.addresses import Address, NotAnAddress, parse
from aiwebengine.core.identity import Profile


@dataclass(frozen=True)
class Vouching:
    """What a provider's word about addresses counts for.

    *domains* limits it to the addresses there; empty: all.
    """

    vouches: bool = False
    domains: frozenset[str] = frozenset()


def proves(profile: Profile, vouching: Vouching) -> Address | None:
    """The address that this profile proves to belong to the person, or None.

    A profile proves its address when the provider says that it verified it, and the provider's
    word counts for addresses of that domain. Nothing else does: neither who came first, nor an
    earlier or later profile of the same identity with another address.
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
