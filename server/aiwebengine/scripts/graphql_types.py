"""Inputs and results of the GraphQL operations that change scripts."""

import strawberry

from aiwebengine.scripts.limit_types import ScriptLimitsInput
from aiwebengine.scripts.offers import schedule_names
from aiwebengine.scripts.records import Checked, Deployed
from aiwebengine.scripts.types import Diagnostic, Script, ScriptOwner, ScriptRoute, ScriptVersion


@strawberry.input
class ScriptFileInput:
    """A file of a version, as text, in base64, or unchanged from a saved version of the script.

    Attributes:
        path: path of the file, such as `lib/text.ts`.
        text: its content as text.
        base64: its content in base64, if it is not text.
        digest: SHA-256 of a content that a saved version of the script has.
    """

    path: str
    text: str | None = None
    base64: str | None = None
    digest: str | None = None


@strawberry.input
class CreateScriptInput:
    """Script to create.

    Attributes:
        slug: its name in addresses and commands: 1 to 63 of a-z, 0-9 and -.
        title: its name for people.
    """

    slug: str
    title: str | None = None


@strawberry.input
class SaveScriptInput:
    """Files to save as the newest version.

    Attributes:
        slug: the script.
        files: all files of the version.
        entry: the file to load; by default `main.ts`, `main.tsx`, `main.js` or `main.jsx`.
        base_version: the newest version as last read, 0 before the first; CONFLICT when a newer one
          was saved meanwhile. Omit to replace any.
        message: what the version changes.
    """

    slug: str
    files: list[ScriptFileInput]
    entry: str | None = None
    base_version: int | None = None
    message: str | None = None


@strawberry.input
class CheckScriptInput:
    """Version, or files that are not saved, to load without serving them.

    Attributes:
        slug: the script; with `files` it need not exist.
        version: number of a saved version; the newest by default.
        files: files to check instead of a saved version.
        entry: the file of `files` to load.
    """

    slug: str
    version: int | None = None
    files: list[ScriptFileInput] | None = None
    entry: str | None = None


@strawberry.input
class DeployScriptInput:
    """Version to serve.

    Attributes:
        slug: the script.
        version: number of the version; the newest by default.
        expected_active_version: the active version as last read, 0 if none was; CONFLICT when
          another one is active. Omit to replace any.
    """

    slug: str
    version: int | None = None
    expected_active_version: int | None = None


@strawberry.input
class RollBackScriptInput:
    """Earlier version to serve again.

    Attributes:
        slug: the script.
        version: number of the version; by default the last one before the active one that was ever
          deployed.
        expected_active_version: the active version as last read, 0 if none was; CONFLICT when
          another one is active. Omit to replace any.
    """

    slug: str
    version: int | None = None
    expected_active_version: int | None = None


@strawberry.input
class SetScriptLimitsInput:
    """Limits to set.

    Attributes:
        slug: the script.
        limits: the limits. Only an administrator may set one above its default.
    """

    slug: str
    limits: ScriptLimitsInput


@strawberry.input
class SuspendScriptInput:
    """Script to suspend.

    Attributes:
        slug: the script.
        reason: why; at most 500 characters.
    """

    slug: str
    reason: str | None = None


@strawberry.input
class ResumeScriptInput:
    """Script to resume.

    Attributes:
        slug: the script.
    """

    slug: str


@strawberry.input
class DeleteScriptInput:
    """Script to delete.

    Attributes:
        slug: the script.
    """

    slug: str


@strawberry.input
class RestoreScriptInput:
    """Deleted script to restore.

    Attributes:
        slug: the script.
    """

    slug: str


@strawberry.input
class ScriptOwnerInput:
    """User to add to, or remove from, the owners of a script.

    Attributes:
        slug: the script.
        email: address of the user.
    """

    slug: str
    email: str


@strawberry.type
class ScriptPayload:
    """Result of a change to a script.

    Attributes:
        script: the script after the change.
    """

    script: Script


@strawberry.type
class SavedScript:
    """Result of saving a version.

    Attributes:
        script: the script after the change.
        version: the version with these files.
        changed: false when the newest version has the same files.
    """

    script: Script
    version: ScriptVersion
    changed: bool


@strawberry.type
class CheckedScript:
    """Result of loading a version without serving it.

    Attributes:
        ok: whether it can be deployed.
        routes: the routes that it would have.
        schedules: names of the schedules that it declares.
        diagnostics: all problems.
    """

    ok: bool
    routes: list[ScriptRoute]
    schedules: list[str]
    diagnostics: list[Diagnostic]

    @classmethod
    def of(cls, checked: Checked) -> "CheckedScript":
        """The result of a check."""
        return cls(
            ok=checked.is_deployable,
            routes=checked.routes,
            schedules=schedule_names(checked.registrations),
            diagnostics=checked.diagnostics,
        )


@strawberry.type
class DeployedScript:
    """Result of a deployment.

    Attributes:
        script: the script after the change.
        version: number of the version that is served.
        routes: the routes that it has.
        diagnostics: warnings.
        changed: false when the version was active before.
    """

    script: Script
    version: int
    routes: list[ScriptRoute]
    diagnostics: list[Diagnostic]
    changed: bool

    @classmethod
    def of(cls, done: Deployed) -> "DeployedScript":
        """The result of a deployment."""
        return cls(
            script=done.script,
            version=done.version,
            routes=done.routes,
            diagnostics=done.diagnostics,
            changed=done.changed,
        )


@strawberry.type
class ScriptOwnersPayload:
    """Result of a change of owners.

    Attributes:
        owners: the owners after the change.
    """

    owners: list[ScriptOwner]
