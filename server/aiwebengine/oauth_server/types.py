"""Registered programs, their requests, and the errors of OAuth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from aiwebengine.core.errors import EngineError
from aiwebengine.core.identity import Scope

LONGEST_NAME = 100
"""Characters of a program's name."""
MOST_REDIRECTS = 10
"""Redirect addresses of one program."""
LONGEST_REDIRECT = 500
"""Characters of a redirect address."""
LONGEST_STATE = 1_000
"""Characters of the state that a program gets back."""
FORM_LASTS_SECS = 600.0
"""How long a consent page can be answered."""
CODE_LASTS_SECS = 60.0
"""How long an authorization code can be exchanged."""
MOST_FORMS_OF_SESSION = 20
"""Open consent pages of one session; the oldest is forgotten."""
MOST_UNUSED_CLIENTS = 1_000
"""Programs that nobody has connected; the oldest is removed."""

DEFAULT_SCOPES = (Scope.SCRIPTS_CALL.value,)
"""What a program gets that names no scopes."""

SCOPE_WORDS: Mapping[str, str] = {
    Scope.READ.value: "Read everything in the administration that you can read",
    Scope.USERS_WRITE.value: "Change users, roles, sessions and API tokens",
    Scope.OPS_WRITE.value: "Run backups, restores, maintenance tasks and rotate keys",
    Scope.SCRIPTS_WRITE.value: "Create, change, deploy and delete scripts",
    Scope.SCRIPTS_CALL.value: "Use the tools, prompts and resources of scripts",
}
"""What the consent page says of each scope."""


class OAuthError(EngineError):
    """An error response of OAuth (RFC 6749 section 5.2, RFC 7591 section 3.2.2)."""

    code = "BAD_USER_INPUT"
    status = 400

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error


class InvalidClient(OAuthError):
    """The program is unknown, or its secret is wrong."""

    status = 401

    def __init__(self, message: str) -> None:
        super().__init__("invalid_client", message)


@dataclass(frozen=True)
class Client:
    """A registered program. *secret_hash* is None for a public one."""

    id: UUID
    name: str
    redirect_uris: tuple[str, ...]
    secret_hash: bytes | None
    created_at: datetime


@dataclass(frozen=True)
class Wanted:
    """What a program asks a user for: where the answer goes, scopes, audience, and PKCE."""

    client: Client
    redirect_uri: str
    scopes: tuple[str, ...]
    audience: str
    challenge: str
    state: str | None

    @property
    def needs_recent_sign_in(self) -> bool:
        """Whether the program gets more than the tools of scripts."""
        return any(scope != Scope.SCRIPTS_CALL.value for scope in self.scopes)


@dataclass(frozen=True)
class Authorization:
    """A user's answer that waits to be exchanged, or was exchanged for *token_id*."""

    id: UUID
    client_id: UUID
    session_id: UUID
    user_id: UUID
    email: str
    redirect_uri: str
    scopes: tuple[str, ...]
    audience: str
    challenge: str
    state: str | None
    token_id: UUID | None
