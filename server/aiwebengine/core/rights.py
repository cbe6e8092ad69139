"""Declarations of the rights of GraphQL operations and HTTP routes: role, scope, recent sign-in.

A declaration does not enforce anything; the services do. It is used for the descriptions in the
schema and docs/reference, and tests/test_who_may_do_what.py calls all operations and routes as all
kinds of callers to check that the services enforce it. The engine does not start with an operation
or route without a declaration.

On purpose, no recent sign-in is needed for reading (a download has nothing that can't be read page
by page), for actions that remove nothing and give nobody access (a backup and its verification, an
access review, a vacuum without table rewrite), and for users' actions on their own sessions, tokens
and roles.
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
    """An operation or route does not declare its rights."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name} declares no rights. Put @needs(…) or @open_to_all (aiwebengine.core.rights)"
            " right above its function."
        )


@dataclass(frozen=True)
class Rights:
    """What a caller needs for one operation or route."""

    roles: tuple[Role, ...] = ()
    """The caller needs one of these roles; empty: no role is needed."""
    scope: Scope | None = None
    """Scope that an API token needs; None: any token."""
    role_when: str = ""
    """When the role is needed, such as "for the session of another user"; empty: always."""
    recent_sign_in: str | None = None
    """When a session needs a recent sign-in; empty: always; None: never."""
    is_by_operation: bool = False
    """Whether the endpoint accepts operations that have their own rights."""

    @property
    def is_open(self) -> bool:
        """Whether anonymous callers are allowed."""
        return not self.roles and self.scope is None and not self.is_by_operation

    def __str__(self) -> str:
        """Sentences for a description; empty if no rights are needed."""
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
"""Value of `recent_sign_in`: every call needs a recent sign-in."""


def needs(
    role: Role | tuple[Role, ...],
    scope: Scope = Scope.READ,
    *,
    role_when: str = "",
    recent_sign_in: str | None = None,
) -> Callable[[Function], Function]:
    """Declare that callers need *role* (or one of several), and that API tokens need *scope*.

    *role_when* says which calls need the role, such as "for the session of another user"; other
    calls only need a sign-in. *recent_sign_in* is `ALWAYS`, or says when a session needs a recent
    sign-in, such as "for the role ADMINISTRATOR".
    """
    roles = role if isinstance(role, tuple) else (role,)
    return _declare(Rights(roles, scope, role_when, recent_sign_in))


def needs_scope(scope: Scope) -> Callable[[Function], Function]:
    """Declare that callers must be signed in, and that API tokens need *scope*."""
    return _declare(Rights(scope=scope))


def open_to_all(function: Function) -> Function:
    """Declare that anonymous callers are allowed."""
    return _declare(Rights())(function)


def by_operation(function: Function) -> Function:
    """Declare that the endpoint accepts operations that have their own rights."""
    return _declare(Rights(is_by_operation=True))(function)


def rights_of(function: Callable[..., object]) -> Rights | None:
    """The rights that *function* declares; None if it declares none."""
    return getattr(unwrap(function), _ATTRIBUTE, None)


def _declare(rights: Rights) -> Callable[[Function], Function]:
    def declare(function: Function) -> Function:
        if not isfunction(function):
            raise TypeError(f"Declare rights right above a function, not above {function!r}.")
        setattr(function, _ATTRIBUTE, rights)
        return function

    return declare
