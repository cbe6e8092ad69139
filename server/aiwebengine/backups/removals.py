"""What a restore does not bring back, as people and scripts read it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from aiwebengine.core.formats import instant
from aiwebengine.core.untrusted_text import on_one_line

# A long list helps nobody decide; the number of all is always given beside it.
MOST_LISTED = 50
LONGEST_LINE = 300


class RemovalKind(enum.Enum):
    """What the newer database had taken away."""

    USER_DELETED = "user_deleted"
    USER_SUSPENDED = "user_suspended"
    ROLE_REVOKED = "role_revoked"
    ROLE_EXPIRED = "role_expired"
    ROLE_SHORTENED = "role_shortened"
    IDENTITY_REMOVED = "identity_removed"
    ADDRESS_UNPROVED = "address_unproved"
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - a kind, not a secret
    TOKEN_LIMITED = "token_limited"  # noqa: S105 - a kind, not a secret


_SENTENCES = {
    RemovalKind.USER_DELETED: "User {email} was deleted",
    RemovalKind.USER_SUSPENDED: "User {email} was suspended",
    RemovalKind.ROLE_REVOKED: "Role {subject} of {email} was revoked",
    RemovalKind.ROLE_EXPIRED: "Role {subject} of {email} expired",
    RemovalKind.ROLE_SHORTENED: "Role {subject} of {email} got an earlier end",
    RemovalKind.IDENTITY_REMOVED: "Sign-in by {subject} of {email} was removed",
    RemovalKind.ADDRESS_UNPROVED: "The address {email} lost its verification",
    RemovalKind.TOKEN_REVOKED: "API token {subject} of {email} was revoked",
    RemovalKind.TOKEN_LIMITED: "API token {subject} of {email} was limited",
}


@dataclass(frozen=True)
class Removal:
    """One thing of the backup that stays removed, and what the newer trail says of it.

    *subject*: the role, the token or the provider. *key*: the role or the token's id, by which the
    trail knows it. *before* and *after* are what the restored trail keeps.
    """

    kind: RemovalKind
    user_id: UUID
    email: str
    subject: str = ""
    key: str = ""
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    at: datetime | None = None
    by: str | None = None

    def explained(self, at: datetime, by: str) -> Removal:
        """The same, with when it was removed and by whom."""
        return replace(self, at=at, by=by)

    @property
    def line(self) -> str:
        """The removal as one sentence, safe for a terminal."""
        said = _SENTENCES[self.kind].format(email=self.email, subject=self.subject)
        if self.at is not None:
            said += f" on {instant(self.at)}"
        if self.by is not None:
            said += f" by {self.by}"
        return on_one_line(said)[:LONGEST_LINE] + "."


class Comparison(enum.Enum):
    """Whether the newer database could be asked what it had removed."""

    COMPARED = "compared"
    UNREADABLE = "unreadable"
    OTHER_HISTORY = "other_history"


NOT_COMPARED = {
    Comparison.UNREADABLE: "The replaced database could not be read",
    Comparison.OTHER_HISTORY: "The replaced database has no history in common with the backup",
}


@dataclass(frozen=True)
class CarriedOver:
    """What a restored database took over from the newer one."""

    comparison: Comparison
    removals: list[Removal] = field(default_factory=list)
    sessions_ended: int = 0
    session_kept: bool | None = None
    """Whether the session that started the restore continues; None when it was none."""
    events_left_behind: int = 0
    administrators: int = 0
    """How many active administrators the restored database has."""

    @property
    def details(self) -> dict[str, Any]:
        """The same as the run and the audit event keep it."""
        return {
            "comparison": self.comparison.value,
            "removals": len(self.removals),
            "not_brought_back": self.listed,
            "sessions_ended": self.sessions_ended,
            "session_kept": self.session_kept,
            "tokens_revoked": sum(one.kind is RemovalKind.TOKEN_REVOKED for one in self.removals),
            "events_left_behind": self.events_left_behind,
            "administrators": self.administrators,
        }

    @property
    def listed(self) -> list[str]:
        """The first removals, one sentence each."""
        return [one.line for one in self.removals[:MOST_LISTED]]

    @property
    def lines(self) -> list[str]:
        """The result as lines of text for people."""
        lines = []
        if self.comparison is not Comparison.COMPARED:
            lines.append(
                f"{NOT_COMPARED[self.comparison]}: what was removed after the backup may be back."
                " All sessions were ended."
            )
        if self.removals:
            lines.append(f"Not brought back ({len(self.removals)}):")
            lines += [f"  {line}" for line in self.listed]
            if len(self.removals) > MOST_LISTED:
                lines.append(f"  … and {len(self.removals) - MOST_LISTED} more")
        if self.sessions_ended:
            lines.append(f"Sessions ended: {self.sessions_ended}")
        if self.administrators == 0:
            lines.append(
                "No active administrator is left. Run"
                " `aiwebengine users grant EMAIL Administrator`."
            )
        return lines
