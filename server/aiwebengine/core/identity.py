"""Identity: the viewer of a request, its roles and scopes."""

from __future__ import annotations

import enum
import shlex
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol
from uuid import UUID

import strawberry

from aiwebengine.core.errors import Forbidden, ReauthenticationRequired, Unauthenticated
from aiwebengine.core.recent_sign_in import SensitiveAction


@strawberry.enum
class Role(enum.Enum):
    """What somebody may do.

    Attributes:
        AUTHENTICATED: every user; can be neither granted nor revoked.
        EDITOR: may write the engine's scripts.
        ADMINISTRATOR: may do everything, including granting roles.
    """

    AUTHENTICATED = "Authenticated"
    EDITOR = "Editor"
    ADMINISTRATOR = "Administrator"


GRANTABLE_ROLES = (Role.EDITOR, Role.ADMINISTRATOR)


@lru_cache(64)
def in_order(roles: frozenset[Role]) -> tuple[Role, ...]:
    """The same roles, from the least to the most."""
    return tuple(role for role in Role if role in roles)


@strawberry.enum
class ActorKind(enum.Enum):
    """By what right somebody acts.

    Attributes:
        USER: a person in a browser, by a session.
        TOKEN: a script, by an API token of a person.
        OPERATOR: somebody at the command line of the machine.
        SYSTEM: the engine itself, for instance when a grant ends.
    """

    USER = "user"
    TOKEN = "token"  # noqa: S105 - a kind, not a secret
    OPERATOR = "operator"
    SYSTEM = "system"


class Scope(enum.Enum):
    """What an API token may be used for. Sessions and the command line hold all of them.

    Attributes:
        READ: to look at everything that the role allows.
        USERS_WRITE: to change users, roles, sessions and tokens, and to review access.
        OPS_WRITE: backups, drills, vacuum, tasks, maintenance lists, signing keys, test alerts.
        SCRIPTS_WRITE: to create, change, deploy and delete scripts, and to change their owners.
    """

    READ = "read"
    USERS_WRITE = "users:write"
    OPS_WRITE = "ops:write"
    SCRIPTS_WRITE = "scripts:write"


EVERY_SCOPE = frozenset(Scope)


@dataclass(frozen=True)
class Origin:
    """Where a request came from, for the audit trail."""

    door: str
    request_id: str | None = None
    address: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True)
class Viewer:
    """The person, script or operator behind one request; `id` is None when not signed in.

    `label` names who acts wherever that is recorded: the address, and for a token that somebody
    else made, the maker as well. `email` is the address alone.
    """

    kind: ActorKind
    label: str
    origin: Origin
    id: UUID | None = None
    email: str = ""
    roles: frozenset[Role] = frozenset()
    scopes: frozenset[Scope] = field(default=EVERY_SCOPE)
    name: str = ""
    session_id: UUID | None = None
    token_id: UUID | None = None
    token_maker_id: UUID | None = None
    """The user who made the token; None when nobody or the operator did."""
    valid_until: datetime | None = None
    """When this authority must be looked up again even if nobody changes anything."""
    fresh_until: datetime | None = None
    """Until when a session's sign-in is recent enough for what can do most harm."""
    is_by_link: bool = False
    """Whether a session began with a sign-in link, so that only another link refreshes it."""

    @property
    def is_signed_in(self) -> bool:
        """Whether anybody is known to ask."""
        return self.id is not None or self.is_trusted

    @property
    def is_trusted(self) -> bool:
        """Whether this is the machine's own operator or the engine, whom no role limits."""
        return self.kind in (ActorKind.OPERATOR, ActorKind.SYSTEM)

    def must_be_signed_in(self) -> None:
        """Raise Unauthenticated when nobody is."""
        if not self.is_signed_in:
            raise Unauthenticated("Sign in first.")

    def must_be(self, role: Role, scope: Scope = Scope.READ) -> None:
        """Raise Unauthenticated or Forbidden unless the viewer holds *role* and *scope*."""
        self.must_be_signed_in()
        if not self.is_trusted and role not in self.roles:
            raise Forbidden(f"This needs the role {role.value}.")
        self.must_hold(scope)

    def must_have_signed_in_recently(self, act: SensitiveAction) -> None:
        """Raise ReauthenticationRequired for a session whose sign-in is too old for *act*.

        Tokens are exempt: their scopes say what they are for, and nobody sits before them.
        """
        if self.session_id is None:
            return
        if self.fresh_until is None or self.fresh_until <= datetime.now(UTC):
            raise ReauthenticationRequired(
                f"{act.value} needs a recent sign-in. Sign in again, then repeat it."
                + (f" Make a fresh link: {self.link_command}" if self.is_by_link else ""),
                reauthentication="link" if self.is_by_link else "provider",
            )

    @property
    def link_command(self) -> str:
        """What makes a sign-in link for this person, on the machine of the engine."""
        return f"aiwebengine users sign-in-link {shlex.quote(self.label)}"

    def must_read(self) -> None:
        """Raise Forbidden for a token that only writes: what it may change it can't look at."""
        self.must_hold(Scope.READ)

    def must_hold(self, scope: Scope) -> None:
        """Raise Forbidden unless the token that is used was made for *scope*."""
        if scope not in self.scopes:
            raise Forbidden(f"This token lacks the scope {scope.value}.")


class ViewerSource(Protocol):
    """Finds out who asks; services that run for long ask it again."""

    async def refresh(self, viewer: Viewer) -> Viewer:
        """The same viewer with the rights of now. Raises Unauthenticated when they have ended."""


@dataclass(frozen=True)
class Profile:
    """What a provider says of who signed in there; `subject` is its own name for the person."""

    provider: str
    subject: str
    email: str | None
    email_verified: bool
    name: str = ""
    picture_url: str | None = None


def anonymous(origin: Origin) -> Viewer:
    """Somebody who is not signed in."""
    return Viewer(ActorKind.USER, "anonymous", origin)


def operator(login: str) -> Viewer:
    """Somebody at the command line, under the machine's user name *login*."""
    return Viewer(ActorKind.OPERATOR, f"{login} (command line)", Origin("cli"))


def engine() -> Viewer:
    """The engine itself."""
    return Viewer(ActorKind.SYSTEM, "aiwebengine", Origin("engine"))
