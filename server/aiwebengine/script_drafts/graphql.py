"""GraphQL operations for drafts of scripts."""

import base64 as encoding
import binascii

import strawberry

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Scope
from aiwebengine.core.rights import needs
from aiwebengine.graphql.context import Info
from aiwebengine.script_drafts.types import DraftChange, ScriptDraft
from aiwebengine.scripts.files import must_be_few
from aiwebengine.scripts.rights import EDITORS


@strawberry.input
class ScriptDraftFileInput:
    """A file of a draft that differs from the version: text, base64, or removed.

    Attributes:
        path: path of the file.
        text: its content as text.
        base64: its content in base64, if it is not text.
        removed: true if the draft removes the file of the version.
    """

    path: str
    text: str | None = None
    base64: str | None = None
    removed: bool = False


@strawberry.input
class SaveScriptDraftInput:
    """Change of a draft.

    Attributes:
        slug: the script.
        base_version: number of the version that the files differ from, 0 before the first. A draft
          that is based on another version is replaced.
        files: files that differ from the version; others of the draft stay.
        unchanged: paths of the draft that no longer differ from the version.
        revision: the draft's revision as last read, 0 without a draft; CONFLICT when it was changed
          or discarded meanwhile. Omit to change any.
    """

    slug: str
    base_version: int
    files: list[ScriptDraftFileInput]
    unchanged: list[str] = strawberry.field(default_factory=list)
    revision: int | None = None


@strawberry.input
class DiscardScriptDraftInput:
    """Draft to discard.

    Attributes:
        slug: the script.
        revision: the draft's revision as last read; CONFLICT when it was changed meanwhile. Omit to
          discard any.
    """

    slug: str
    revision: int | None = None


@strawberry.type
class ScriptDraftPayload:
    """Result of a change of a draft.

    Attributes:
        draft: the draft after the change; null when nothing differs from the version.
    """

    draft: ScriptDraft | None


@strawberry.type
class DiscardedScriptDraft:
    """Result of discarding a draft.

    Attributes:
        changed: false when there was none.
    """

    changed: bool


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def save_script_draft(info: Info, input: SaveScriptDraftInput) -> ScriptDraftPayload:
    """Keep files that the caller has changed, for the caller only. No version is saved.

    Args:
        input: the change.
    """
    must_be_few(len(input.files) + len(input.unchanged))
    files = {file.path: _content(file) for file in input.files}
    unchanged = frozenset(input.unchanged)
    if len(files) < len(input.files) or unchanged & files.keys():
        raise BadUserInput("files: two have the same path.")
    change = DraftChange(input.base_version, files, unchanged, input.revision)
    drafts = info.context.services.script_drafts
    return ScriptDraftPayload(draft=await drafts.save(info.context.viewer, input.slug, change))


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def discard_script_draft(info: Info, input: DiscardScriptDraftInput) -> DiscardedScriptDraft:
    """Remove the caller's draft of a script.

    Args:
        input: the draft.
    """
    drafts = info.context.services.script_drafts
    changed = await drafts.discard(info.context.viewer, input.slug, input.revision)
    return DiscardedScriptDraft(changed=changed)


def _content(file: ScriptDraftFileInput) -> bytes | None:
    """The content; None if the file is removed. Raises BadUserInput."""
    if (file.text is not None) + (file.base64 is not None) + file.removed != 1:
        raise BadUserInput(f"files: {file.path[:200]!r} needs one of text, base64 and removed.")
    if file.text is not None:
        try:
            return file.text.encode()
        except UnicodeEncodeError as error:
            raise BadUserInput(
                f"files: {file.path[:200]!r} has half of a surrogate pair at {error.start}."
            ) from None
    if file.base64 is not None:
        try:
            return encoding.b64decode(file.base64, validate=True)
        except (binascii.Error, ValueError):
            raise BadUserInput(f"files: {file.path[:200]!r} is not valid base64.") from None
    return None


mutations = [save_script_draft, discard_script_draft]
