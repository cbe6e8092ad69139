"""Who may call, in words, from the rights that operations and routes declare."""

from __future__ import annotations

from aiwebengine.core.rights import Rights
from reference.markdown import code


def people(rights: Rights) -> str:
    """Who gets an answer."""
    if rights.is_by_operation:
        return "[By operation](graphql.md)"
    if rights.is_open:
        return "Anyone"
    if not rights.roles:
        return "Signed-in users"
    holders = " and ".join(f"{role.value}s" for role in rights.roles).capitalize()
    if not rights.role_when:
        return holders
    return f"Signed-in users; {holders.lower()} {rights.role_when}"


def scope_of(rights: Rights) -> str:
    """The scope that an API token needs; empty where every token will do."""
    return code(rights.scope.value) if rights.scope else ""


def recent_sign_in(rights: Rights) -> str:
    """When a browser must have signed in recently; empty for never."""
    return "" if rights.recent_sign_in is None else rights.recent_sign_in or "always"


def sentence(rights: Rights) -> str:
    """Who gets an answer, and with which scope."""
    scope = scope_of(rights)
    return people(rights) + (f"; an API token needs the scope {scope}" if scope else "") + "."
