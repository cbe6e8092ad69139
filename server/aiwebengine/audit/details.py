"""Schema of the target, `before` and `after` for each audit action.

docs/reference/audit.md lists it. The tests check every event that they cause against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiwebengine.audit.types import AuditAction

_A = AuditAction


@dataclass(frozen=True)
class EventSchema:
    """Schema of one action: the kind of the target, and the keys of `before` and `after`.

    The key `*` stands for keys that are data themselves.
    """

    target: str
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None


_GRANT = {"role": "the role", "expiresAt": "when it expires; missing for a permanent grant"}
_STATUS = {"status": "`active`, `invited` or `suspended`"}
_NAME = {"name": "the display name"}
_ARRIVAL = {
    "provider": "the sign-in provider",
    "emailVerified": "whether it verified that the address belongs to the user",
}
_SESSION = {"session": "the session's id", "provider": "provider used to sign in, or `link`"}
_TOKEN = {
    "token": "the token's id",
    "name": "its name",
    "prefix": "its first characters",
    "scopes": "its scopes",
    "expiresAt": "when it expires, or null",
    "parent": "id of the token that created it; missing when none did",
    "roleCeiling": "its highest role; missing when it is limited by its user's roles only",
    "audience": "the only address that accepts it; missing when all do",
    "client": "the program that it was given to, with `id`, `name` and `redirect`",
}
_RUN = {"run": "the number of the run"}
_VERDICT = {"ok": "whether it is good", "problem": "what is wrong; missing when nothing is"}
_COUNTED = {
    "count": "number of those by callers without an account since the last such event",
    "since": "time of the first of them",
}
_OWNER = {"owner": "the user's id", "email": "the user's address"}
_SECRET = {"name": "the name of the secret", "hosts": "hosts that it may be sent to"}
_TITLE = {"title": "the title"}
_SCRIPT_ROLE = {
    "user": "the user's id",
    "email": "the user's address",
    "role": "the role, as the script calls it",
}
_HOST = {"host": "the host, or null for the engine's own", "pageMode": "`sandboxed` or `full`"}
_ACTIVE = {"version": "the version that was active; missing when none was"}
_DEPLOYED = {
    "version": "the version that is active now",
    "digest": "SHA-256 of its files",
    "routes": "number of its routes",
}
_GIVEN = "as the caller sent it"
_RESTORED = "the restore that kept it so"

_REPLACED = {
    "kept_database": "the name that the replaced database got",
    "undone": "the changes that were undone: `changes`, `is_more` when more than 10,000 events were"
    " undone, `people` with `label` and `changes` of each, `other_people`",
    "seconds": "how long it took",
    "events_left_behind": "audit events of the replaced database that this one lacks",
    "comparison": "`compared` with the replaced database; `unreadable` or `other_history`"
    " when that was impossible",
    "removals": "how many removals of the replaced database were kept",
    "not_brought_back": "the first of these, a sentence each",
    "sessions_ended": "sessions that were ended since the backup, ended here as well",
    "session_kept": "whether the session that started it continues; null when it was no session",
    "tokens_revoked": "tokens that were revoked since the backup, revoked here as well",
    "administrators": "how many active administrators there are after the restore",
    "access_review": "the number of the access review that was opened",
}

EVENT_SCHEMAS: dict[AuditAction, EventSchema] = {
    _A.ROLE_GRANTED: EventSchema(
        "user",
        _GRANT,
        {
            **_GRANT,
            "confirmedUnverified": "true when the address was not verified and the administrator"
            " confirmed the grant; missing otherwise",
        },
        _GIVEN,
    ),
    _A.ROLE_REVOKED: EventSchema(
        "user",
        _GRANT,
        reason=f"{_GIVEN}; or that it was granted before the address was verified; {_RESTORED}",
    ),
    _A.ROLE_EXPIRED: EventSchema("user", _GRANT, reason=_RESTORED),
    _A.USER_CREATED: EventSchema("user", after=_ARRIVAL),
    _A.USER_INVITED: EventSchema("user"),
    _A.USER_RENAMED: EventSchema("user", _NAME, _NAME),
    _A.USER_SUSPENDED: EventSchema("user", _STATUS, _STATUS, f"{_GIVEN}; {_RESTORED}"),
    _A.USER_REINSTATED: EventSchema("user", _STATUS, _STATUS),
    _A.USER_DELETED: EventSchema("user", {"roles": "the roles held", **_STATUS}, reason=_RESTORED),
    _A.IDENTITY_LINKED: EventSchema("user", after=_ARRIVAL),
    _A.IDENTITY_REMOVED: EventSchema(
        "user",
        {
            "provider": "the sign-in provider",
            "subject": "its id for the person",
            "email": "the address that it last reported, or null",
        },
        {
            "sessionsEnded": "number of the user's sessions that ended",
            "tokensRevoked": "number of the user's API tokens that were revoked",
        },
        "why",
    ),
    _A.ADDRESS_VERIFIED: EventSchema("user", after={"provider": "the sign-in provider"}),
    _A.SIGNED_IN: EventSchema("user", after=_SESSION),
    _A.SIGN_IN_FAILED: EventSchema(
        "provider",
        after={
            "subject": "the person's id at the provider; missing for unknown persons",
            "email": "the person's address there",
            **_COUNTED,
        },
        reason="why the sign-in failed",
    ),
    _A.SIGNED_OUT: EventSchema("user"),
    _A.SIGN_IN_LINK_CREATED: EventSchema("user"),
    _A.SESSION_REVOKED: EventSchema(
        "user", _SESSION, reason="the limit that ended it; missing otherwise"
    ),
    _A.SESSIONS_REVOKED: EventSchema("user", {"sessions": "how many ended"}),
    _A.TOKEN_CREATED: EventSchema("user", after=_TOKEN),
    _A.TOKEN_REVOKED: EventSchema(
        "user",
        _TOKEN,
        reason="for a token created by the revoked one, the name of that one; that its user was"
        f" suspended; that its program disconnected itself or used a refresh token twice;"
        f" {_RESTORED}; missing otherwise",
    ),
    _A.TOKEN_USED_FROM_NEW_ADDRESS: EventSchema(
        "user", after={"token": "the token's id", "address": "the new address"}
    ),
    _A.ACCESS_REFUSED: EventSchema(
        "operation",
        after={
            "code": "the error code",
            "message": "the message that the caller got; missing for callers without an account",
            "limit": "present in the last event that the limit of one user allows",
            **_COUNTED,
        },
    ),
    _A.SETTING_CHANGED: EventSchema(
        "setting",
        {"value": "the value; `(secret)` or `(not set)` for a secret"},
        {"value": "the value; `(secret)` or `(not set)` for a secret"},
    ),
    _A.MIGRATION_APPLIED: EventSchema("migration"),
    _A.MIGRATION_ROLLED_BACK: EventSchema("migration"),
    _A.VACUUM_RUN: EventSchema(
        "database",
        after={
            "tables": "which tables",
            "analyze": "whether the planner's statistics were renewed",
            "full": "whether the tables were rewritten",
        },
    ),
    _A.ALERT_TEST_SENT: EventSchema(
        "alert", after={"*": "each channel (`webhook`, `email`): `delivered`, or why it was not"}
    ),
    _A.SECRET_ROTATED: EventSchema(
        "signing key",
        {"number": "the newest key's number until then"},
        {"number": "the new key's number"},
    ),
    _A.MAINTENANCE_TASK_STARTED: EventSchema("task", after=_RUN),
    _A.MAINTENANCE_TASK_STOPPED: EventSchema("task", _RUN),
    _A.MAINTENANCE_ITEM_DONE: EventSchema(
        "maintenance item",
        {"doneAt": "when it was done last"},
        {"done": "always true"},
        "the note of the item",
    ),
    _A.ACCESS_REVIEW_STARTED: EventSchema(
        "access review", after={"roles": "number of roles to review"}, reason="the note"
    ),
    _A.ACCESS_REVIEWED: EventSchema(
        "access review",
        after={
            "kept": "number of roles kept",
            "revoked": "number of roles revoked",
            "refused": "number of revocations that a rule refused",
            "gone": "number of roles that were gone already",
            "open": "number of roles left to decide",
        },
    ),
    _A.BACKUP_CREATED: EventSchema(
        "backup",
        after={
            "size_bytes": "the archive's size",
            "audit_event_id": "the newest audit event in it",
        },
    ),
    _A.BACKUP_VERIFIED: EventSchema("backup", after=_VERDICT),
    _A.BACKUP_DELETED: EventSchema("backup", {"locations": "where copies lay: `local`, `s3`"}),
    _A.BACKUP_DOWNLOADED: EventSchema("backup"),
    _A.BACKUP_RESTORED: EventSchema(
        "backup",
        after={
            "created_at": "when the backup was made",
            "into": "the name of the other database that it was restored into",
            "safety_backup": "the backup that was made just before, or null",
            "rows": "how many rows were restored",
            "left_out": "tables of the archive that are not the engine's, not restored",
            "not_restored": "grants, extensions and other objects of the old database that are not"
            " the engine's own",
            **_REPLACED,
        },
    ),
    _A.BACKUP_RESTORE_UNDONE: EventSchema("database", after=_REPLACED),
    _A.DRILL_RUN: EventSchema(
        "backup",
        after={
            **_VERDICT,
            "checks": "the checks of the restored database: `name`, `ok`, `told`",
            "seconds": "how long it took",
        },
    ),
    _A.SCRIPT_CREATED: EventSchema("script", after=_TITLE),
    _A.SCRIPT_SAVED: EventSchema(
        "script",
        after={
            "version": "number of the new version",
            "digest": "SHA-256 of its files",
            "files": "number of its files",
        },
        reason="the message of the version",
    ),
    _A.SCRIPT_DEPLOYED: EventSchema("script", _ACTIVE, _DEPLOYED),
    _A.SCRIPT_ROLLED_BACK: EventSchema("script", _ACTIVE, _DEPLOYED),
    _A.SCRIPT_SUSPENDED: EventSchema("script", reason=f"{_GIVEN}, or what the engine found"),
    _A.SCRIPT_RESUMED: EventSchema("script", {"reason": "why it was suspended"}),
    _A.SCRIPT_DELETED: EventSchema("script", {"version": "the version that was active, or null"}),
    _A.SCRIPT_RESTORED: EventSchema("script"),
    _A.SCRIPT_OWNER_ADDED: EventSchema("script", after=_OWNER),
    _A.SCRIPT_OWNER_REMOVED: EventSchema("script", _OWNER),
    _A.SCRIPT_ROLE_GRANTED: EventSchema("script", after=_SCRIPT_ROLE),
    _A.SCRIPT_ROLE_REVOKED: EventSchema("script", _SCRIPT_ROLE),
    _A.SCRIPT_FILES_CHANGED: EventSchema(
        "script",
        after={
            "stored": "paths of the files that were stored, at most 20",
            "removed": "paths of the files that were removed, at most 20",
            "files": "how many files changed",
        },
    ),
    _A.SCRIPT_DATA_CHANGED: EventSchema(
        "script",
        after={
            "change": "`set` or `deleted`; for a row `inserted`, `updated` or `deleted`",
            "key": "the key of the value; values only",
            "user": "ID of the user whose value it is; values of users only",
            "table": "the table; rows only",
            "columns": "names of the columns that were set, at most 20; rows only",
        },
    ),
    _A.SCRIPT_LIMITS_CHANGED: EventSchema(
        "script",
        {"*": "each limit that changed: its value, or null for the default"},
        {"*": "each limit that changed: its value, or null for the default"},
    ),
    _A.SCRIPT_SECRET_SET: EventSchema("script", _SECRET, _SECRET),
    _A.SCRIPT_SECRET_REMOVED: EventSchema("script", _SECRET),
    _A.SCRIPT_HOST_BOUND: EventSchema("script", _HOST, _HOST),
    _A.SCRIPT_TITLE_CHANGED: EventSchema("script", _TITLE, _TITLE),
    _A.SCRIPT_EVALUATED: EventSchema(
        "script",
        after={
            "version": "the version that it was evaluated in",
            "kept": "whether what it wrote was kept",
            "source": "the beginning of the snippet",
        },
    ),
    _A.SCRIPT_SCHEDULE_STARTED: EventSchema(
        "script", after={"schedule": "the name of the schedule"}
    ),
    _A.SCRIPT_MESSAGES_RETRIED: EventSchema("script", after={"messages": "number of messages"}),
    _A.SCRIPT_MESSAGES_DISCARDED: EventSchema("script", after={"messages": "number of messages"}),
    _A.MCP_TOOL_CALLED: EventSchema(
        "tool",
        after={
            "arguments": "its arguments without secrets; long texts are cut",
            "dryRun": "whether the change was only tried",
        },
    ),
    _A.OTHER: EventSchema(
        "what the newer version says",
        before={"*": "what the newer version says"},
        after={"*": "what the newer version says"},
    ),
}


def undocumented(
    action: AuditAction,
    target: str,
    before: Mapping[str, object] | None,
    after: Mapping[str, object] | None,
) -> list[str]:
    """The parts of an event that its schema lacks; empty if there are none."""
    schema = EVENT_SCHEMAS[action]
    found = [] if target == schema.target else [f"{action.value}: a target {target!r}"]
    for place, keys, known in (("before", before, schema.before), ("after", after, schema.after)):
        if "*" not in known:
            found += [
                f"{action.value}: {place}.{key}" for key in sorted((keys or {}).keys() - known)
            ]
    return found
