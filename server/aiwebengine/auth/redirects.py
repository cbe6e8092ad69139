"""Redirects after a sign-in."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import quote

from aiwebengine.core.identity import Role

HOME = "/"
MANAGER = "/engine/admin"
EDITOR = "/editor"
# The sign-in page itself: it redirects signed-in users to the page of their role.
LANDING = "/auth/login"
# Stored during the sign-in, so its length is limited: anyone can start one.
LONGEST = 2_000
# A path of this site. Browsers take `//host` and `/\\host` as addresses of other sites.
_OWN_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\\\x7f-\x9f]*")


def safe_redirect(target: str | None, otherwise: str = HOME) -> str:
    """The target if it is a path of this site and not too long, else *otherwise*."""
    if not target or len(target) > LONGEST:
        return otherwise
    return target if _OWN_PATH.fullmatch(target) else otherwise


def landing_for(roles: Collection[Role]) -> str:
    """The default page after a sign-in, by role."""
    if Role.ADMINISTRATOR in roles:
        return MANAGER
    return EDITOR if Role.EDITOR in roles else HOME


def sign_in_address(target: str) -> str:
    """The address of the sign-in page that redirects to *target*."""
    return f"/auth/login?redirect={quote(target, safe='/')}"
