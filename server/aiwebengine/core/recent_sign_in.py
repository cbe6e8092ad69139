"""Which operations ask a browser for a recent sign-in: the only list of them.

Services ask by the member of `SensitiveAction`; the descriptions of the schema and docs/reference
are written from it, and tests/test_who_may_do_what.py compares every operation and route with it.

Left out on purpose: what only reads (the trail and the log can be read page by page as well as
downloaded), what takes nothing away and gives nobody access (a backup, its verification, a review,
a vacuum: only the command line rewrites tables under a lock), and what people do to their own
sessions, tokens and roles.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

ROLES_ROUTE = "POST /api/engine/admin/users/{user_id}/roles"


@dataclass(frozen=True)
class Asked:
    """What is done, and by which operations and routes; the condition is empty for always."""

    what: str
    by: Mapping[str, str]


class SensitiveAction(enum.Enum):
    """What a session may do only soon after its sign-in."""

    GRANT_ADMINISTRATOR = Asked(
        "Granting the role Administrator",
        {
            "Mutation.grantRole": "for the role ADMINISTRATOR",
            ROLES_ROUTE: "for the role Administrator",
        },
    )
    REVOKE_ADMINISTRATOR = Asked(
        "Revoking somebody else's role Administrator",
        {
            "Mutation.revokeRole": "for the role ADMINISTRATOR of another user",
            "Mutation.submitAccessReview": "to revoke the role ADMINISTRATOR of another user",
            ROLES_ROUTE: "for the role Administrator",
        },
    )
    INVITE_WITH_ROLE = Asked(
        "Inviting a user with a role", {"Mutation.inviteUser": "to invite with a role"}
    )
    SUSPEND_USER = Asked("Suspending a user", {"Mutation.suspendUser": ""})
    REINSTATE_USER = Asked("Reinstating a user", {"Mutation.reinstateUser": ""})
    DELETE_USER = Asked("Deleting a user", {"Mutation.deleteUser": ""})
    END_OTHERS_SESSIONS = Asked(
        "Signing out another user",
        {
            "Mutation.revokeSession": "for the session of another user",
            "Mutation.revokeAllSessions": "for another user",
        },
    )
    CREATE_TOKEN = Asked("Making an API token", {"Mutation.createApiToken": ""})
    REVOKE_OTHERS_TOKEN = Asked(
        "Revoking the API token of another user",
        {"Mutation.revokeApiToken": "for the token of another user"},
    )
    ROTATE_KEYS = Asked("Rotating signing keys", {"Mutation.rotateSecrets": ""})
    RUN_TASK = Asked("Starting a maintenance task", {"Mutation.runMaintenanceTask": ""})
    RUN_DRILL = Asked("Restoring a backup in a drill", {"Mutation.runDrill": ""})
    RESTORE_BACKUP = Asked("Restoring a backup", {"Mutation.restoreBackup": ""})
    UNDO_RESTORE = Asked("Undoing a restore", {"Mutation.undoRestore": ""})
    DELETE_BACKUP = Asked("Deleting a backup", {"Mutation.deleteBackup": ""})
    DOWNLOAD_BACKUP = Asked("Downloading a backup", {"GET /api/engine/admin/backups/{name}": ""})


def condition(operation: str) -> str | None:
    """When this operation or route asks for a recent sign-in: empty for always, None for never."""
    found = [act.value.by[operation] for act in SensitiveAction if operation in act.value.by]
    return ", or ".join(dict.fromkeys(found)) if found else None
