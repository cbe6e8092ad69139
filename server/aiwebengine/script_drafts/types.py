"""Drafts of scripts, as their authors read and change them."""

import base64 as encoding
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import strawberry

from aiwebengine.core.errors import Conflict
from aiwebengine.core.formats import instant
from aiwebengine.graphql.context import Info
from aiwebengine.scripts.fields import as_text

LARGEST_DRAFT_BYTES = 10_000_000
"""Of all files of one draft together: as much as one answer may have."""
LARGEST_DRAFTS_OF_USER_BYTES = 100_000_000
"""Of the files of all drafts of one person."""
MOST_FILES_OF_DRAFT = 1_000
MOST_DRAFTS_OF_USER = 100
"""The draft that was not changed for the longest time makes way for one more."""
KEEP_DRAFTS_DAYS = 90
"""Since the last change."""
LARGEST_ANSWER_BYTES = 10_000_000
"""Of the files of all drafts in one answer."""


@strawberry.type
class ScriptDraftFile:
    """A file of a draft that differs from the version that the draft is based on.

    Attributes:
        path: path of the file.
    """

    path: str
    content: strawberry.Private[bytes | None]

    @strawberry.field
    def is_removed(self) -> bool:
        """Whether the draft removes the file."""
        return self.content is None

    @strawberry.field
    def text(self) -> str | None:
        """Its content; null if it is removed or not text in UTF-8."""
        return None if self.content is None else as_text(self.content)

    @strawberry.field
    def base64(self) -> str | None:
        """Its content in base64 if it is not text."""
        if self.content is None or as_text(self.content) is not None:
            return None
        return encoding.b64encode(self.content).decode()


@strawberry.type
class ScriptDraft:
    """What the caller has changed in the files of a script and not saved as a version yet.

    Attributes:
        base_version: number of the version that its files differ from; 0 before the first.
        revision: another, larger number after each change.
        saved_at: when it was changed last.
    """

    script_key: strawberry.Private[UUID]
    user_id: strawberry.Private[UUID]
    base_version: int
    revision: int
    saved_at: datetime

    @strawberry.field
    async def files(self, info: Info) -> list[ScriptDraftFile]:
        """The files that differ from the version, by path."""
        return await info.context.loaders.scripts.draft_files.load((self.script_key, self.user_id))


@dataclass(frozen=True)
class DraftChange:
    """A change of a draft."""

    base_version: int
    files: Mapping[str, bytes | None]
    """Contents by path; None removes the file of the version."""
    unchanged: frozenset[str]
    """Paths that are again as in the version."""
    expected: int | None
    """The revision that the author's window has, 0 without a draft; None replaces any."""


class OutdatedDraft(Conflict):
    """The draft was changed or discarded by another window of its author."""

    def __init__(self, draft: ScriptDraft | None, expected: int) -> None:
        if draft is None:
            happened = f"Your draft with the revision {expected} was discarded in another window."
        else:
            happened = (
                f"Your draft was changed in another window at {instant(draft.saved_at)}: its"
                f" revision is {draft.revision}, expected {expected}."
            )
        super().__init__(
            f"{happened} Read it, or send the change without a revision to replace it.",
            revision=draft.revision if draft else 0,
        )
