"""GraphQL operations that change scripts."""

import asyncio
from collections.abc import Mapping

import strawberry

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Role, Scope
from aiwebengine.core.rights import needs
from aiwebengine.graphql.context import Info
from aiwebengine.scripts import archives
from aiwebengine.scripts.files import must_be_few, tree_of
from aiwebengine.scripts.graphql_run import run_script
from aiwebengine.scripts.graphql_types import (
    CheckedScript,
    CheckScriptInput,
    CreateScriptInput,
    DeleteScriptInput,
    DeployedScript,
    DeployScriptInput,
    RestoreScriptInput,
    ResumeScriptInput,
    RollBackScriptInput,
    SavedScript,
    SaveScriptInput,
    ScriptFileInput,
    ScriptOwnerInput,
    ScriptOwnersPayload,
    ScriptPayload,
    SetScriptLimitsInput,
    SuspendScriptInput,
)
from aiwebengine.scripts.records import Tree
from aiwebengine.scripts.rights import EDITORS, Act, must_be_allowed


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def create_script(info: Info, input: CreateScriptInput) -> ScriptPayload:
    """Create a script, which the caller owns.

    Args:
        input: the script.
    """
    scripts = info.context.services.scripts
    return ScriptPayload(script=await scripts.create(info.context.viewer, input.slug, input.title))


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def save_script(info: Info, input: SaveScriptInput) -> SavedScript:
    """Save files as the newest version, without loading or serving it.

    Args:
        input: the files.
    """
    must_be_allowed(info.context.viewer, Act.CHANGE)
    saved = await info.context.services.scripts.save(
        info.context.viewer,
        input.slug,
        await tree_of_script(info, input.slug, input.files, input.entry),
        base_version=input.base_version,
        message=input.message,
    )
    return SavedScript(script=saved.script, version=saved.version, changed=saved.changed)


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def check_script(info: Info, input: CheckScriptInput) -> CheckedScript:
    """Load a version, or files that are not saved, without serving them.

    Args:
        input: what to load.
    """
    viewer, scripts = info.context.viewer, info.context.services.scripts
    must_be_allowed(viewer, Act.DEPLOY)
    if input.files is None:
        return CheckedScript.of(await scripts.check(viewer, input.slug, input.version))
    tree = await tree_of_script(info, input.slug, input.files, input.entry)
    return CheckedScript.of(await scripts.check_files(viewer, input.slug, tree))


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def deploy_script(info: Info, input: DeployScriptInput) -> DeployedScript:
    """Serve a version. If it does not load, nothing changes.

    Args:
        input: the version.
    """
    scripts = info.context.services.scripts
    return DeployedScript.of(
        await scripts.deploy(
            info.context.viewer, input.slug, input.version, input.expected_active_version
        )
    )


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def roll_back_script(info: Info, input: RollBackScriptInput) -> DeployedScript:
    """Serve an earlier version again.

    Args:
        input: the version.
    """
    scripts = info.context.services.scripts
    return DeployedScript.of(
        await scripts.roll_back(
            info.context.viewer, input.slug, input.version, input.expected_active_version
        )
    )


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def set_script_limits(info: Info, input: SetScriptLimitsInput) -> ScriptPayload:
    """Set limits of a script.

    Args:
        input: the limits.
    """
    scripts = info.context.services.scripts
    return ScriptPayload(
        script=await scripts.set_limits(info.context.viewer, input.slug, input.limits.given())
    )


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.SCRIPTS_WRITE)
async def suspend_script(info: Info, input: SuspendScriptInput) -> ScriptPayload:
    """Refuse the requests of a script until it is resumed.

    Args:
        input: the script.
    """
    scripts = info.context.services.scripts
    return ScriptPayload(
        script=await scripts.suspend(info.context.viewer, input.slug, input.reason)
    )


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.SCRIPTS_WRITE)
async def resume_script(info: Info, input: ResumeScriptInput) -> ScriptPayload:
    """Serve a suspended script again.

    Args:
        input: the script.
    """
    scripts = info.context.services.scripts
    return ScriptPayload(script=await scripts.resume(info.context.viewer, input.slug))


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def delete_script(info: Info, input: DeleteScriptInput) -> ScriptPayload:
    """Stop serving a script and free its routes. It can be restored for 30 days.

    Args:
        input: the script.
    """
    scripts = info.context.services.scripts
    return ScriptPayload(script=await scripts.delete(info.context.viewer, input.slug))


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def restore_script(info: Info, input: RestoreScriptInput) -> ScriptPayload:
    """Restore a deleted script. Nothing of it is served until a version is deployed.

    Args:
        input: the script.
    """
    scripts = info.context.services.scripts
    return ScriptPayload(script=await scripts.restore(info.context.viewer, input.slug))


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def add_script_owner(info: Info, input: ScriptOwnerInput) -> ScriptOwnersPayload:
    """Add an owner, who must be an editor or administrator.

    Args:
        input: the script and the user.
    """
    scripts = info.context.services.scripts
    return ScriptOwnersPayload(
        owners=await scripts.add_owner(info.context.viewer, input.slug, input.email)
    )


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def remove_script_owner(info: Info, input: ScriptOwnerInput) -> ScriptOwnersPayload:
    """Remove an owner. CONFLICT for the last one.

    Args:
        input: the script and the user.
    """
    scripts = info.context.services.scripts
    return ScriptOwnersPayload(
        owners=await scripts.remove_owner(info.context.viewer, input.slug, input.email)
    )


async def tree_of_script(
    info: Info, slug: str, files: list[ScriptFileInput], entry: str | None
) -> Tree:
    """The checked files, of which some are as in a saved version. Raises BadUserInput."""
    must_be_few(len(files))
    digests = {file.path: file.digest for file in files if file.digest is not None}
    stored = await info.context.services.scripts.stored_files(info.context.viewer, slug, digests)
    return await tree_from(files, entry, stored)


async def tree_from(
    files: list[ScriptFileInput], entry: str | None, stored: Mapping[str, bytes] | None = None
) -> Tree:
    """The checked files; *stored* has the content of those that have only a digest.

    Raises BadUserInput.
    """
    must_be_few(len(files))
    if len({file.path for file in files}) < len(files):
        raise BadUserInput("files: two files have the same path.")
    kept = stored or {}
    given = {file.path: _content(file) for file in files if not _is_stored(file, kept)}
    found = await asyncio.to_thread(archives.from_json, given)
    return await asyncio.to_thread(tree_of, found | dict(kept), entry)


def _is_stored(file: ScriptFileInput, stored: Mapping[str, bytes]) -> bool:
    return file.path in stored and file.text is None and file.base64 is None


def _content(file: ScriptFileInput) -> str | dict[str, str]:
    if file.digest is None and file.text is not None and file.base64 is None:
        return file.text
    if file.digest is None and file.base64 is not None and file.text is None:
        return {"base64": file.base64}
    raise BadUserInput(f"files: {file.path[:200]!r} needs one of text, base64 and digest.")


mutations = [
    create_script,
    save_script,
    check_script,
    deploy_script,
    run_script,
    roll_back_script,
    set_script_limits,
    suspend_script,
    resume_script,
    delete_script,
    restore_script,
    add_script_owner,
    remove_script_owner,
]
