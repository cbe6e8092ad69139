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
    """A role of a user.

    Attributes:
        AUTHENTICATED: held by every user; can be neither granted nor revoked.
        EDITOR: may write the engine's scripts.
        ADMINISTRATOR: may do everything, including granting roles.
    """

    AUTHENTICATED = "Authenticated"
    EDITOR = "Editor"
    ADMINISTRATOR = "Administrator"


GRANTABLE_ROLES = (Role.EDITOR, Role.ADMINISTRATOR)


@lru_cache(64)
def in_order(roles: frozenset[Role]) -> tuple[Role, ...]:
    """The roles in ascending order of rights."""
    return tuple(role for role in Role if role in roles)


@strawberry.enum
class ActorKind(enum.Enum):
    """Kind of the actor of an event.

    Attributes:
        USER: a user in a browser, with a session.
        TOKEN: a script, with a user's API token.
        OPERATOR: an operator at the command line of the machine.
        SYSTEM: the engine itself, for instance when a grant expires.
    """

    USER = "user"
    TOKEN = "token"  # noqa: S105 - a kind, not a secret
    OPERATOR = "operator"
    SYSTEM = "system"


class Scope(enum.Enum):
    """What an API token may be used for. Sessions and the command line have all scopes.

    Attributes:
        READ: read everything that the role allows.
        USERS_WRITE: change users, roles, sessions and tokens, and review access.
        OPS_WRITE: backups, drills, vacuum, tasks, maintenance lists, signing keys, test alerts.
        SCRIPTS_WRITE: create, change, deploy and delete scripts, and change their owners.
        SCRIPTS_CALL: use the tools, prompts and resources that scripts offer at `/mcp`.
    """

    READ = "read"
    USERS_WRITE = "users:write"
    OPS_WRITE = "ops:write"
    SCRIPTS_WRITE = "scripts:write"
    SCRIPTS_CALL = "scripts:call"


EVERY_SCOPE = frozenset(Scope)


@dataclass(frozen=True)
class Origin:
    """The origin of a request, for the audit trail."""

    door: str
    request_id: str | None = None
    address: str | None = None
    user_agent: str | None = None


@dataclass(frozen=True)
class Viewer:
    """The caller of a request: a user, a script or an operator. `id` is None if not signed in.

    `label` names the caller in records: the email address, and for a token that another user
    created, also that user. `email` is the address only.
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
    """The user who created the token; None without a token or if an operator created it."""
    valid_until: datetime | None = None
    """When session, token or a role expires, so that the rights must be read again."""
    fresh_until: datetime | None = None
    """Until when the session's sign-in is recent enough for sensitive actions."""
    is_by_link: bool = False
    """Whether the session started with a sign-in link; only another link then counts as recent."""

    @property
    def is_signed_in(self) -> bool:
        """Whether the caller is authenticated."""
        return self.id is not None or self.is_trusted

    @property
    def is_trusted(self) -> bool:
        """Whether the caller is an operator or the engine itself, which need no role."""
        return self.kind in (ActorKind.OPERATOR, ActorKind.SYSTEM)

    def must_be_signed_in(self) -> None:
        """Raise Unauthenticated unless the caller is authenticated."""
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

        Tokens are exempt: their scopes limit them, and a script can't sign in again.
        """
        if not self.has_signed_in_recently:
            raise ReauthenticationRequired(
                f"{act.value} needs a recent sign-in. Sign in again, then repeat it."
                + (f" Make a fresh link: {self.link_command}" if self.is_by_link else ""),
                reauthentication="link" if self.is_by_link else "provider",
            )

    @property
    def has_signed_in_recently(self) -> bool:
        """Whether the sign-in is recent enough for sensitive actions; always so for tokens."""
        if self.session_id is None:
            return True
        return self.fresh_until is not None and self.fresh_until > datetime.now(UTC)

    @property
    def link_command(self) -> str:
        """The command that creates a sign-in link for this user, on the engine's machine."""
        return f"aiwebengine users sign-in-link {shlex.quote(self.label)}"

    def must_read(self) -> None:
        """Raise Forbidden for a token without the scope `read`."""
        self.must_hold(Scope.READ)

    def must_hold(self, scope: Scope) -> None:
        """Raise Forbidden for a token without *scope*."""
        if scope not in self.scopes:
            raise Forbidden(f"This token lacks the scope {scope.value}.")


class ViewerSource(Protocol):
    """Reads the current rights of a viewer, for operations that take long."""

    async def refresh(self, viewer: Viewer) -> Viewer:
        """The viewer with its current rights. Raises Unauthenticated if the session has ended."""


@dataclass(frozen=True)
class Profile:
    """A user's data from a sign-in provider. `subject` is the provider's ID of the user."""

    provider: str
    subject: str
    email: str | None
    email_verified: bool
    name: str = ""
    picture_url: str | None = None


def anonymous(origin: Origin) -> Viewer:
    """A viewer that is not signed in."""
    return Viewer(ActorKind.USER, "anonymous", origin)


def operator(login: str) -> Viewer:
    """The operator at the command line; *login* is the user name on the machine."""
    return Viewer(ActorKind.OPERATOR, f"{login} (command line)", Origin("cli"))


def engine() -> Viewer:
    """The engine itself as viewer."""
    return Viewer(ActorKind.SYSTEM, "aiwebengine", Origin("engine"))
