"""Audit events, their actions and filters."""

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from aiwebengine.core.identity import ActorKind


@strawberry.enum
class AuditAction(enum.Enum):
    """What was done.

    Attributes:
        ROLE_GRANTED: a role was given, or its end was moved.
        ROLE_REVOKED: a role was taken away.
        ROLE_EXPIRED: a role's end came.
        USER_CREATED: somebody signed in for the first time, or was made at the command line.
        USER_INVITED: somebody was invited by address.
        USER_RENAMED: a sign-in provider sent another name.
        USER_SUSPENDED: somebody was turned away.
        USER_REINSTATED: somebody was let in again.
        USER_DELETED: a user was removed for good.
        IDENTITY_LINKED: a sign-in provider was linked to a user.
        IDENTITY_REMOVED: a sign-in that never proved the user's address was taken away from the
          user, because the owner of the address proved it.
        ADDRESS_VERIFIED: a sign-in provider proved the address of a user who had only claimed it.
        SIGNED_IN: a session began.
        SIGN_IN_FAILED: somebody could not sign in. Failures of strangers are counted: one event an
          hour with their number.
        SIGNED_OUT: a session was ended by its owner.
        SIGN_IN_LINK_CREATED: a one-use sign-in link was made.
        SESSION_REVOKED: a session was ended by somebody else, or by its owner from elsewhere, as
          by one sign-in more than there may be.
        SESSIONS_REVOKED: all sessions of a user were ended.
        TOKEN_CREATED: an API token was made.
        TOKEN_REVOKED: an API token was revoked.
        TOKEN_USED_FROM_NEW_ADDRESS: an API token was used from an address for the first time.
        ACCESS_REFUSED: a request was not allowed. The same one of a user is recorded once a minute,
          and at most 30 of a user an hour; those of strangers are counted, one event an hour.
        SETTING_CHANGED: the engine started with another configuration than the time before.
        MIGRATION_APPLIED: the tables were brought forward by one step.
        MIGRATION_ROLLED_BACK: the tables were taken back by one step.
        VACUUM_RUN: somebody had tables vacuumed.
        ALERT_TEST_SENT: somebody tried whether alerts arrive.
        SECRET_ROTATED: a new signing key was made.
        MAINTENANCE_TASK_STARTED: somebody started a maintenance task.
        MAINTENANCE_TASK_STOPPED: somebody stopped a maintenance task.
        MAINTENANCE_ITEM_DONE: somebody said that something on the maintenance lists was done.
        ACCESS_REVIEW_STARTED: a review of who holds which role began.
        ACCESS_REVIEWED: roles were kept or revoked in a review.
        BACKUP_CREATED: a backup was made.
        BACKUP_VERIFIED: a backup was read to its end and compared with its manifest.
        BACKUP_DELETED: a backup was removed.
        BACKUP_DOWNLOADED: a backup was handed to somebody.
        BACKUP_RESTORED: this database was restored from a backup.
        BACKUP_RESTORE_UNDONE: this database, which a restore had replaced, took its place again.
        DRILL_RUN: a backup was restored for a trial.
        OTHER: something that a newer version of the engine did, and this one does not know.
    """

    ROLE_GRANTED = "role.granted"
    ROLE_REVOKED = "role.revoked"
    ROLE_EXPIRED = "role.expired"
    USER_CREATED = "user.created"
    USER_INVITED = "user.invited"
    USER_RENAMED = "user.renamed"
    USER_SUSPENDED = "user.suspended"
    USER_REINSTATED = "user.reinstated"
    USER_DELETED = "user.deleted"
    IDENTITY_LINKED = "identity.linked"
    IDENTITY_REMOVED = "identity.removed"
    ADDRESS_VERIFIED = "user.address_verified"
    SIGNED_IN = "session.signed_in"
    SIGN_IN_FAILED = "session.sign_in_failed"
    SIGNED_OUT = "session.signed_out"
    SIGN_IN_LINK_CREATED = "session.link_created"
    SESSION_REVOKED = "session.revoked"
    SESSIONS_REVOKED = "session.all_revoked"
    TOKEN_CREATED = "token.created"  # noqa: S105 - an action, not a secret
    TOKEN_REVOKED = "token.revoked"  # noqa: S105 - an action, not a secret
    TOKEN_USED_FROM_NEW_ADDRESS = "token.new_address"  # noqa: S105 - an action, not a secret
    ACCESS_REFUSED = "access.refused"
    SETTING_CHANGED = "setting.changed"
    MIGRATION_APPLIED = "migration.applied"
    MIGRATION_ROLLED_BACK = "migration.rolled_back"
    VACUUM_RUN = "database.vacuum_run"
    ALERT_TEST_SENT = "alert.test_sent"
    SECRET_ROTATED = "secret.rotated"  # noqa: S105 - an action, not a secret
    MAINTENANCE_TASK_STARTED = "maintenance.task_started"
    MAINTENANCE_TASK_STOPPED = "maintenance.task_stopped"
    MAINTENANCE_ITEM_DONE = "maintenance.item_done"
    ACCESS_REVIEW_STARTED = "access.review_started"
    ACCESS_REVIEWED = "access.reviewed"
    BACKUP_CREATED = "backup.created"
    BACKUP_VERIFIED = "backup.verified"
    BACKUP_DELETED = "backup.deleted"
    BACKUP_DOWNLOADED = "backup.downloaded"
    BACKUP_RESTORED = "backup.restored"
    BACKUP_RESTORE_UNDONE = "backup.restore_undone"
    DRILL_RUN = "drill.run"
    OTHER = "other"

    @classmethod
    def _missing_(cls, value: object) -> "AuditAction":
        # During an update, and after a downgrade, events may have actions of the newer version.
        return cls.OTHER


