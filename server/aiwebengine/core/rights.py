"""Rights declared beside each GraphQL operation and HTTP route: role, scope and recent sign-in.

A declaration describes; the services enforce. The descriptions of the schema and docs/reference
are written from it, and tests/test_who_may_do_what.py calls every operation and route as every
kind of caller to see that the services enforce what is declared. An operation or route that
declares nothing is refused when the engine starts.

These ask for no recent sign-in on purpose: what only reads (the audit trail and the log can be
read page by page as well as downloaded), what takes nothing away and gives nobody access (a backup,
its verification, a review, a vacuum: only the command line rewrites tables under a lock), and what
people do to their own sessions, tokens and roles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from inspect import isfunction, unwrap
from typing import TypeVar

from aiwebengine.core.identity import Role, Scope

Function = TypeVar("Function", bound=Callable[..., object])

_ATTRIBUTE = "rights"


class UndeclaredRights(TypeError):
    """An operation or route does not declare who may use it."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} declares no rights. Put @needs(…) or @open_to_all (aiwebengine.core.rights)"
            " right above its function."
        )


@dataclass(frozen=True)
class Rights:
    """What a caller needs for one operation or route."""

    roles: tuple[Role, ...] = ()
    """Any one of these; empty: no role."""
    scope: Scope | None = None
    """Of an API token; None: any token."""
    role_when: str = ""
    """When the role is needed, as "for the session of another user"; empty: always."""
    recent_sign_in: str | None = None
    """When a session needs a recent sign-in; empty: always, None: never."""
    is_by_operation: bool = False
    """Whether each operation that is sent there has rights of its own."""

    @property
    def is_open(self) -> bool:
        """Whether a caller needs nothing, not even to be signed in."""
        return not self.roles and self.scope is None and not self.is_by_operation

    def __str__(self) -> str:
        """Sentences for a description; empty when nothing is needed."""
        return " ".join(part for part in (self._needs(), self._needs_recent_sign_in()) if part)

    def _needs(self) -> str:
        role = f"the role {' or '.join(role.name for role in self.roles)}" if self.roles else ""
        scope = f"the scope {self.scope.value}" if self.scope else ""
        if role and self.role_when:
            return f"Needs {scope}. Needs {role} {self.role_when}."
        parts = [part for part in (role, scope) if part]
        return f"Needs {' and '.join(parts)}." if parts else ""

    def _needs_recent_sign_in(self) -> str:
        if self.recent_sign_in is None:
            return ""
        return " ".join(["Needs a recent sign-in", self.recent_sign_in]).rstrip() + "."


ALWAYS = ""
"""As `recent_sign_in`: each time."""


def needs(
    role: Role | tuple[Role, ...],
    scope: Scope = Scope.READ,
    *,
    role_when: str = "",
    recent_sign_in: str | None = None,
) -> Callable[[Function], Function]:
    """Declare that callers need *role*, or one of several, and an API token *scope*.

    *role_when* limits the role to some calls, as "for the session of another user"; for the others
    it is enough to be signed in. *recent_sign_in* is `ALWAYS`, or says when a session needs a
    recent sign-in, as "for the role ADMINISTRATOR".
    """
    roles = role if isinstance(role, tuple) else (role,)
    return _declare(Rights(roles, scope, role_when, recent_sign_in))


def needs_scope(scope: Scope) -> Callable[[Function], Function]:
    """Declare that callers need to be signed in, and an API token *scope*."""
    return _declare(Rights(scope=scope))


def open_to_all(function: Function) -> Function:
    """Declare that everyone may call, signed in or not."""
    return _declare(Rights())(function)


def by_operation(function: Function) -> Function:
    """Declare that each operation that is sent here has rights of its own."""
    return _declare(Rights(is_by_operation=True))(function)


def rights_of(function: Callable[..., object]) -> Rights | None:
    """What is declared above *function*; None when nothing is."""
    return getattr(unwrap(function), _ATTRIBUTE, None)


def _declare(rights: Rights) -> Callable[[Function], Function]:
    def declare(function: Function) -> Function:
        if not isfunction(function):
            raise TypeError(f"Rights stand right above a function, not above {function!r}.")
        setattr(function, _ATTRIBUTE, rights)
        return function

    return declare
