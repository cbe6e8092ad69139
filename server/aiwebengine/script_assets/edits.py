"""Changes texts within a file."""

from __future__ import annotations

from aiwebengine.core.errors import BadUserInput, Conflict
from aiwebengine.script_assets.types import LARGEST_EDITED_BYTES, Edit


def edited(change: Edit, content: bytes, digest: str) -> bytes:
    """The content after all replacements, each of which sees the result of those before.

    Raises BadUserInput, and Conflict for a text that is not found, or found more than once.
    """
    _must_be_small(change.path, len(content))
    for number, edit in enumerate(change.edits):
        place = f"edits[{number}].find"
        find = edit.find.encode("utf-8", "replace")
        if not find:
            raise BadUserInput(f"{place}: found nothing; allowed: the text to replace.")
        count = content.count(find)
        if count == 0 or (count > 1 and not edit.all):
            raise Conflict(
                f"{place}: found {count} times in {change.path}; allowed: once"
                + (", or more with all: true." if count else "."),
                path=change.path,
                hash=digest,
            )
        replacement = edit.replace.encode("utf-8", "replace")
        _must_be_small(change.path, len(content) + count * (len(replacement) - len(find)))
        content = content.replace(find, replacement)
    return content


def _must_be_small(path: str, size: int) -> None:
    if size > LARGEST_EDITED_BYTES:
        raise BadUserInput(
            f"edits: {path} has, or would have, {size:,} bytes; a file of at most"
            f" {LARGEST_EDITED_BYTES:,} can be edited. Store the whole file."
        )