@strawberry.input
class AuditFilter:
    """Filter of audit events; omitted fields do not filter.

    Attributes:
        actions: any of these actions.
        actor_id: events by this user.
        target_id: events about this user.
        user_id: events by or about this user.
        request_id: events of this request.
        since: events at or after this time.
        until: events before this time.
        search: words or prefixes of words in actor, target, reason and request id.
    """

    actions: list[AuditAction] | None = None
    actor_id: strawberry.ID | None = None
    target_id: strawberry.ID | None = None
    user_id: strawberry.ID | None = None
    request_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    search: str | None = None


@strawberry.type
class AuditEvent:
    """A recorded change; never deleted.

    Attributes:
        id: number of the event.
        at: time of the event.
        action: what was done.
        actor_kind: kind of the actor.
        actor_id: the user, also for an API token; null otherwise.
        actor_label: name of the actor: the address at that time, or the command line.
        target_type: kind of the target.
        target_id: id of the target.
        target_label: name of the target.
        before: changed values before the change.
        after: changed values after the change.
        reason: the reason given.
        session_id: session of the request.
        token_id: API token of the request.
        request_id: request id, as in the log.
        address: network address of the client.
        user_agent: user agent that the client reported.
        door: origin of the change: graphql, rest, web, cli, or engine for the engine itself.
    """

    id: strawberry.ID
    at: datetime
    action: AuditAction
    actor_kind: ActorKind
    actor_id: strawberry.ID | None
    actor_label: str
    target_type: str
    target_id: strawberry.ID | None
    target_label: str
    before: JSON | None
    after: JSON | None
    reason: str | None
    session_id: strawberry.ID | None
    token_id: strawberry.ID | None
    request_id: str | None
    address: str | None
    user_agent: str | None
    door: str

    @property
    def number(self) -> int:
        """`id` as a number."""
        return int(self.id)


@dataclass(frozen=True)
class Target:
    """Target of an event."""

    kind: str
    id: UUID | None
    label: str


Details = dict[str, Any]
