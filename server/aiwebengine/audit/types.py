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
        ROLE_GRANTED: a role was granted, or its expiry changed.
        ROLE_REVOKED: a role was revoked.
        ROLE_EXPIRED: a role expired.
        USER_CREATED: a user signed in for the first time, or was created on the command line.
        USER_INVITED: a user was invited.
        USER_RENAMED: a sign-in provider sent another name.
        USER_SUSPENDED: a user was suspended.
        USER_REINSTATED: a user was reinstated.
        USER_DELETED: a user was deleted.
        IDENTITY_LINKED: a sign-in provider was linked to a user.
        IDENTITY_REMOVED: an identity that never verified the user's address was removed, because
          the owner of the address verified it.
        ADDRESS_VERIFIED: a sign-in provider verified the address of a user who had only claimed it.
        SIGNED_IN: a session started.
        SIGN_IN_FAILED: a sign-in failed. Failures of unknown persons are counted: one event an
          hour with their number.
        SIGNED_OUT: a user signed out.
        SIGN_IN_LINK_CREATED: a one-time sign-in link was created.
        SESSION_REVOKED: a session was ended by another user or from another session, or because
          the user has too many.
        SESSIONS_REVOKED: all sessions of a user were ended.
        TOKEN_CREATED: an API token was created.
        TOKEN_REVOKED: an API token was revoked.
        TOKEN_USED_FROM_NEW_ADDRESS: an API token was used from an address for the first time.
        ACCESS_REFUSED: a request was denied. The same request of a user is recorded once a minute,
          at most 30 of a user an hour; those without an account are counted, one event an hour.
        SETTING_CHANGED: the engine started with a changed configuration.
        MIGRATION_APPLIED: a migration was applied.
        MIGRATION_ROLLED_BACK: a migration was rolled back.
        VACUUM_RUN: tables were vacuumed.
        ALERT_TEST_SENT: a test alert was sent.
        SECRET_ROTATED: a new signing key was created.
        MAINTENANCE_TASK_STARTED: a maintenance task was started by hand.
        MAINTENANCE_TASK_STOPPED: a maintenance task was stopped by hand.
        MAINTENANCE_ITEM_DONE: an item of the maintenance lists was marked done.
        ACCESS_REVIEW_STARTED: an access review started.
        ACCESS_REVIEWED: roles were kept or revoked in a review.
        BACKUP_CREATED: a backup was created.
        BACKUP_VERIFIED: a backup was verified against its manifest.
        BACKUP_DELETED: a backup was deleted.
        BACKUP_DOWNLOADED: a backup was downloaded.
        BACKUP_RESTORED: this database was restored from a backup.
        BACKUP_RESTORE_UNDONE: a restore was undone; the replaced database is used again.
        DRILL_RUN: a restore drill was run.
        SCRIPT_CREATED: a script was created.
        SCRIPT_SAVED: a version of a script was saved.
        SCRIPT_DEPLOYED: a version of a script was deployed.
        SCRIPT_ROLLED_BACK: an earlier version of a script was deployed again.
        SCRIPT_SUSPENDED: a script was suspended, by an administrator, or by the engine because its
          processes ended too often.
        SCRIPT_RESUMED: a suspended script was resumed.
        SCRIPT_DELETED: a script was deleted.
        SCRIPT_RESTORED: a deleted script was restored.
        SCRIPT_OWNER_ADDED: a user became an owner of a script.
        SCRIPT_OWNER_REMOVED: a user is no longer an owner of a script.
        SCRIPT_ROLE_GRANTED: a user got a role of a script.
        SCRIPT_ROLE_REVOKED: a user lost a role of a script.
        SCRIPT_FILES_CHANGED: files that a script serves were stored or removed by a person.
        SCRIPT_DATA_CHANGED: a value or a row of a script was changed by a person. Its content is in
          no event.
        SCRIPT_LIMITS_CHANGED: the limits of a script were changed.
        SCRIPT_SECRET_SET: a secret of a script was set. Its value is in no event.
        SCRIPT_SECRET_REMOVED: a secret of a script was removed.
        SCRIPT_HOST_BOUND: the host or the page mode of a script was changed.
        SCRIPT_TITLE_CHANGED: the title of a script was changed.
        SCRIPT_EVALUATED: a snippet was evaluated in a script.
        SCRIPT_SCHEDULE_STARTED: a schedule of a script was run outside of its plan.
        SCRIPT_MESSAGES_RETRIED: dead letters of a script are delivered again.
        SCRIPT_MESSAGES_DISCARDED: dead letters of a script were removed.
        MCP_TOOL_CALLED: a program called a tool of the administration. Recorded before the call;
          its changes have events of their own with the same request id.
        OTHER: an action of a newer version of the engine that this one does not know.
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
    SCRIPT_CREATED = "script.created"
    SCRIPT_SAVED = "script.saved"
    SCRIPT_DEPLOYED = "script.deployed"
    SCRIPT_ROLLED_BACK = "script.rolled_back"
    SCRIPT_SUSPENDED = "script.suspended"
    SCRIPT_RESUMED = "script.resumed"
    SCRIPT_DELETED = "script.deleted"
    SCRIPT_RESTORED = "script.restored"
    SCRIPT_OWNER_ADDED = "script.owner_added"
    SCRIPT_OWNER_REMOVED = "script.owner_removed"
    SCRIPT_ROLE_GRANTED = "script.role_granted"
    SCRIPT_ROLE_REVOKED = "script.role_revoked"
    SCRIPT_FILES_CHANGED = "script.files_changed"
    SCRIPT_DATA_CHANGED = "script.data_changed"
    SCRIPT_LIMITS_CHANGED = "script.limits_changed"
    SCRIPT_SECRET_SET = "script.secret_set"  # noqa: S105 - an action, not a secret
    SCRIPT_SECRET_REMOVED = "script.secret_removed"  # noqa: S105 - an action, not a secret
    SCRIPT_HOST_BOUND = "script.host_bound"
    SCRIPT_TITLE_CHANGED = "script.title_changed"
    SCRIPT_EVALUATED = "script.evaluated"
    SCRIPT_SCHEDULE_STARTED = "script.schedule_started"
    SCRIPT_MESSAGES_RETRIED = "script.messages_retried"
    SCRIPT_MESSAGES_DISCARDED = "script.messages_discarded"
    MCP_TOOL_CALLED = "mcp.tool_called"
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
        door: origin of the change: graphql, rest, web, cli, mcp or oauth for connected programs, or
          engine for the engine itself.
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
