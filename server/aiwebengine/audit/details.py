"""What an event of each action tells beside who, when and whence: on what, before and after.

Told to readers in docs/reference/audit.md. The tests compare every event that they cause.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiwebengine.audit.types import AuditAction

_A = AuditAction


@dataclass(frozen=True)
class Told:
    """The kind of the target, and what `before` and `after` may hold: key and meaning.

    The key `*` stands for keys that are data themselves.
    """

    target: str
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None


_GRANT = {"role": "the role", "expiresAt": "its end; left out when it has none"}
_STATUS = {"status": "`active`, `invited` or `suspended`"}
_NAME = {"name": "the display name"}
_ARRIVAL = {
    "provider": "the sign-in provider",
    "emailVerified": "whether it proved that the address is the user's",
}
_SESSION = {"session": "the session's id", "provider": "what it began with"}
_TOKEN = {
    "token": "the token's id",
    "name": "what it is for",
    "prefix": "its first characters",
    "scopes": "what it may be used for",
    "expiresAt": "its end, or null",
    "parent": "the id of the token that made it; left out when none did",
    "roleCeiling": "the highest role that it may use; left out when its user's roles decide",
}
_RUN = {"run": "the number of the run"}
_VERDICT = {"ok": "whether it is good", "problem": "what is wrong; left out when nothing is"}
_COUNTED = {
    "count": "how many of strangers there were since the last such event",
    "since": "when the first of them was",
}
_GIVEN = "as the caller gave it"
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

TOLD: dict[AuditAction, Told] = {
    _A.ROLE_GRANTED: Told(
        "user",
        _GRANT,
        {
            **_GRANT,
            "confirmedUnverified": "true when the address was not verified and the administrator"
            " confirmed the grant; left out otherwise",
        },
        _GIVEN,
    ),
    _A.ROLE_REVOKED: Told(
        "user",
        _GRANT,
        reason=f"{_GIVEN}; or that it was granted before the address was verified; {_RESTORED}",
    ),
    _A.ROLE_EXPIRED: Told("user", _GRANT, reason=_RESTORED),
    _A.USER_CREATED: Told("user", after=_ARRIVAL),
    _A.USER_INVITED: Told("user"),
    _A.USER_RENAMED: Told("user", _NAME, _NAME),
    _A.USER_SUSPENDED: Told("user", _STATUS, _STATUS, f"{_GIVEN}; {_RESTORED}"),
    _A.USER_REINSTATED: Told("user", _STATUS, _STATUS),
    _A.USER_DELETED: Told(
        "user", {"roles": "the roles that were held", **_STATUS}, reason=_RESTORED
    ),
    _A.IDENTITY_LINKED: Told("user", after=_ARRIVAL),
    _A.IDENTITY_REMOVED: Told(
        "user",
        {
            "provider": "the sign-in provider",
            "subject": "its own name for the person",
            "email": "the address that it gave last, or null",
        },
        {
            "sessionsEnded": "sessions of the user that ended by it",
            "tokensRevoked": "API tokens of the user that were revoked by it",
        },
        "why",
    ),
    _A.ADDRESS_VERIFIED: Told("user", after={"provider": "the sign-in provider"}),
    _A.SIGNED_IN: Told("user", after=_SESSION),
    _A.SIGN_IN_FAILED: Told(
        "provider",
        after={
            "subject": "the person's id at the provider; left out for strangers",
            "email": "the person's address there",
            **_COUNTED,
        },
        reason="why nobody was let in",
    ),
    _A.SIGNED_OUT: Told("user"),
    _A.SIGN_IN_LINK_CREATED: Told("user"),
    _A.SESSION_REVOKED: Told("user", _SESSION, reason="which limit ended it; left out otherwise"),
    _A.SESSIONS_REVOKED: Told("user", {"sessions": "how many ended"}),
    _A.TOKEN_CREATED: Told("user", after=_TOKEN),
    _A.TOKEN_REVOKED: Told(
        "user",
        _TOKEN,
        reason="for a token made by the revoked one, the name of that one; or that its user was"
        f" suspended; {_RESTORED}; left out otherwise",
    ),
    _A.TOKEN_USED_FROM_NEW_ADDRESS: Told(
        "user", after={"token": "the token's id", "address": "the new address"}
    ),
    _A.ACCESS_REFUSED: Told(
        "operation",
        after={
            "code": "the code of the refusal",
            "message": "the message that the caller got; left out for strangers",
            "limit": "present in the last event that the limit of one user allows",
            **_COUNTED,
        },
    ),
    _A.SETTING_CHANGED: Told(
        "setting",
        {"value": "the value; `(secret)` or `(not set)` for a secret"},
        {"value": "the value; `(secret)` or `(not set)` for a secret"},
    ),
    _A.MIGRATION_APPLIED: Told("migration"),
    _A.MIGRATION_ROLLED_BACK: Told("migration"),
    _A.VACUUM_RUN: Told(
        "database",
        after={
            "tables": "which tables",
            "analyze": "whether the planner's statistics were renewed",
            "full": "whether the tables were rewritten",
        },
    ),
    _A.ALERT_TEST_SENT: Told(
        "alert", after={"*": "each channel (`webhook`, `email`): `delivered`, or why it was not"}
    ),
    _A.SECRET_ROTATED: Told(
        "signing key",
        {"number": "the newest key's number until then"},
        {"number": "the new key's number"},
    ),
    _A.MAINTENANCE_TASK_STARTED: Told("task", after=_RUN),
    _A.MAINTENANCE_TASK_STOPPED: Told("task", _RUN),
    _A.MAINTENANCE_ITEM_DONE: Told(
        "maintenance item",
        {"doneAt": "when it was done last"},
        {"done": "always true"},
        "the note, as it was given",
    ),
    _A.ACCESS_REVIEW_STARTED: Told(
        "access review", after={"roles": "how many roles are to be reviewed"}, reason="the note"
    ),
    _A.ACCESS_REVIEWED: Told(
        "access review",
        after={
            "kept": "how many roles were kept",
            "revoked": "how many were taken away",
            "refused": "how many a rule kept",
            "gone": "how many were lost already",
            "open": "how many are left to decide",
        },
    ),
    _A.BACKUP_CREATED: Told(
        "backup",
        after={
            "size_bytes": "the archive's size",
            "audit_event_id": "the newest audit event in it",
        },
    ),
    _A.BACKUP_VERIFIED: Told("backup", after=_VERDICT),
    _A.BACKUP_DELETED: Told("backup", {"locations": "where copies lay: `local`, `s3`"}),
    _A.BACKUP_DOWNLOADED: Told("backup"),
    _A.BACKUP_RESTORED: Told(
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
    _A.BACKUP_RESTORE_UNDONE: Told("database", after=_REPLACED),
    _A.DRILL_RUN: Told(
        "backup",
        after={
            **_VERDICT,
            "checks": "what was asked of the restored database: `name`, `ok`, `told`",
            "seconds": "how long it took",
        },
    ),
    _A.OTHER: Told(
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
    """What an event tells and `TOLD` does not know; nothing when all is well."""
    told = TOLD[action]
    found = [] if target == told.target else [f"{action.value}: a target {target!r}"]
    for place, keys, known in (("before", before, told.before), ("after", after, told.after)):
        if "*" not in known:
            found += [
                f"{action.value}: {place}.{key}" for key in sorted((keys or {}).keys() - known)
            ]
    return found
