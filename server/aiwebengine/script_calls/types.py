"""The parts of a call: its kind, the script, and the user on whose behalf it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID

from aiwebengine.runtimes.types import Limits, LogLine, Program
from aiwebengine.scripts.records import ActiveScript
from aiwebengine.scripts.types import Dialect, PageMode


class Kind(StrEnum):
    """Why a script is called; the value is the `type` of the call's head."""

    HTTP = "http"
    INIT = "init"
    SCHEDULED = "scheduled"
    MESSAGE = "message"
    STREAM = "stream"
    WEBSOCKET = "websocket"
    GRAPHQL = "graphql"
    TOOL = "tool"
    PROMPT = "prompt"
    RESOURCE = "resource"
    TEST = "test"
    EVAL = "eval"


@dataclass(frozen=True, slots=True)
class ScriptUser:
    """A signed-in user, as scripts see it. A script never acts with the user's rights."""

    id: str
    name: str = ""
    email: str | None = None
    roles: tuple[str, ...] = ()
    script_roles: tuple[str, ...] = ()
    """Roles that the script itself gives."""
    provider: str | None = None

    def as_json(self) -> dict[str, Any]:
        """What the script gets; what is not known is left out."""
        found: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "roles": self.roles,
            "scriptRoles": self.script_roles,
        }
        if self.email is not None:
            found["email"] = self.email
        if self.provider is not None:
            found["provider"] = self.provider
        return found

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> ScriptUser:
        """The user that `as_json` returned."""
        return cls(
            id=found["id"],
            name=found.get("name", ""),
            email=found.get("email"),
            roles=tuple(found.get("roles", ())),
            script_roles=tuple(found.get("scriptRoles", ())),
            provider=found.get("provider"),
        )


def user_key(user: ScriptUser) -> UUID | None:
    """The id of a user of this engine; None for one that a test made up."""
    try:
        return UUID(user.id)
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class ScriptRef:
    """The version of a script that is called."""

    id: UUID
    slug: str
    version: int
    """0 for files that are not saved."""
    dialect: Dialect
    limits: Limits
    host: str | None


@dataclass(frozen=True, slots=True)
class ServedScript:
    """A script as this worker serves it."""

    id: UUID
    slug: str
    version: int
    page_mode: PageMode
    is_suspended: bool
    program: Program
    active: ActiveScript
    ref: ScriptRef

    @property
    def registrations(self) -> list[dict[str, Any]]:
        """Everything that the script offers: its word, checked at the deployment."""
        return self.active.registrations


@dataclass(frozen=True, slots=True)
class CallResult:
    """What a script returned."""

    value: Any
    milliseconds: float
    log: list[LogLine] = field(default_factory=list)
    """The lines that it wrote, at most `caller.MOST_LINES`. They are stored as well."""
