"""Which changes a restore undoes, by person: read in the trail before it, and recorded after it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import strawberry

from aiwebengine.audit.types import AuditAction

# Enough to decide; of a trail of any length no more is read.
MOST_EVENTS = 10_000
MOST_PEOPLE = 20
MOST_NEWEST = 3

REMOVALS = frozenset(
    {
        AuditAction.USER_DELETED,
        AuditAction.USER_SUSPENDED,
        AuditAction.IDENTITY_REMOVED,
        AuditAction.ROLE_REVOKED,
        AuditAction.ROLE_EXPIRED,
        AuditAction.TOKEN_REVOKED,
        AuditAction.SESSION_REVOKED,
        AuditAction.SESSIONS_REVOKED,
        AuditAction.SIGNED_OUT,
    }
)
"""Events after which somebody can do less: a restore keeps what they did."""

UNAFFECTED = frozenset(
    {
        AuditAction.SIGNED_IN,
        AuditAction.SIGN_IN_FAILED,
        AuditAction.TOKEN_USED_FROM_NEW_ADDRESS,
        AuditAction.ACCESS_REFUSED,
        AuditAction.SETTING_CHANGED,
        AuditAction.MIGRATION_APPLIED,
        AuditAction.VACUUM_RUN,
        AuditAction.ALERT_TEST_SENT,
        AuditAction.SECRET_ROTATED,
        AuditAction.MAINTENANCE_TASK_STARTED,
        AuditAction.MAINTENANCE_TASK_STOPPED,
        AuditAction.BACKUP_CREATED,
        AuditAction.BACKUP_VERIFIED,
        AuditAction.BACKUP_DELETED,
        AuditAction.BACKUP_DOWNLOADED,
        AuditAction.DRILL_RUN,
        # What it changed has events of its own.
        AuditAction.MCP_TOOL_CALLED,
    }
)
"""Events of what no restore changes: sign-ins, settings, keys, runs, archives."""


@dataclass(frozen=True)
class Since:
    """From where on changes are undone: after an audit event, or after an instant.

    The instant counts where the trail does not have the event, as after another restore.
    """

    event: int | None
    at: datetime


@strawberry.type
class UndoneChange:
    """A change that a restore undoes.

    Attributes:
        at: when it was made.
        action: what was done.
        target_label: on what, in words.
    """

    at: datetime
    action: AuditAction
    target_label: str


@strawberry.type
class UndonePerson:
    """Somebody whose changes a restore undoes.

    Attributes:
        label: who, as the audit trail names them: an address, the command line or the engine.
        changes: number of changes that are undone.
        newest: the newest three of them.
    """

    label: str
    changes: int
    newest: list[UndoneChange]


@strawberry.type
class Undone:
    """The changes that a restore undoes, as far as the audit trail records them.

    Attributes:
        changes: number of changes that are undone.
        removals: number of removals since then (suspensions, revocations, deletions, sign-outs);
            they stay in force.
        events: number of audit events since then.
        is_more: whether there are more events than were counted; at most 10,000 are.
        people: who made the changes, most changes first; at most 20 people.
        other_people: number of further people.
    """

    changes: int
    removals: int
    events: int
    is_more: bool
    people: list[UndonePerson]
    other_people: int

    @property
    def details(self) -> dict[str, Any]:
        """The same for the run and the audit event."""
        return {
            "changes": self.changes,
            "is_more": self.is_more,
            "people": [{"label": one.label, "changes": one.changes} for one in self.people],
            "other_people": self.other_people,
        }


def counted(rows: Iterable[tuple[Any, ...]], *, is_more: bool) -> Undone:
    """What these events (instant, action, actor, target; newest first) say of what is undone."""
    events = removals = 0
    people: dict[str, UndonePerson] = {}
    for at, word, actor, target in rows:
        action = AuditAction(word)
        events += 1
        if action in REMOVALS:
            removals += 1
        elif action not in UNAFFECTED:
            person = people.setdefault(actor, UndonePerson(label=actor, changes=0, newest=[]))
            person.changes += 1
            if len(person.newest) < MOST_NEWEST:
                person.newest.append(UndoneChange(at=at, action=action, target_label=target))
    most = sorted(people.values(), key=lambda one: -one.changes)
    return Undone(
        changes=sum(one.changes for one in most),
        removals=removals,
        events=events,
        is_more=is_more,
        people=most[:MOST_PEOPLE],
        other_people=max(0, len(most) - MOST_PEOPLE),
    )
