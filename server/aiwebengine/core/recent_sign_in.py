"""Actions that need a recent sign-in, with their names in error messages.

Each operation and route declares whether it needs one (`core/rights.py`).
"""

from __future__ import annotations

import enum


class SensitiveAction(enum.Enum):
    """An action that needs a recent sign-in of the session."""

    GRANT_ADMINISTRATOR = "Granting the role Administrator"
    REVOKE_ADMINISTRATOR = "Revoking the role Administrator of another user"
    INVITE_WITH_ROLE = "Inviting a user with a role"
    SUSPEND_USER = "Suspending a user"
    REINSTATE_USER = "Reinstating a user"
    DELETE_USER = "Deleting a user"
    END_OTHERS_SESSIONS = "Signing out another user"
    CREATE_TOKEN = "Creating an API token"  # noqa: S105 - an action, not a secret
    REVOKE_OTHERS_TOKEN = "Revoking the API token of another user"  # noqa: S105 - as above
    CONNECT_PROGRAM = "Connecting a program"
    ROTATE_KEYS = "Rotating signing keys"
    RUN_TASK = "Starting a maintenance task"
    RUN_DRILL = "Restoring a backup in a drill"
    RESTORE_BACKUP = "Restoring a backup"
    UNDO_RESTORE = "Undoing a restore"
    DELETE_BACKUP = "Deleting a backup"
    DOWNLOAD_BACKUP = "Downloading a backup"
