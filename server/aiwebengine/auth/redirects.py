"""Where to go after a sign-in."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import quote

from aiwebengine.core.identity import Role

HOME = "/"
MANAGER = "/engine/admin"
# The sign-in page itself: it sends who is signed in to the page of their role.
LANDING = "/auth/login"
# It is kept for as long as a sign-in takes: no stranger may store more.
LONGEST = 2_000
# A path of this site. `//host` and `/\\host` are addresses of other sites to a browser.
_OWN_PATH = re.compile(r"/(?![/\\])[^\x00-\x20\\\x7f-\x9f]*")


def safe_redirect(target: str | None, otherwise: str = HOME) -> str:
    """The target when it is a path of this site and not too long, else *otherwise*."""
    if not target or len(target) > LONGEST:
        return otherwise
    return target if _OWN_PATH.fullmatch(target) else otherwise


def landing_for(roles: Collection[Role]) -> str:
    """The page that a sign-in leads to when nobody asked for another: one that is theirs."""
    return MANAGER if Role.ADMINISTRATOR in roles else HOME


def sign_in_address(target: str) -> str:
    """The sign-in page that leads on to *target*."""
    return f"/auth/login?redirect={quote(target, safe='/')}"
