"""Asks visitors to sign in, where a script needs to know who they are."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from aiwebengine.core.errors import Unauthenticated
from aiwebengine.script_routes.visitors import Visitors
from aiwebengine.web.headers import header

_SIGN_IN_PAGE = "/auth/login"


class SignInRequired(Unauthenticated):
    """The script wants a user: its handler called `requireAuth`."""


def sign_in_page(
    scope: Scope, visitors: Visitors | None, host: str, *, is_own_host: bool
) -> Response | None:
    """The redirect to the page to sign in, which comes back; None where there can be none.

    Only a person who opens a page can sign in: programs, frames and forms get the error. On a host
    that a script is bound to nobody can sign in.
    """
    if not _opens_a_page(scope):
        return None
    target = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
    if scope["query_string"]:
        target += f"?{scope['query_string'].decode('latin-1')}"
    if not is_own_host:
        address = f"{_SIGN_IN_PAGE}?redirect={quote(target, safe='/')}"
    elif visitors is not None and visitors.host == host:
        address = visitors.address(target)
    else:
        return None
    return RedirectResponse(address, 303, {"Cache-Control": "no-store"})


def _opens_a_page(scope: Scope) -> bool:
    if scope["method"] not in ("GET", "HEAD"):
        return False
    kind = header(scope, b"sec-fetch-dest")
    if kind is not None:
        return kind == "document"
    return "text/html" in (header(scope, b"accept") or "")
