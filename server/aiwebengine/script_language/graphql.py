"""GraphQL operations about source text."""

import strawberry

from aiwebengine.core.identity import Scope
from aiwebengine.core.rights import needs
from aiwebengine.graphql.context import Info
from aiwebengine.script_language.types import FormattedFile, ScriptTypeCheck
from aiwebengine.scripts.graphql_changes import tree_of_script
from aiwebengine.scripts.graphql_types import ScriptFileInput
from aiwebengine.scripts.rights import EDITORS, Act, must_be_allowed


@strawberry.input
class CheckScriptTypesInput:
    """Version, or files that are not saved, whose types to check.

    Attributes:
        slug: the script.
        version: number of a saved version; the newest by default.
        files: files to check instead of a saved version.
        entry: the entry file of `files`.
    """

    slug: str
    version: int | None = None
    files: list[ScriptFileInput] | None = None
    entry: str | None = None


@strawberry.input
class FormatScriptFileInput:
    """File to format.

    Attributes:
        path: its path, which says its language: ts, tsx, mts, js, jsx, mjs, json, jsonc, css, html
          or md.
        text: its text, at most 1 MB.
    """

    path: str
    text: str


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def check_script_types(info: Info, input: CheckScriptTypesInput) -> ScriptTypeCheck:
    """Check the types of a script. Nothing of it runs, and nothing changes.

    Args:
        input: what to check.
    """
    viewer, language = info.context.viewer, info.context.services.script_language
    must_be_allowed(viewer, Act.CHANGE)
    tree = (
        None
        if input.files is None
        else await tree_of_script(info, input.slug, input.files, input.entry)
    )
    return await language.check_types(viewer, input.slug, version=input.version, tree=tree)


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def format_script_file(info: Info, input: FormatScriptFileInput) -> FormattedFile:
    """Format the text of a file. Nothing is saved.

    Args:
        input: the file.
    """
    language = info.context.services.script_language
    return await language.format(info.context.viewer, input.path, input.text)


mutations = [check_script_types, format_script_file]
