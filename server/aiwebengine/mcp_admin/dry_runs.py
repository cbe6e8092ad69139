"""Which changes can be tried: they are made in a transaction that is rolled back.

A mutation is listed here when everything that it does is in the transaction: rows, and what is
announced or cached after a commit. All others say why they can't be tried. A mutation in neither
list is refused, and tests/mcp_admin/test_dry_runs.py fails.
"""

from __future__ import annotations

ROLLED_BACK = frozenset(
    {
        "grantRole",
        "revokeRole",
        "inviteUser",
        "suspendUser",
        "reinstateUser",
        "deleteUser",
        "revokeSession",
        "revokeAllSessions",
        "createApiToken",
        "revokeApiToken",
        "startAccessReview",
        "submitAccessReview",
        "rotateSecrets",
        "createScript",
        "saveScript",
        "saveScriptDraft",
        "discardScriptDraft",
        "setScriptLimits",
        "suspendScript",
        "resumeScript",
        "deleteScript",
        "restoreScript",
        "addScriptOwner",
        "removeScriptOwner",
        "bindScriptHost",
        "setScriptPageMode",
        "setScriptTitle",
        "setScriptSecret",
        "removeScriptSecret",
        "setScriptFetchHosts",
        "grantScriptRole",
        "revokeScriptRole",
        "saveScriptRequest",
        "deleteScriptRequest",
        "retryScriptMessages",
        "discardScriptMessages",
        "setScriptValue",
        "deleteScriptValue",
    }
)

_JOB = "it starts a job with processes and files outside of the transaction."
_ROW = "the row is written on a connection of the script, outside of the transaction."
REFUSED = {
    "vacuumDatabase": "PostgreSQL vacuums outside of transactions. It changes no row.",
    "sendTestAlert": "it sends messages to people.",
    "createBackup": _JOB,
    "verifyBackup": f"{_JOB} It changes no data.",
    "deleteBackup": "it deletes a file.",
    "restoreBackup": f"{_JOB} engine_restorePreview shows what it would replace.",
    "undoRestore": f"{_JOB} engine_undoRestorePreview shows what it would undo.",
    "runDrill": f"{_JOB} It restores into a scratch database and changes no data.",
    "tickMaintenanceItem": "it looks at the engine's checks, which run outside of the transaction.",
    "runMaintenanceTask": "the task runs outside of the transaction.",
    "stopMaintenanceTask": "it stops what runs outside of the transaction.",
    "checkScript": "it changes nothing; call it as it is.",
    "checkScriptTypes": "it changes nothing; call it as it is.",
    "formatScriptFile": "it changes nothing; call it as it is.",
    "deployScript": "it starts a process. engine_checkScript tries to load it and changes nothing.",
    "rollBackScript": "it starts a process. engine_scriptDiff shows what would differ.",
    "testScript": "the tests run outside of the transaction; what they write is undone anyway.",
    "evaluateScript": "the snippet runs outside of the transaction; without keep it is undone.",
    "replayScriptInvocation": "the script's code runs outside of the transaction.",
    "runScriptSchedule": "the script's code runs outside of the transaction.",
    "updateScriptRow": _ROW,
    "insertScriptRow": _ROW,
    "deleteScriptRow": _ROW,
    "runScript": "the script's code runs outside of the transaction.",
}
"""Why a mutation can't be tried."""

UNKNOWN = "it is not known whether all that it does could be rolled back."


def refusal(mutation: str) -> str | None:
    """Why this mutation can't be tried; None if it can."""
    if mutation in ROLLED_BACK:
        return None
    return REFUSED.get(mutation, UNKNOWN)
